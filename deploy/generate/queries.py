"""The PromQL that panels are made of.

Every replica of `metrics` shows the same totals, so those are never added over instances: `max without (instance)`.
The same holds for the lag. What a process counts by itself is added.
"""

from deploy.generate.panels import WORKSPACE

OF = f'workspace=~"{WORKSPACE}"'
WINDOW = "[$__rate_interval]"


def total(metric: str, by: str = "", where: str = OF) -> str:
    """How often a second a business counter grows, over all replicas that show it."""
    return f"sum{_by(by)} (max without (instance) (rate({metric}{{{where}}}{WINDOW})))"


def per_minute(metric: str, by: str = "", where: str = OF) -> str:
    """The same per minute."""
    return f"60 * {total(metric, by, where)}"


def quantile(share: float, histogram: str, by: str = "", where: str = OF) -> str:
    """A quantile of a business histogram, over the last hour: most of them see few values a minute."""
    labels = ", ".join(filter(None, ("le", by)))
    inner = f"sum by ({labels}) (max without (instance) (increase({histogram}_bucket{{{where}}}[1h])))"
    return f"histogram_quantile({share:g}, {inner})"


def now(gauge: str, by: str = "", where: str = OF) -> str:
    """A business gauge."""
    return f"sum{_by(by)} (max without (instance) ({gauge}{{{where}}}))"


def highest(gauge: str, by: str, where: str = OF) -> str:
    """A gauge that is not to be added up: of each group, one of the replicas that all show the same."""
    return f"max{_by(by)} ({gauge}{{{where}}})"


def sla_attainment(by: str = "", where: str = OF) -> str:
    """The share of promises kept among those kept or broken, in the last hour.

    A counter has no series before it counted once, and who broke everything has kept 0 %.
    """
    good = f"sum{_by(by)} (max without (instance) (increase(pasokh_sla_fulfilled_total{{{where}}}[1h])))"
    bad = f"sum{_by(by)} (max without (instance) (increase(pasokh_sla_breached_total{{{where}}}[1h])))"
    good_or_none, bad_or_none = f"({good} or {bad} * 0)", f"({bad} or {good} * 0)"
    return f"{good_or_none} / ({good_or_none} + {bad_or_none})"


def rate(metric: str, by: str = "", where: str = "") -> str:
    """How often a second a counter of processes grows, added up."""
    return f"sum{_by(by)} (rate({metric}{_braced(where)}{WINDOW}))"


def slowest(share: float, histogram: str, by: str = "") -> str:
    """A quantile of a histogram of processes."""
    labels = ", ".join(filter(None, ("le", by)))
    return f"histogram_quantile({share:g}, sum by ({labels}) (rate({histogram}_bucket{WINDOW})))"


def or_zero(expr: str) -> str:
    """For what has no series until it happens for the first time."""
    return f"{expr} or vector(0)"


def zero_if_none(expr: str) -> str:
    """For a quantile that is no number while nothing was counted."""
    return or_zero(f"{expr} >= 0")


def lag(by: str = "") -> str:
    """Events that groups have not handled yet."""
    return f"sum{_by(by)} (max without (instance, job, service) (pasokh_processor_lag_events))"


def within_hour(counter: str, where: str = OF) -> str:
    """How much a business counter grew in the last hour; 0 where it never did."""
    return or_zero(f"sum (max without (instance) (increase({counter}{_braced(where)}[1h])))")


def _by(labels: str) -> str:
    return f" by ({labels})" if labels else ""


def _braced(where: str) -> str:
    return f"{{{where}}}" if where else ""
