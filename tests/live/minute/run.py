"""A minute of an installation: customers, agents and restarts at once, then what came of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from services.metrics.domain.recount.report import ReportRequest
from tests.live.installation import shop_at, telegram
from tests.live.minute import collected_results, customers, log, restarts
from tests.live.minute.agents import Agents
from tests.live.minute.collected_results import CollectedResults, Patient
from tests.live.minute.customers import Posts
from tests.live.minute.plan import Plan
from tests.live.minute.settling import settled
from tests.live.minute.usage import Usage
from tests.live.topology import Topology
from tests.live_servers.server import Server

AGENTS = {f"agent-{number}": {f"lang:{language}": 5 for language in ("en", "fa", "ar", "lv")} for number in range(10)}
UNITS = 1000
"""Of each agent, the most that one can have: everybody finds one at once."""
RESOLUTION_SECONDS = 3600.0
CATCH_UP_SECONDS = 300.0
TICK_SECONDS = 2.0
"""From a promise that is due until it is asked for; after that it shows as lag."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of it; `cpu` in seconds, by service; `settled_at`: Unix seconds when all was handled."""

    found: CollectedResults
    cpu: Mapping[str, float]
    settled_at: float


async def live(topology: Topology, kafka: Server, plan: Plan, stand_in_port: int) -> RunResult:
    """Open a shop, live through the plan, wait until all of it was handled, and read what there is.

    Raises TimeoutError when that takes longer than minutes.
    """
    key, since = topology.values["PASOKH_ADMIN_KEY"], datetime.now(UTC)
    async with telegram(stand_in_port) as (stand_in, url), shop_at(topology.url("proxy"), key, plan.workspace) as shop:
        promises = {"first_response_seconds": plan.promise_seconds, "resolution_seconds": RESOLUTION_SECONDS}
        await shop.open_with(url, AGENTS, capacity=UNITS, **promises)
        async with _watched(topology) as usage:
            agents = Agents(plan, shop, Random(plan.seed))
            posts, restarted = await _together(topology, kafka, agents, usage)
            await asyncio.sleep(max(0.0, _last_due(posts, plan) + TICK_SECONDS - time.time()))
            rest = await settled(topology.settings(), plan.workspace, CATCH_UP_SECONDS)
        patient, asked = (
            Patient(shop.client, plan.workspace),
            ReportRequest(since - timedelta(minutes=1), datetime.now(UTC)),
        )
        came = CollectedResults(
            plan=plan,
            posts=posts,
            replies=agents.replies,
            restarted=restarted,
            records=await collected_results.records(patient, rest.messages),
            sent=list(stand_in.sent),
            log=await log.read(kafka.url, topology.settings().namespace, plan.workspace),
            asked=asked,
            report=await collected_results.report(patient, asked),
            dead_letters=rest.dead_letters,
        )
    return RunResult(came, usage.by_service(), rest.settled_at)


async def _together(
    topology: Topology, kafka: Server, agents: Agents, usage: Usage
) -> tuple[Posts, list[restarts.Restarted]]:
    over, plan = asyncio.Event(), agents.plan
    port, answered = topology.of("proxy")[0].port, {u.person for u in plan.updates if plan.answers(u.person)}

    async def write() -> Posts:
        try:
            return await customers.run(plan, port, topology.folder)
        finally:
            over.set()

    async with asyncio.TaskGroup() as group:
        writing = group.create_task(write())
        restarting = group.create_task(restarts.run(plan, topology, kafka, lambda: usage.sample(ready=True)))
        group.create_task(agents.run(over, len(answered)))
    return writing.result(), restarting.result()


@asynccontextmanager
async def _watched(topology: Topology) -> AsyncIterator[Usage]:
    usage = Usage(topology)
    looking = asyncio.create_task(usage.run())
    try:
        yield usage
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


def _last_due(posts: Posts, plan: Plan) -> float:
    """When the last promise of a first response ends, at the latest: Unix seconds."""
    return max((one.taken_at or 0.0 for one in posts.posted if one.index == 0), default=0.0) + plan.promise_seconds
