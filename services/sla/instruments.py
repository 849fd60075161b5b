"""Operational metrics of sla. Every name is here; labels come from bounded sets."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class AuditInstruments:
    """What the auditor reports. `what` is a field of the clock, `told` or `clock` (see `audit.Difference`)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.audited = Counter(
            "pasokh_sla_audit_clocks_total",
            "Conversations whose clocks were recomputed from their facts.",
            ["result"],
            registry=registry,
        )
        self.differences = Counter(
            "pasokh_sla_audit_differences_total",
            "Differences between clocks and facts, each time that they were found.",
            ["workspace", "metric", "what"],
            registry=registry,
        )
        self.behind = Gauge(
            "pasokh_sla_audit_lag_seconds", "How old the oldest fact is that was not looked at.", registry=registry
        )
        self.overdue = Gauge(
            "pasokh_sla_overdue_seconds",
            "How long ago the earliest warning or breach was due that nobody has told.",
            registry=registry,
        )
