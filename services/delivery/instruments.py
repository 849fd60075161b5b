"""Operational metrics of delivery. Every name is here; labels come from bounded sets."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.records.accounts import AccountCheck

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


class AccountInstruments:
    """Account health: 1 when `state` is `ok`, else 0, for at most `MAX_SHOWN` accounts; unhealthy ones come first."""

    MAX_SHOWN = 2_000

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["workspace", "channel", "account", "state"]
        self.healthy = Gauge("pasokh_account_healthy", "Whether an account is well.", labels, registry=registry)

    def show(self, checks: Sequence[AccountCheck]) -> None:
        """Replace the series by those of these accounts."""
        self.healthy.clear()
        for shown in sorted(checks, key=lambda check: check.is_well)[: self.MAX_SHOWN]:
            self.healthy.labels(shown.workspace, shown.channel, shown.account, shown.state).set(shown.is_well)
