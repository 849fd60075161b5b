"""The dashboards' panels, asked of a Prometheus as Grafana would ask."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import httpx2

from tests.live.topology import ROOT, Topology

DASHBOARDS = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))


class Query(NamedTuple):
    """One query of a panel, which has that title on that page."""

    page: str
    title: str
    expr: str


def queries_of(path: Path) -> list[Query]:
    """Those of one dashboard."""
    panels = json.loads(path.read_text())["panels"]
    return [Query(path.stem, panel["title"], target["expr"]) for panel in panels for target in panel["targets"]]


def query_prometheus(topology: Topology, path: str, **parameters: str) -> Any:
    """What Prometheus answers on a path of its API."""
    answer = httpx2.get(topology.url("prometheus") + path, params=parameters, trust_env=False, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def instant(topology: Topology, expr: str, at: float | None = None) -> list[Any]:
    """A panel's query with Grafana's own variables filled in, now or `at` (Unix seconds)."""
    query = expr.replace("$__rate_interval", "2m").replace("$workspace", ".*")
    moment = {} if at is None else {"time": str(at)}
    found: list[Any] = query_prometheus(topology, "/api/v1/query", query=query, **moment)["result"]
    return found


def has_data(series: list[Any]) -> bool:
    """Whether there is a number in it."""
    return any(one["value"][1] != "NaN" for one in series)


def number(topology: Topology, expr: str) -> float:
    """The one value of a query now; -1 without any."""
    series = instant(topology, expr)
    return float(series[0]["value"][1]) if series else -1.0


def empty(topology: Topology, at: float | None = None) -> list[Query]:
    """The queries of all dashboards that have no data."""
    every = [query for path in DASHBOARDS for query in queries_of(path)]
    return [query for query in every if not has_data(instant(topology, query.expr, at))]
