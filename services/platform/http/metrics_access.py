"""Decides who reads which metrics: series with a workspace label need a token or a trusted network."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.requests import Request

from services.platform.core.settings import Settings
from services.platform.http.open_connections import trusted_by

WORKSPACE = "workspace"
LEFT_OUT = (
    b"# Series of workspaces are left out: ask with the bearer PASOKH_METRICS_TOKEN, or see PASOKH_METRICS_NETWORKS.\n"
)


@dataclass(frozen=True, slots=True)
class _WithoutWorkspaces(Collector):
    """The metrics of a registry without a workspace label."""

    registry: CollectorRegistry

    def collect(self) -> Iterable[Metric]:
        return (metric for metric in self.registry.collect() if not _names_workspaces(metric))


def _names_workspaces(metric: Metric) -> bool:
    return any(WORKSPACE in sample.labels for sample in metric.samples)


class Exposition:
    """The text of `/metrics`."""

    def __init__(self, registry: CollectorRegistry, settings: Settings) -> None:
        self._registry = registry
        self._is_trusted = trusted_by(settings.metrics_networks)
        self._keys = [
            key.get_secret_value().encode() for key in (settings.metrics_token, settings.admin_key) if key is not None
        ]

    def text(self, request: Request) -> bytes:
        """All metrics for callers with the token or in a trusted network; for others the metrics without a workspace
        label.
        """
        if self._may_see_all(request):
            return generate_latest(self._registry)
        # A registry of its own for the request, because `generate_latest` takes a registry and cannot filter.
        public = CollectorRegistry(auto_describe=False)
        public.register(_WithoutWorkspaces(self._registry))
        return LEFT_OUT + generate_latest(public)

    def _may_see_all(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and any(hmac.compare_digest(given.strip().encode(), key) for key in self._keys):
            return True
        # A proxy on this machine has a trusted address, but its clients come from elsewhere.
        is_forwarded = any(name in request.headers for name in ("x-forwarded-for", "forwarded"))
        return request.client is not None and not is_forwarded and self._is_trusted(request.client.host)
