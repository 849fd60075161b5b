"""Operational metrics of the runtime. Every name is here; labels come from bounded sets."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class GroupInstruments:
    """The per-batch metrics of one group."""

    events: Counter
    duplicates: Counter
    batch: Histogram
    commit: Histogram

    def count_batch(self, handled: int, duplicates: int) -> None:
        """A batch was handled: `handled` inputs, besides the duplicates that were dropped."""
        self.events.inc(handled)
        self.duplicates.inc(duplicates)
        self.batch.observe(handled)


class ProcessorInstruments:
    """The processors' metrics, by group and, where useful, partition."""

    def __init__(self, registry: CollectorRegistry) -> None:
        group = ["group"]
        self.events = Counter("pasokh_processor_events_total", "Inputs handled.", group, registry=registry)
        self.duplicates = Counter("pasokh_processor_duplicates_total", "Repeats dropped.", group, registry=registry)
        self.dead_letters = Counter(
            "pasokh_processor_dead_letters_total", "Events set aside.", group, registry=registry
        )
        self.restarts = Counter(
            "pasokh_processor_restarts_total", "Memory dropped after an error.", [*group, "reason"], registry=registry
        )
        self.commit = Histogram(
            "pasokh_processor_commit_seconds", "One commit.", group, registry=registry, buckets=SECONDS
        )
        self.batch = Histogram(
            "pasokh_processor_batch_events",
            "Inputs per batch.",
            group,
            registry=registry,
            buckets=(1, 2, 5, 10, 50, 200, 500),
        )
        self.partitions = Gauge("pasokh_processor_partitions", "Partitions owned.", group, registry=registry)
        self.stopped = Gauge(
            "pasokh_processor_stopped_partitions", "Partitions that wait for an operator.", group, registry=registry
        )
        self.failing = Gauge(
            "pasokh_processor_failing_partitions",
            "Partitions that start over again and again and get no further.",
            group,
            registry=registry,
        )
        self.lag = Gauge(
            "pasokh_processor_lag_events", "Events not read yet.", [*group, "topic", "partition"], registry=registry
        )

    def of(self, group: str) -> GroupInstruments:
        """The metrics of one group, cached: looking up labels costs more than counting."""
        return GroupInstruments(
            self.events.labels(group),
            self.duplicates.labels(group),
            self.batch.labels(group),
            self.commit.labels(group),
        )


class HttpInstruments:
    """HTTP metrics by method and route template. The path itself is no label, because paths are unbounded."""

    def __init__(self, registry: CollectorRegistry) -> None:
        where = ["method", "route"]
        self.requests = Counter("pasokh_http_requests_total", "Requests.", [*where, "status"], registry=registry)
        self.seconds = Histogram(
            "pasokh_http_request_seconds", "Request to answer.", where, registry=registry, buckets=SECONDS
        )

    def of(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        """The counter and the duration histogram of such requests. Callers cache them: look-ups cost more than counting."""
        return self.requests.labels(method, route, str(status)), self.seconds.labels(method, route)


class LoopInstruments:
    """Metrics of a process's event loop."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.lag = Histogram(
            "pasokh_event_loop_lag_seconds",
            "How much later than asked the loop came back.",
            registry=registry,
            buckets=SECONDS,
        )


class AdmissionInstruments:
    """Counts calls and connections that were refused because a share was used up. One per process, registered by its app.

    `at`: `connection`, `webhook`, `large_webhook`, `body`, `stream`, `visitor`. `reason` is whose share was used up: `account`, `address`,
    `key`, `workspace`, `visitor` or `process`.
    """

    def __init__(self) -> None:
        self.refused = Counter(
            "pasokh_admission_refused_total",
            "Calls and connections that were refused or lost their place because a share was used up.",
            ["at", "reason"],
            registry=None,
        )
