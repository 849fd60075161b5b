"""The manifests, by the schemas of Kubernetes and by what one says of another."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from schemas.topics import TOPICS
from services.cli.env import VARIABLE
from services.composition import GROUP_TOPICS, SERVICES
from services.platform.core.settings import Settings

BASE = Path(__file__).parents[2] / "deploy" / "kubernetes" / "base"
OVERLAY = BASE.parent / "overlays" / "production"
OWN_KINDS = ("ScaledObject", "Kustomization")
"""Not of Kubernetes itself."""


# Any: manifests.
@cache
def manifests(folder: Path) -> Sequence[dict[str, Any]]:
    return [one for path in sorted(folder.glob("*.yaml")) for one in yaml.safe_load_all(path.read_text())]


def found(kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in manifests(BASE) if one["kind"] == kind}


EVERY = [one for folder in (BASE, OVERLAY) for one in manifests(folder) if one["kind"] not in OWN_KINDS]


@pytest.mark.parametrize("manifest", EVERY, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_every_manifest_is_what_its_schema_allows(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("folder", [BASE, OVERLAY], ids=["base", "production"])
def test_a_kustomization_names_every_file_beside_it_and_no_other(folder: Path) -> None:
    itself = yaml.safe_load((folder / "kustomization.yaml").read_text())
    beside = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert {one for one in itself["resources"] if one.endswith(".yaml")} == beside
    assert all((folder / one).exists() for one in itself["resources"])
    generated = [file for one in itself["configMapGenerator"] for file in one.get("files", ())]
    assert all((folder / file).is_file() for file in generated)


def test_every_service_of_the_code_is_deployed_reached_kept_up_and_scaled() -> None:
    everything = {*SERVICES, "proxy"}
    assert set(found("Deployment")) == set(found("Service")) == set(found("PodDisruptionBudget")) == everything
    assert set(found("ScaledObject")) == set(SERVICES)
    for name in SERVICES:
        [container] = found("Deployment")[name]["spec"]["template"]["spec"]["containers"]
        assert container["args"] == ["serve", name]


@pytest.mark.parametrize("name", [*SERVICES, "proxy"])
def test_selectors_find_the_pods_and_ports_the_containers(name: str) -> None:
    deployment = found("Deployment")[name]["spec"]
    pods = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"] == pods
    assert found("Service")[name]["spec"]["selector"] == pods
    assert found("PodDisruptionBudget")[name]["spec"]["selector"]["matchLabels"] == pods
    [container] = deployment["template"]["spec"]["containers"]
    assert {port["targetPort"] for port in found("Service")[name]["spec"]["ports"]} == {
        port["name"] for port in container["ports"]
    }


@pytest.mark.parametrize("name", [*SERVICES, "proxy"])
def test_nothing_runs_as_root_writes_its_root_or_has_rights(name: str) -> None:
    pod = found("Deployment")[name]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {probe for probe in container if probe.endswith("Probe")} == {
        "startupProbe",
        "livenessProbe",
        "readinessProbe",
    }


def test_settings_exist_and_come_from_what_the_overlay_makes() -> None:
    [container] = found("Deployment")["router"]["spec"]["template"]["spec"]["containers"]
    known = {f"PASOKH_{name.upper()}" for name in Settings.model_fields}
    assert {one["name"] for one in container["env"]} - known == {"KAFKA_SERVERS"}
    overlay = yaml.safe_load((OVERLAY / "kustomization.yaml").read_text())
    literals = {one.partition("=")[0] for one in overlay["configMapGenerator"][0]["literals"]}
    secrets = {name for name, _ in VARIABLE.findall((OVERLAY / "secrets.env.example").read_text())}
    asked = [one["valueFrom"] for one in container["env"] if "valueFrom" in one]
    assert {one["configMapKeyRef"]["key"] for one in asked if "configMapKeyRef" in one} == literals
    assert literals >= {"PASOKH_TRUSTED_PROXIES"}
    assert {one["secretKeyRef"]["key"] for one in asked if "secretKeyRef" in one} == secrets


def reached_from(pods: dict[str, str]) -> list[dict[str, Any]]:
    """The `from` of every policy that selects pods of these labels."""
    found = []
    for policy in found_policies():
        selector = policy["spec"]["podSelector"]
        named = selector.get("matchLabels", {}).items() <= pods.items()
        among = all(pods.get(one["key"]) in one["values"] for one in selector.get("matchExpressions", ()))
        if named and among:
            found += [one for rule in policy["spec"].get("ingress", ()) for one in rule["from"]]
    return found


def found_policies() -> list[dict[str, Any]]:
    return list(found("NetworkPolicy").values())


@pytest.mark.parametrize("name", [*SERVICES, "proxy"])
def test_nobody_reaches_a_pod_but_who_has_to(name: str) -> None:
    pods = found("Deployment")[name]["spec"]["template"]["metadata"]["labels"]
    proxy = found("Deployment")["proxy"]["spec"]["template"]["metadata"]["labels"]
    assert any(p["spec"]["podSelector"]["matchLabels"].items() <= pods.items() for p in found_policies())
    inside = [one["podSelector"]["matchLabels"] for one in reached_from(pods) if "podSelector" in one]
    outside = [one["namespaceSelector"]["matchLabels"] for one in reached_from(pods) if "namespaceSelector" in one]
    assert inside == ([] if name == "proxy" else [proxy])
    assert outside == [{"kubernetes.io/metadata.name": "ingress-nginx" if name == "proxy" else "monitoring"}]


def test_the_client_is_who_the_ingress_controller_says() -> None:
    trusted = (BASE / "proxy" / "trusted.conf").read_text()
    assert "real_ip_header X-Forwarded-For;" in trusted
    assert "set_real_ip_from 0.0.0.0/0" not in trusted
    assert "include trusted.conf;" in (BASE / "proxy" / "nginx.conf").read_text()


def test_every_group_is_scaled_by_the_lag_on_every_topic_that_it_reads() -> None:
    triggers = [one for scaled in found("ScaledObject").values() for one in scaled["spec"]["triggers"]]
    asked = {(t["metadata"]["consumerGroup"], t["metadata"]["topic"]) for t in triggers if t["type"] == "kafka"}
    assert asked == {(f"pasokh.{g}", f"pasokh.{topic}.v1") for g, topics in GROUP_TOPICS.items() for topic in topics}
    assert {topic for topics in GROUP_TOPICS.values() for topic in topics} <= {topic.name for topic in TOPICS}


@pytest.mark.parametrize("name", SERVICES)
def test_there_are_always_two_and_never_more_than_have_work(name: str) -> None:
    spec = found("ScaledObject")[name]["spec"]
    assert spec["scaleTargetRef"] == {"name": name}
    assert 2 <= spec["minReplicaCount"] < spec["maxReplicaCount"] <= 24
    # What scales it and a number in the manifest would fight.
    assert "replicas" not in found("Deployment")[name]["spec"]
