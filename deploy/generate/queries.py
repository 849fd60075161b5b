"""The PromQL of panels.

Every replica of `metrics` exports the same totals, so these are never summed over instances: `max without (instance)`.
The same holds for the lag. Counters that each process has for itself are summed.
"""

from deploy.generate.panels import WORKSPACE

OF = f'workspace=~"{WORKSPACE}"'
WINDOW = "[$__rate_interval]"


def total(metric: str, by: str = "", where: str = OF) -> str:
    """The rate per second of a business counter. All replicas export the same value, so only one of them counts."""
    return f"sum{_by(by)} (max without (instance) (rate({metric}{{{where}}}{WINDOW})))"


def per_minute(metric: str, by: str = "", where: str = OF) -> str:
    """The rate per minute of a business counter."""
    return f"60 * {total(metric, by, where)}"


def quantile(share: float, histogram: str, by: str = "", where: str = OF) -> str:
    """A quantile of a business histogram over the last hour, because most of them get few values per minute."""
    labels = ", ".join(filter(None, ("le", by)))
    inner = f"sum by ({labels}) (max without (instance) (increase({histogram}_bucket{{{where}}}[1h])))"
    return f"histogram_quantile({share:g}, {inner})"


def now(gauge: str, by: str = "", where: str = OF) -> str:
    """The value of a business gauge."""
    return f"sum{_by(by)} (max without (instance) ({gauge}{{{where}}}))"


def highest(gauge: str, by: str, where: str = OF) -> str:
    """A gauge that must not be summed: per group, one of the replicas, which all export the same value."""
    return f"max{_by(by)} ({gauge}{{{where}}})"


def sla_attainment(by: str = "", where: str = OF) -> str:
    """The share of fulfilled clocks among fulfilled and breached ones, in the last hour.

    A counter has no series before its first event. If all clocks were breached, the share is 0 %, not "no data".
    """
    good = f"sum{_by(by)} (max without (instance) (increase(pasokh_sla_fulfilled_total{{{where}}}[1h])))"
    bad = f"sum{_by(by)} (max without (instance) (increase(pasokh_sla_breached_total{{{where}}}[1h])))"
    good_or_none, bad_or_none = f"({good} or {bad} * 0)", f"({bad} or {good} * 0)"
    return f"{good_or_none} / ({good_or_none} + {bad_or_none})"


def rate(metric: str, by: str = "", where: str = "") -> str:
    """The rate per second of a counter of processes, summed over all."""
    return f"sum{_by(by)} (rate({metric}{_braced(where)}{WINDOW}))"


def slowest(share: float, histogram: str, by: str = "") -> str:
    """A quantile of a histogram over all processes."""
    labels = ", ".join(filter(None, ("le", by)))
    return f"histogram_quantile({share:g}, sum by ({labels}) (rate({histogram}_bucket{WINDOW})))"


def or_zero(expr: str) -> str:
    """The query, or 0 while there is no series: a counter has none before its first event."""
    return f"{expr} or vector(0)"


def zero_if_none(expr: str) -> str:
    """The query, without NaN: a quantile without observations is NaN."""
    return or_zero(f"{expr} >= 0")


def lag(by: str = "") -> str:
    """The lag: events that groups have not handled yet."""
    return f"sum{_by(by)} (max without (instance, job, service) (pasokh_processor_lag_events))"


def within_hour(counter: str, where: str = OF) -> str:
    """The increase of a business counter in the last hour; 0 without a series."""
    return or_zero(f"sum (max without (instance) (increase({counter}{_braced(where)}[1h])))")


def _by(labels: str) -> str:
    return f" by ({labels})" if labels else ""


def _braced(where: str) -> str:
    return f"{{{where}}}" if where else ""
