"""Counts of ingest, as metrics and for the ledgers of accounts. They count activities; a rejected call without any is one.

Always: received = published + rejected + failed, per account. A workspace or channel becomes a label only
when it exists, because an attacker chooses the names in paths.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import Counter, Gauge
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

from schemas.activity import Activity
from services.channels.port import Account
from services.ingest.received_counts import ReceivedCounter, account_name, missing_content, name_of
from services.records.ledgers import ReceivedCounts

LABELS = ("workspace", "channel")


class IngestInstruments:
    """The counters of one process. The process's `/metrics` route registers them; `ledgers` are for the store."""

    def __init__(self) -> None:
        self.ledgers = ReceivedCounter()
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
        self.unverified = Counter(
            "pasokh_ingest_unverified_total",
            "Calls that our own code failed to verify, and that their senders send again.",
            LABELS,
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

    def count_rejected(self, account: Account, reason: str, calls: int = 1) -> None:
        """Count calls, or items of a list, that came in and were turned away for good."""
        name = name_of(account)
        self.received.labels(name.workspace, name.channel).inc(calls)
        self.rejected.labels(name.workspace, name.channel, reason).inc(calls)
        self.ledgers.add(name, ReceivedCounts(received=calls, rejected=calls))

    @contextmanager
    def count_publishing(self, activities: Sequence[Activity]) -> Iterator[None]:
        """Count activities of one account that are published within the context; an error means that they failed."""
        name, count = account_name(activities), len(activities)
        self.received.labels(name.workspace, name.channel).inc(count)
        try:
            yield
        except BaseException:
            # A cancelled call counts too: its sender got no 200 and will send the activities again.
            self.failed.labels(name.workspace, name.channel).inc(count)
            self.ledgers.add(name, ReceivedCounts(failed=count))
            raise
        else:
            self.ledgers.add(name, ReceivedCounts(published=count, missing=missing_content(activities)))
        finally:
            # Only now, so that a call that is being answered is in no sum of the ledger that is written meanwhile.
            self.ledgers.add(name, ReceivedCounts(received=count))

    @property
    def collectors(self) -> tuple[Collector, ...]:
        """All collectors, for a registry."""
        return tuple(value for value in vars(self).values() if isinstance(value, MetricWrapperBase))
