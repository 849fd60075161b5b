"""Operational metrics of the collector. Every name is here; labels come from bounded sets."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.records.accounts import AccountCheck

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40)


class CollectorInstruments:
    """Polls and token refreshes by channel. `result` is the `kind` of a `PollOutcome` or `RefreshOutcome`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.polls = Counter("pasokh_collector_polls_total", "Polls.", ["channel", "result"], registry=registry)
        self.poll_seconds = Histogram(
            "pasokh_collector_poll_seconds",
            "One poll, with the publishing of its events.",
            ["channel"],
            registry=registry,
            buckets=SECONDS,
        )
        self.refreshes = Counter(
            "pasokh_collector_token_refreshes_total", "Refreshes of tokens.", ["channel", "result"], registry=registry
        )


class AccountInstruments:
    """Account health: 1 when `state` is `ok`, else 0, for at most `MAX_SHOWN` accounts; unhealthy ones come first."""

    MAX_SHOWN = 2_000

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["workspace", "channel", "account", "state"]
        self.healthy = Gauge("pasokh_account_healthy", "Whether an account is well.", labels, registry=registry)
        self.token_expiry = Gauge(
            "pasokh_account_token_expiry_timestamp_seconds",
            "When the refreshed token of an account expires.",
            labels[:3],
            registry=registry,
        )

    def show(self, checks: Sequence[AccountCheck]) -> None:
        """Replace the series by those of these accounts."""
        self.healthy.clear()
        self.token_expiry.clear()
        for shown in sorted(checks, key=lambda check: check.is_well)[: self.MAX_SHOWN]:
            names = shown.workspace, shown.channel, shown.account
            self.healthy.labels(*names, shown.state).set(shown.is_well)
            if shown.token_expires_at is not None:
                self.token_expiry.labels(*names).set(shown.token_expires_at.timestamp())
