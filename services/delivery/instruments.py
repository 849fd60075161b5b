"""Operational metrics of delivery. Every name is here; labels come from bounded sets."""

from prometheus_client import CollectorRegistry, Counter, Histogram

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class DeliveryInstruments:
    """The sender's metrics by channel. `result` is a `ResultKind` of `services.delivery.domain.outcomes`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.attempts = Counter(
            "pasokh_delivery_attempts_total", "Attempts to send.", ["channel", "result"], registry=registry
        )
        self.duration = Histogram(
            "pasokh_delivery_attempt_seconds", "One attempt.", ["channel"], registry=registry, buckets=SECONDS
        )
