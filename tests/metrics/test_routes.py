"""`GET …/reports/kpis`: who may ask for what, and what is answered."""

from collections.abc import AsyncIterator

import pytest

from services.metrics import routes
from services.metrics.reports import ReportTooLarge
from services.metrics.routes import build_router
from services.platform.http.service import ServiceComponents
from tests.metrics.test_report import life
from tests.rest import Rest, open_rest, problem_of

DAY = "from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z"
PATH = "/v1/workspaces/w/reports/kpis"


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest([ServiceComponents(routers=[build_router()])]) as rest:
        await rest.workspace("w")
        for event in life(
            ("message", 0), ("assign", 10), ("reply", 20), ("deliver", 1), ("start_clock", 1), ("fulfil_clock", 1)
        ):
            rest.store.insert_fact(event)
        yield rest


async def test_figures_of_a_day_by_channel(rest: Rest) -> None:
    answer = await rest.request("GET", f"{PATH}?{DAY}&group=channel&group=day")
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert (report["from"], report["by"], report["facts"]) == ("2026-03-02T00:00:00.000000Z", "stop", 9)
    [row] = report["rows"]
    assert row["group"] == {"channel": "telegram", "day": "2026-03-02T00:00:00.000000Z"}
    assert row["counts"]["opened"] == 1
    times = {"mean": 29.0, "p50": 29.0, "p90": 29.0, "p95": 29.0}
    assert row["durations"]["first_response"]["human"] == {
        "count": 1,
        "open": 0,
        "provisional": False,
        **times,
        "business": times,
    }
    assert row["sla"]["next_response"]["attainment"] == 1.0


async def test_business_times_follow_the_calendar_that_is_written(rest: Rest) -> None:
    calendar = {"hours": {"mon": [["09:00", "17:00"]]}, "holidays": ["2026-03-02"]}
    answer = await rest.request("PUT", "/v1/workspaces/w/teams/default", {"name": "Default", "calendar": calendar})
    assert answer.status_code == 200, answer.text
    [row] = (await rest.request("GET", f"{PATH}?{DAY}")).json()["rows"]
    took = row["durations"]["first_response"]["human"]
    assert (took["mean"], took["business"]["mean"]) == (29.0, 0.0)


async def test_other_offsets_name_the_same_moments(rest: Rest) -> None:
    here = await rest.request("GET", f"{PATH}?{DAY}")
    there = await rest.request("GET", f"{PATH}?from=2026-03-02T02:00:00%2B02:00&to=2026-03-03T02:00:00+02:00")
    assert there.json() == here.json()


async def test_days_and_hours_are_those_of_the_workspace_unless_another_zone_is_given(rest: Rest) -> None:
    """09:00 in UTC is 12:30 in Tehran, whose day begins at 20:30 in UTC the evening before."""
    written = await rest.request("PUT", "/v1/workspaces/w", {"name": "W", "timezone": "Asia/Tehran"})
    assert written.status_code == 200, written.text
    week = "from=2026-03-01T00:00:00Z&to=2026-03-08T00:00:00Z&group=day&group=hour"
    here = (await rest.request("GET", f"{PATH}?{week}")).json()
    assert here["timezone"] == "Asia/Tehran"
    assert here["rows"][0]["group"] == {"day": "2026-03-01T20:30:00.000000Z", "hour": "2026-03-02T08:30:00.000000Z"}
    riga = (await rest.request("GET", f"{PATH}?{week}&timezone=Europe/Riga")).json()
    assert riga["rows"][0]["group"] == {"day": "2026-03-01T22:00:00.000000Z", "hour": "2026-03-02T09:00:00.000000Z"}


async def test_clocks_are_grouped_by_policy_and_all_else_has_none(rest: Rest) -> None:
    rows = (await rest.request("GET", f"{PATH}?{DAY}&group=policy")).json()["rows"]
    assert [(row["group"]["policy"], sorted(row["sla"])) for row in rows] == [(None, []), ("p", ["next_response"])]
    assert rows[1]["sla"]["next_response"]["attainment_strict"] == 1.0


async def test_another_workspace_sees_none_of_it(rest: Rest) -> None:
    await rest.workspace("other")
    answer = await rest.request("GET", f"/v1/workspaces/other/reports/kpis?{DAY}")
    assert answer.json()["rows"] == []
    foreign = await rest.key("read", workspace="other")
    problem_of(await rest.request("GET", f"{PATH}?{DAY}", authorization=foreign), 404)
    problem_of(await rest.request("GET", f"/v1/workspaces/none/reports/kpis?{DAY}"), 404)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("from=2026-03-02T00:00:00Z", "/query/to"),
        ("from=2026-03-02T00:00:00Z&to=2026-03-02T00:00:00Z", "/query/to"),
        ("from=2026-03-02T00:00:00Z&to=2026-06-03T00:00:01Z", "/query/to"),
        ("from=2026-03-02&to=2026-03-03T00:00:00Z", "/query/from"),
        ("from=1&to=2026-03-03T00:00:00Z", "/query/from"),
        ("from=0001-01-01T00:00:00%2B14:00&to=2026-03-03T00:00:00Z", "/query/from"),
        (f"{DAY}&group=person", "/query/group"),
        (f"{DAY}&by=end", "/query/by"),
        (f"{DAY}&form=x", "/query/form"),
        (f"{DAY}&timezone=Mars/Olympus", "/query/timezone"),
    ],
)
async def test_what_cannot_be_reported_is_refused_with_the_reason(rest: Rest, query: str, pointer: str) -> None:
    problem = problem_of(await rest.request("GET", f"{PATH}?{query}"), 422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_a_report_that_would_cost_too_much_is_refused_with_what_to_do(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def too_much(*_: object) -> None:
        raise ReportTooLarge("Ask for a shorter time.")

    monkeypatch.setattr(routes, "build_report", too_much)
    assert "shorter time" in problem_of(await rest.request("GET", f"{PATH}?{DAY}"), 422)["detail"]
