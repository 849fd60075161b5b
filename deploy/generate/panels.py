"""Panels and dashboards as values, and their JSON for Grafana's provisioning."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

# Any: we have no types for Grafana's JSON.
Json = dict[str, Any]
DATASOURCE: Json = {"type": "prometheus", "uid": "prometheus"}
COLUMNS = 24
SCHEMA = 41
WORKSPACE = "$workspace"


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL query and the legend of its series, in which `{{label}}` is replaced by its value."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `unit` is a unit of Grafana; values above `bad_above` are red."""

    title: str
    queries: tuple[Query, ...]
    unit: str = "short"
    kind: Literal["timeseries", "stat"] = "timeseries"
    about: str = ""
    bad_above: float | None = None
    bad_below: float | None = None
    stacked: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """The width in columns and the height in rows."""
        return (6, 4) if self.kind == "stat" else (12, 8)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard.

    `uid` is also its file name. The workspace selector lists the values of the label `workspace` of `metric`.
    """

    uid: str
    title: str
    panels: tuple[Panel, ...]
    metric: str | None = None


def as_json(dashboard: Dashboard) -> str:
    """The JSON file of a dashboard."""
    whole: Json = {
        "uid": f"pasokh-{dashboard.uid}",
        "title": dashboard.title,
        "tags": ["pasokh"],
        "editable": False,
        "graphTooltip": 1,
        "refresh": "10s",
        "schemaVersion": SCHEMA,
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "links": [{"type": "dashboards", "tags": ["pasokh"], "title": "Pasokh", "keepTime": True, "includeVars": True}],
        "templating": {"list": [_variable(dashboard.metric)] if dashboard.metric else []},
        "panels": list(_placed(dashboard.panels)),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _variable(metric: str) -> Json:
    return {
        "name": WORKSPACE[1:],
        "label": "Workspace",
        "type": "query",
        "datasource": DATASOURCE,
        "definition": f"label_values({metric}, workspace)",
        "query": {"query": f"label_values({metric}, workspace)", "refId": "workspace"},
        "refresh": 2,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _placed(panels: Sequence[Panel]) -> Iterator[Json]:
    """Place panels from left to right; one that does not fit starts a new row."""
    x, y, line = 0, 0, 0
    for number, panel in enumerate(panels, start=1):
        width, height = panel.size
        if x + width > COLUMNS or (x and height != line):
            x, y = 0, y + line
        line = height
        yield _panel(panel, number, {"x": x, "y": y, "w": width, "h": height})
        x += width


def _panel(panel: Panel, number: int, grid_pos: Json) -> Json:
    defaults: Json = {"unit": panel.unit, "thresholds": _thresholds(panel)}
    options: Json = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", "graphMode": "area"}
    if panel.kind == "timeseries":
        defaults["custom"] = {
            "fillOpacity": 15,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none"},
        }
        options = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": DATASOURCE,
        "gridPos": grid_pos,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": [_target(query, chr(ord("A") + i)) for i, query in enumerate(panel.queries)],
    }


def _thresholds(panel: Panel) -> Json:
    steps: list[Json] = [{"color": "green", "value": None}]
    if panel.bad_above is not None:
        steps.append({"color": "red", "value": panel.bad_above})
    if panel.bad_below is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": panel.bad_below}]
    return {"mode": "absolute", "steps": steps}


def _target(query: Query, letter: str) -> Json:
    return {"refId": letter, "datasource": DATASOURCE, "expr": query.expr, "legendFormat": query.legend or "__auto"}
