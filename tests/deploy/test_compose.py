"""docker-compose.yml, by its schema and by what it must never say."""

import json
import os
import re
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
import yaml

from services.cli.env import VARIABLE
from services.composition import SERVICES
from services.platform.core.settings import Settings
from tests.live.topology import COMPOSE, Topology, compose
from tests.live_servers import mongo
from tests.live_servers.jars import kafka_version

ROOT = COMPOSE.parent
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
EXAMPLE = dict(VARIABLE.findall((ROOT / ".env.example").read_text()))
FILLED = {name: value or "0" * 64 for name, value in EXAMPLE.items()}
USED = re.compile(r"\$\{([A-Z_]+)(:[-?])?([^}]*)\}")
WHOLE = compose(FILLED)["services"]
OURS = {name: one for name, one in WHOLE.items() if one["image"].startswith("pasokh:")}


def test_it_is_what_the_compose_specification_allows() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_service_of_the_code_runs_and_no_other() -> None:
    assert {name: one["command"] for name, one in OURS.items()} == {name: ["serve", name] for name in SERVICES}
    assert Topology.count(OURS["router"]) == 2


def test_every_setting_that_it_names_exists() -> None:
    known = {f"PASOKH_{name.upper()}" for name in Settings.model_fields}
    assert {name for one in OURS.values() for name in one["environment"]} <= known


@pytest.mark.parametrize("name", WHOLE)
def test_everything_is_pinned_checked_and_started_again(name: str) -> None:
    service = WHOLE[name]
    assert re.search(r":v?\d+\.\d+", service["image"]), service["image"]
    assert service["restart"] == "unless-stopped"
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["healthcheck"]["test"]


@pytest.mark.parametrize("name", [*OURS, "proxy", "prometheus", "alertmanager", "grafana"])
def test_what_needs_no_rights_and_no_writable_root_has_none(name: str) -> None:
    assert WHOLE[name]["read_only"] is True
    assert WHOLE[name]["cap_drop"] == ["ALL"]


def test_without_secrets_of_ones_own_nothing_starts() -> None:
    with pytest.raises(KeyError, match="pasokh env"):
        compose({})
    needed = {name for name, how, _ in USED.findall(COMPOSE.read_text()) if how == ":?"}
    assert needed == {name for name, value in EXAMPLE.items() if not value}


def test_the_example_names_every_variable_and_the_same_defaults() -> None:
    defaults = {name: rest for name, how, rest in USED.findall(COMPOSE.read_text()) if how == ":-"}
    # Not the images: a version in .env would stay there when the compose file has a newer one.
    defaults = {name: rest for name, rest in defaults.items() if not name.endswith("_IMAGE")}
    assert defaults == {name: value for name, value in EXAMPLE.items() if value}


def test_only_this_machine_can_reach_it_until_told_otherwise() -> None:
    ports = {name: one["ports"] for name, one in WHOLE.items() if "ports" in one}
    assert set(ports) == {"proxy", "prometheus", "grafana"}
    assert all(port.startswith("127.0.0.1:") for published in ports.values() for port in published)


def test_kafka_and_mongodb_are_reached_by_the_services_alone() -> None:
    within = {name: set(one["networks"]) for name, one in WHOLE.items()}
    assert within["kafka"] == within["mongo"] == {"data"}
    assert {name for name, networks in within.items() if "data" in networks} == {*OURS, "kafka", "mongo"}
    networks = compose(FILLED)["networks"]
    assert all(networks[name]["internal"] for name in ("data", "front", "watching"))


def test_the_proxy_alone_is_believed_about_its_clients_and_has_one_address() -> None:
    address = WHOLE["proxy"]["networks"]["front"]["ipv4_address"]
    for one in OURS.values():
        assert json.loads(one["environment"]["PASOKH_TRUSTED_PROXIES"]) == [address]
        # Any other network in common would give it a second one.
        assert set(one["networks"]) & set(WHOLE["proxy"]["networks"]) == {"front"}
    subnet = compose(FILLED)["networks"]["front"]["ipam"]["config"][0]["subnet"]
    assert ip_address(address) in ip_network(subnet)


def test_no_password_stands_on_a_command_line() -> None:
    secrets = {value for name, value in FILLED.items() if not EXAMPLE[name]}
    lines = [line for one in WHOLE.values() for line in (one.get("command"), one.get("entrypoint"), one["healthcheck"])]
    assert not [line for line in lines for secret in secrets if secret in str(line)]
    assert not [line for line in lines if "password" in str(line).lower()]


