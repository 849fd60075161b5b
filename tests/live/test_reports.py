"""Reports of a running `pasokh up`, held against its counters and against a recount of what its log says."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from schemas.envelope import Event, decode
from schemas.kpis import Report
from services.metrics.domain.recount.report import ReportRequest, recount, sorted_facts
from services.metrics.domain.samples import SERIES, SLA_SERIES
from services.platform.bus.port import Bus
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host.engine import open_engine
from tests.live.installation import Shop, allowing, shop_at, telegram, up, update_of
from tests.live.test_up import key_of
from tests.live.waiting import eventually
from tests.live_servers.server import free_ports
from tests.metrics.test_report import approximately, figures

AGENTS = {"sara": {"lang:en": 5}, "omid": {"lang:en": 5}}
CUSTOMERS = 12
FACTS = ("conversations", "sla")


async def test_reports_counters_and_a_recount_of_the_log_say_the_same(tmp_path: Path) -> None:
    [port] = free_ports(1)
    running = up(tmp_path, **allowing(port))
    running.start()
    running.wait_ready()
    start = datetime.now(UTC) - timedelta(hours=1)
    asked = ReportRequest(start, start + timedelta(hours=2))
    async with telegram(port) as (_, url), shop_at(running.url, key_of(running)) as shop:
        await shop.open_with(url, AGENTS, first_response_seconds=3600, resolution_seconds=7200)
        await live(shop)
        report = await eventually(lambda: settled(shop, asked, running.url))
    assert running.stop()[0] == 0
    settings = Settings(data=tmp_path / "data", admin_key=None)
    async with open_engine(settings, SystemTimeSource(), ()) as (_, bus):
        facts = await log_of(bus, shop.workspace)
    again = recount(facts, asked)
    assert report == again
    assert report.rows[0].counts["opened"] == CUSTOMERS
    assert report.rows[0].durations["first_response"]["human"].count == CUSTOMERS // 2
    assert report.rows[0].counts["reopened"] == 2
    assert report.rows[0].durations["next_response"]["human"].open == 2


async def live(shop: Shop) -> None:
    """Customers write, half are answered, some finish and come back, some go elsewhere."""
    for chat in range(CUSTOMERS):
        await shop.post(update_of(chat + 1, 100 + chat, "Hello, where is my order? I wait for a week."))
    found = await eventually(lambda: assigned(shop, CUSTOMERS))
    for case in found[: CUSTOMERS // 2]:
        answer = await shop.reply(case["id"], case["agent"], "It is on its way.")
        assert answer.status_code == 201, answer.text
    for case in found[:4]:
        await act(shop, case, "resolve", agent=case["agent"])
    for number, case in enumerate(found[:2]):
        chat = int(case["person"].rsplit(":", 1)[1])
        await shop.post(update_of(100 + number, chat, "It is not here yet."))
    await eventually(lambda: assigned(shop, CUSTOMERS - 2 - 2))
    await act(shop, found[-1], "notes", text="a loyal customer")


async def assigned(shop: Shop, number: int) -> Any:
    found = await shop.items("/conversations", status="assigned")
    return found if len(found) >= number else None


async def act(shop: Shop, case: dict[str, Any], action: str, **body: Any) -> None:
    path = f"/v1/workspaces/{shop.workspace}/conversations/{case['id']}/{action}"
    answer = await shop.client.post(path, json=body)
    assert answer.status_code in (200, 201), answer.text


async def settled(shop: Shop, asked: ReportRequest, url: str) -> Report | None:
    """The report as soon as the counters say the same, which follow a moment later."""
    shown = await shop.get("/reports/kpis", **{"from": asked.start.isoformat(), "to": asked.end.isoformat()})
    report = Report.model_validate({**shown, "start": shown["from"], "end": shown["to"]})
    async with httpx2.AsyncClient(trust_env=False) as client:
        counters = scraped((await client.get(f"{url}/metrics")).text, shop.workspace)
    delivered = report.rows and report.rows[0].counts.get("message_outbound") == CUSTOMERS // 2
    return report if delivered and counters == approximately(figures(report)) else None


def scraped(text: str, workspace: str) -> dict[str, tuple[float, float]]:
    """What the counters say, as `figures` says it."""
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
    ours = [s for s in samples if s.labels.get("workspace") == workspace]

    def value(name: str, labels: dict[str, str]) -> float:
        return sum(s.value for s in ours if s.name == name and labels.items() <= s.labels.items())

    found: dict[str, tuple[float, float]] = {}
    for (kpi, variant), series in SERIES.items():
        for instrument, named in series:
            if instrument.kind == "histogram":
                both = (value(f"{instrument.name}_count", dict(named)), value(f"{instrument.name}_sum", dict(named)))
                found[f"{kpi}/{variant}"] = both
            else:
                found[f"{kpi}_{variant}".rstrip("_")] = (value(instrument.name, dict(named)), 0.0)
    for metric in ("first_response", "next_response", "resolution", "pickup", "public_response"):
        for word, instrument in SLA_SERIES.items():
            if instrument.kind == "counter":
                found[f"{metric}/{word}"] = (value(instrument.name, {"metric": metric}), 0.0)
    return {name: figure for name, figure in found.items() if figure[0]}


async def log_of(bus: Bus, workspace: str) -> Sequence[Event]:
    """Every fact of a workspace that is on the log, read from its beginning."""
    found: list[Event] = []
    async with bus.consume("recount", FACTS) as consumer:
        owned = await consumer.assignment({})
        assert len(owned) == bus.partitions
        for partition in owned:
            await consumer.seek(partition, {})
            while records := await consumer.poll(partition, wait=0.5):
                found += [decode(record.value) for record in records]
    return list(sorted_facts(event for event in found if event.workspace == workspace))
