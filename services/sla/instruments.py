"""Operational metrics of sla. Every name is here; labels come from bounded sets."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class AuditInstruments:
    """What the auditor reports. `what` is that of `comparison.Difference`.

    `result`: `right`, `different`, `unreadable`, or `partly`: right, but some clocks could be compared with their own
    facts alone (see `audit.PartlyCompared`).
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.audited = Counter(
            "pasokh_sla_audit_clocks_total",
            "Conversations whose clocks were recomputed from their facts.",
            ["result"],
            registry=registry,
        )
        self.differences = Counter(
            "pasokh_sla_audit_differences_total",
            "Differences between clocks and facts, counted each time that they are found.",
            ["workspace", "metric", "what"],
            registry=registry,
        )
        self.behind = Gauge(
            "pasokh_sla_audit_lag_seconds",
            "How old the oldest fact is whose conversation was not audited yet.",
            registry=registry,
        )
        self.overdue = Gauge(
            "pasokh_sla_overdue_seconds",
            "How long ago the earliest warning or breach was due that has not been emitted.",
            registry=registry,
        )
