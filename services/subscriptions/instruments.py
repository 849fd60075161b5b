"""Operational metrics of webhook subscriptions. Every name is here; labels come from bounded sets."""

from prometheus_client import CollectorRegistry, Counter, Histogram

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class WebhookInstruments:
    """The metrics of webhook calls. `answer` is the class of the HTTP status, such as `2xx`, or `none`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.calls = Counter("pasokh_webhook_calls_total", "Webhooks posted.", ["answer"], registry=registry)
        self.duration = Histogram("pasokh_webhook_call_seconds", "One webhook.", registry=registry, buckets=SECONDS)