def test_the_services_are_no_root_of_mongodb_and_prove_themselves_to_kafka() -> None:
    for one in OURS.values():
        environment = one["environment"]
        assert environment["PASOKH_STORE"].startswith("mongodb://application:")
        assert "authSource=pasokh" in environment["PASOKH_STORE"]
        assert environment["PASOKH_KAFKA_USERNAME"] == "pasokh"
    mongo = WHOLE["mongo"]["environment"]
    assert mongo["PASOKH_MONGO_USER"] != mongo["MONGO_INITDB_ROOT_USERNAME"]
    assert 'role: "readWrite", db: "pasokh"' in (ROOT / "deploy" / "mongo" / "ready.js").read_text()
    listeners = WHOLE["kafka"]["environment"]["KAFKA_LISTENERS"].split(",")
    plain = [one for one in listeners if not one.startswith("CLIENTS://")]
    assert all("://127.0.0.1:" in one for one in plain)


@pytest.mark.parametrize("name", WHOLE)
def test_nothing_takes_all_of_the_machine(name: str) -> None:
    assert re.fullmatch(r"\d+[mg]", WHOLE[name]["mem_limit"])
    assert float(WHOLE[name]["cpus"]) <= 2
    assert int(WHOLE[name]["pids_limit"]) <= 512


@pytest.mark.parametrize("taken", [True, False])
def test_images_are_pinned_by_digest_and_the_rest_of_the_settings_stays(tmp_path: Path, taken: bool) -> None:
    docker, into = tmp_path / "docker", tmp_path / "env"
    says = f"echo docker.io/library/x@sha256:{'a' * 64}" if taken else "true"
    docker.write_text(f"#!/bin/sh\ncase $1 in image) {says} ;; esac\n")
    docker.chmod(0o755)
    into.write_text("SECRET=stays\nMONGO_IMAGE=mongo:1@sha256:old\n")
    command = [str(ROOT / "deploy" / "pin"), str(into)]
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": path})
    written = dict(VARIABLE.findall(into.read_text()))
    if not taken:
        assert done.returncode != 0
        assert written["MONGO_IMAGE"] == "mongo:1@sha256:old"
        return
    assert done.returncode == 0, done.stderr
    assert written.pop("SECRET") == "stays"
    assert written == {
        name: f"{rest}@sha256:{'a' * 64}" for name, _, rest in USED.findall(COMPOSE.read_text()) if "_IMAGE" in name
    }
    assert compose({**FILLED, **written})["services"]["mongo"]["image"] == written["MONGO_IMAGE"]


def test_servers_are_those_that_the_tests_were_run_with() -> None:
    assert WHOLE["mongo"]["image"] == mongo.IMAGE
    assert WHOLE["kafka"]["image"] == f"apache/kafka:{kafka_version()}"


def test_every_path_that_is_mounted_exists() -> None:
    mounts = [mount.split(":")[0] for one in WHOLE.values() for mount in one.get("volumes", ())]
    assert [mount for mount in mounts if mount.startswith(".") and not (ROOT / mount).is_dir()] == []


# -- the image ---------------------------------------------------------------------------------------------------------


def test_the_image_is_pinned_and_nobody_in_it_is_root() -> None:
    text = DOCKERFILE.read_text()
    assert all(re.search(r":\d+\.\d+\.\d+", base) for base in re.findall(r"^FROM (\S+)", text, re.MULTILINE))
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["10001:10001"]
    assert "/readyz" in text
    uv = re.search(r"UV_VERSION := (\S+)", (ROOT / "Makefile").read_text())
    assert uv is not None
    assert f"uv=={uv[1]}" in text


def test_what_the_image_is_made_of_exists_and_is_sent_to_the_builder() -> None:
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE.read_text(), re.MULTILINE)
        for source in line.split()[:-1]
    ]
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(copied) == sent
    assert all((ROOT / source).exists() for source in copied)


def test_its_health_check_is_that_of_the_compose_file() -> None:
    check = OURS["sla"]["healthcheck"]["test"]
    assert f'CMD ["python", "-c", "{check[-1]}"]' in DOCKERFILE.read_text()


def test_grafana_looks_where_prometheus_is() -> None:
    place = ROOT / "deploy" / "grafana" / "provisioning" / "datasources" / "prometheus.yaml"
    [source] = yaml.safe_load(place.read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert Path(WHOLE["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]).name == "overview.json"
