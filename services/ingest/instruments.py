"""Metrics of ingest. They count activities; a rejected call without activities counts as one.

Always: received = published + rejected + failed, per workspace and channel. A workspace or channel becomes a label only
when it exists, because an attacker chooses the names in paths.
"""

from prometheus_client import Counter, Gauge
from prometheus_client.registry import Collector

LABELS = ("workspace", "channel")


class IngestInstruments:
    """The counters of one process. The process's `/metrics` route registers them."""

    def __init__(self) -> None:
        self.received = Counter("pasokh_ingest_received_total", "Activities that came in.", LABELS, registry=None)
        self.published = Counter(
            "pasokh_ingest_published_total", "Activities that the bus has durably.", [*LABELS, "kind"], registry=None
        )
        self.rejected = Counter(
            "pasokh_ingest_rejected_total", "Calls that were turned away for good.", [*LABELS, "reason"], registry=None
        )
        self.failed = Counter(
            "pasokh_ingest_failed_total", "Activities that the sender has to send again.", LABELS, registry=None
        )
        self.unparsed = Counter(
            "pasokh_ingest_unparsed_total",
            "Calls kept as `unknown` because our own code failed on them, or because they are too large for the bus.",
            [*LABELS, "reason"],
            registry=None,
        )
        self.cut = Counter(
            "pasokh_ingest_cut_total",
            "Activities whose text was too long for the bus and was cut.",
            LABELS,
            registry=None,
        )
        self.masked = Counter(
            "pasokh_ingest_masked_total", "Activities with masked data.", [*LABELS, "kind"], registry=None
        )
        self.unknown_paths = Counter(
            "pasokh_ingest_not_found_total", "Calls to accounts that do not exist.", registry=None
        )
        self.overloaded = Counter("pasokh_ingest_overloaded_total", "Calls refused for want of room.", registry=None)
        self.in_flight = Gauge("pasokh_ingest_in_flight", "Calls that are being answered now.", registry=None)

    def count_rejected(self, workspace: str, channel: str, reason: str, calls: int = 1) -> None:
        """Count calls, or items of a list, that came in and were turned away for good."""
        self.received.labels(workspace, channel).inc(calls)
        self.rejected.labels(workspace, channel, reason).inc(calls)

    @property
    def collectors(self) -> tuple[Collector, ...]:
        """All collectors, for a registry."""
        return tuple(vars(self).values())
