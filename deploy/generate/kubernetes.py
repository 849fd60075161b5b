"""The manifests of the services: the same processes as in compose, scaled by how far their groups are behind."""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from deploy.generate.proxy import PORT
from services.platform.bus.kafka.topics import topic_name
from services.platform.http.service import ServiceComponents

# Any: manifests are YAML without a schema of ours.
Manifest = dict[str, Any]
IMAGE = "pasokh:0.1.0"
USER = 10001
NAMESPACE = "pasokh"
"""`PASOKH_NAMESPACE`, by its default."""
MAX_REPLICAS = 6
LAG_PER_REPLICA = 500
HEADER = "# Made by `python -m deploy.generate`: not to be edited. Change it in an overlay.\n"


def manifests(process: str, parts: Sequence[ServiceComponents]) -> str:
    """Everything of one process."""
    documents = (_deployment(process), _service(process), _budget(process), _scaling(process, parts))
    text: str = yaml.safe_dump_all(documents, sort_keys=False, width=120)
    return HEADER + text


def labels(process: str) -> dict[str, str]:
    """What selects the pods of a process."""
    return {"app.kubernetes.io/name": "pasokh", "app.kubernetes.io/component": process}


def _named(kind: str, version: str, process: str, spec: Manifest) -> Manifest:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": process, "labels": labels(process)}, "spec": spec}


def _deployment(process: str) -> Manifest:
    annotations = {"prometheus.io/scrape": "true", "prometheus.io/port": str(PORT)}
    pod = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 20,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": labels(process)},
            }
        ],
        "containers": [_container(process)],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
    }
    # No number of replicas: that is what scales it.
    spec = {
        "selector": {"matchLabels": labels(process)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": {"metadata": {"labels": labels(process), "annotations": annotations}, "spec": pod},
    }
    return _named("Deployment", "apps/v1", process, spec)


def _container(process: str) -> Manifest:
    return {
        "name": process,
        "image": IMAGE,
        "args": ["serve", process],
        "ports": [{"name": "http", "containerPort": PORT}],
        "env": list(_environment()),
        "startupProbe": _probe("/livez", failureThreshold=60, periodSeconds=1),
        "livenessProbe": _probe("/livez", failureThreshold=3, periodSeconds=10),
        "readinessProbe": _probe("/readyz", failureThreshold=2, periodSeconds=5),
        "resources": {"requests": {"cpu": "250m", "memory": "192Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - of the container, and its own
    }


def _environment() -> Iterator[Manifest]:
    yield {"name": "PASOKH_HOST", "value": "0.0.0.0"}  # noqa: S104 - of the pod
    yield {"name": "PASOKH_PORT", "value": str(PORT)}
    settings, secret = {"name": "pasokh-settings"}, {"name": "pasokh-secrets"}
    yield {"name": "KAFKA_SERVERS", "valueFrom": {"configMapKeyRef": {**settings, "key": "KAFKA_SERVERS"}}}
    yield {"name": "PASOKH_BUS", "value": "kafka://$(KAFKA_SERVERS)"}
    # The proxy says who its client is: the installation says which addresses proxies have.
    for name in ("PASOKH_PUBLIC_URL", "PASOKH_TRUSTED_PROXIES"):
        yield {"name": name, "valueFrom": {"configMapKeyRef": {**settings, "key": name}}}
    # Prometheus sees the series of all workspaces; what comes by a proxy does not, for it says whom it comes for.
    yield {"name": "PASOKH_METRICS_NETWORKS", "value": '["*"]'}
    for name in ("PASOKH_STORE", "PASOKH_ADMIN_KEY"):
        yield {"name": name, "valueFrom": {"secretKeyRef": {**secret, "key": name}}}
    # A Kafka may ask for no user.
    for name in ("PASOKH_KAFKA_USERNAME", "PASOKH_KAFKA_PASSWORD"):
        yield {"name": name, "valueFrom": {"secretKeyRef": {**secret, "key": name, "optional": True}}}


def _probe(path: str, **how: int) -> Manifest:
    return {"httpGet": {"path": path, "port": "http"}, "timeoutSeconds": 3, **how}


def _service(process: str) -> Manifest:
    spec = {"selector": labels(process), "ports": [{"name": "http", "port": PORT, "targetPort": "http"}]}
    return _named("Service", "v1", process, spec)


def _budget(process: str) -> Manifest:
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": labels(process)}}
    return _named("PodDisruptionBudget", "policy/v1", process, spec)


def _scaling(process: str, parts: Sequence[ServiceComponents]) -> Manifest:
    triggers = [
        _lag(processor.group, topic) for part in parts for processor in part.processors for topic in processor.topics
    ]
    busy = {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "70"}}
    spec = {
        "scaleTargetRef": {"name": process},
        "minReplicaCount": 2,
        "maxReplicaCount": MAX_REPLICAS,
        "cooldownPeriod": 300,
        "triggers": triggers or [busy],
    }
    return _named("ScaledObject", "keda.sh/v1alpha1", process, spec)


def _lag(group: str, topic: str) -> Manifest:
    metadata = {
        "bootstrapServersFromEnv": "KAFKA_SERVERS",
        "consumerGroup": f"{NAMESPACE}.{group}",
        "topic": topic_name(NAMESPACE, topic),
        "lagThreshold": str(LAG_PER_REPLICA),
        "offsetResetPolicy": "earliest",
    }
    return {"type": "kafka", "metadata": metadata}
