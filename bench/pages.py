"""What 500 open pages of agents cost one process, at twenty facts a second: CPU, memory, and how soon a row is there.

The same load without a page is taken off. Every agent sees a quarter of the conversations (four teams), or all (one team).
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from bench.installation import NOWHERE, cpu_seconds, resident_bytes, started
from bench.load import Load, run
from bench.report import ResultRow, percentile
from tests.live.installation import ADMIN_KEY, Running, Shop, allowing, shop_at, up

PAGES = 500
FACTS_PER_SECOND = 20.0
FACTS_OF_A_MESSAGE = 3
"""A message opens a conversation: opened, message_received, queued."""
LANGUAGES = ("en", "fa", "ar", "lv")
CPU_SHARE = 1.0
"""Of one processor: more, and the pages would be behind."""
BYTES_OF_A_PAGE = 400_000
ROW_SECONDS = 1.0
SETTLE_SECONDS = 2.0
MEASURED = 50
"""Of one page in so many the rows are read, so that this process is no part of the figure."""
LIMITS = {"PASOKH_KEY_STREAMS": "1000", "PASOKH_WORKSPACE_STREAMS": "1000", **allowing(NOWHERE)}


@dataclass
class Page:
    """One open stream: when each conversation's row came first, by its person."""

    number: int
    key: str
    rows: dict[str, float] = field(default_factory=dict)
    events: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_measured(self) -> bool:
        return self.number % MEASURED == 0

    async def read(self, port: int) -> None:
        """Read until it is cancelled."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4_000_000)
        path = "/v1/workspaces/shop/inbox/stream"
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.key}\r\n\r\n"
        writer.write(head.encode())
        name = b""
        while line := await reader.readline():
            if line.startswith(b"event: "):
                name = line[7:-1]
                self.events += 1
                if name == b"counts":
                    self.begun.set()
            elif line.startswith(b"data: ") and name == b"row" and self.is_measured:
                self.rows.setdefault(orjson.loads(line[6:])["person"], time.time())
        raise ConnectionError("the stream ended")


@dataclass(frozen=True, slots=True)
class Cost:
    """The CPU of a process as a share of one processor, its memory, and the seconds until each row."""

    cpu: float
    resident: int
    waits: list[float]
    events_per_second: float


async def rows(folder: Path, seconds: float) -> AsyncIterator[ResultRow]:
    """The cost of the pages, by who sees what."""
    for name, teams in (("four teams", LANGUAGES), ("one team", ("default",))):
        with started(up(folder / teams[0], PASOKH_ADMIN_KEY=ADMIN_KEY, **LIMITS)) as installation:
            async with shop_at(installation.url, ADMIN_KEY) as shop:
                keys = await _set_up(shop, teams)
            idle = await _cost(installation, [], len(teams), seconds, first=1)
            pages = [Page(number, key) for number, key in enumerate(keys)]
            readers = [asyncio.create_task(page.read(installation.port)) for page in pages]
            await asyncio.gather(*(page.begun.wait() for page in pages))
            busy = await _cost(installation, pages, len(teams), seconds, first=1_000_000)
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
        figures = f"{busy.cpu:.2f} of a CPU, {idle.cpu:.2f} without; {busy.events_per_second:.0f} events/s"
        yield ResultRow(f"{PAGES} pages, {name}, CPU", figures, busy.cpu / CPU_SHARE, 1.0)
        each = (busy.resident - idle.resident) / PAGES
        figures = f"{busy.resident / 1e6:.0f} MB, {idle.resident / 1e6:.0f} without: {each / 1e3:.0f} kB a page"
        yield ResultRow(f"{PAGES} pages, {name}, memory", figures, each / BYTES_OF_A_PAGE, 1.0)
        late, missing = percentile(busy.waits, 0.95), sum(wait == math.inf for wait in busy.waits)
        figures = f"{percentile(busy.waits, 0.5):.2f} s, p95 {late:.2f} s after the webhook; {missing} missing"
        yield ResultRow(f"{PAGES} pages, {name}, a row", figures, late / ROW_SECONDS, 1.0)


async def _set_up(shop: Shop, teams: tuple[str, ...]) -> list[str]:
    """A shop with an agent for each page. Returns a key of each."""
    await shop.open_with(f"http://127.0.0.1:{NOWHERE}", {})
    for team in teams:
        await shop.put(f"/teams/{team}", {"name": team})
    if len(teams) > 1:
        rules = [{"when": {"language": team}, "then": {"team": team}} for team in teams]
        await shop.put("/routing", {"rules": rules})
    # Nobody is online: every conversation waits, and all of its team see it.
    keys: list[str] = []
    for number in range(PAGES):
        await shop.put(f"/agents/agent-{number}", {"name": f"Agent {number}", "teams": [teams[number % len(teams)]]})
        body = {"name": "page", "workspace": "shop", "agent": f"agent-{number}", "scopes": ["desk"]}
        keys.append((await shop.client.post("/v1/keys", json=body)).json()["secret"])
    return keys


async def _cost(installation: Running, pages: Sequence[Page], teams: int, seconds: float, first: int) -> Cost:
    load = Load(installation.port, seconds, first, rate=FACTS_PER_SECOND / FACTS_OF_A_MESSAGE)
    before, begun, events = cpu_seconds(installation), time.monotonic(), sum(page.events for page in pages)
    result = await asyncio.to_thread(run, load)
    await asyncio.sleep(SETTLE_SECONDS)
    took = time.monotonic() - begun
    cpu = (cpu_seconds(installation) - before) / took
    waits = [
        page.rows.get(f"telegram:main:{one.person}", math.inf) - one.at
        for page in pages
        if page.is_measured
        for one in result.accepted
        # The language of a text follows from its number, and the team from the language.
        if one.person % teams == page.number % teams
    ]
    return Cost(cpu, resident_bytes(installation), waits, (sum(page.events for page in pages) - events) / took)
