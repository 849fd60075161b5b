"""Customers of a minute, as a platform brings them: `python -m tests.live.minute.customers PLAN PORT FILE`.

A process of its own, so that what is measured does not wait for it. An update that is not taken (503, 429, no answer)
is posted again, after what `Retry-After` says; until then the person's later ones wait. At most `CONNECTIONS` calls
are under way, as of a platform.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from services.platform.host import event_loop
from tests.live.connection import NONE, Answer, Connection, connected
from tests.live.installation import SECRET, update_of
from tests.live.minute.plan import REPEATED_SHARE, Plan, Update
from tests.live.topology import ROOT

CONNECTIONS = 100
RETRY_SECONDS = 1.0
"""Where nobody says when to come again."""
PATIENCE_SECONDS = 300.0
"""After the last update was due; what was not taken by then is given up."""
REPEATED_SECONDS = 2.0
REPEATABLE_STATUSES = frozenset({0, 429, 503})


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of an update. Times are Unix seconds: `date` when it was written, the first call, the answer that took it.

    `taken_at` None: it was refused, or given up.
    """

    person: int
    index: int
    date: int
    asked_at: float
    taken_at: float | None


@dataclass(frozen=True, slots=True)
class Posts:
    """All of it. `met` counts the answers by status (0: none), repeats included; `late`: how much the sender lagged."""

    posted: Sequence[Posted]
    met: Mapping[str, int]
    begun_at: float
    late: float

    @property
    def accepted(self) -> list[Posted]:
        return [one for one in self.posted if one.taken_at is not None]


async def run(plan: Plan, port: int, folder: Path) -> Posts:
    """Run the plan against a proxy on a port of 127.0.0.1, from another process."""
    path = folder / "posts.json"
    command = [sys.executable, "-m", "tests.live.minute.customers", plan.as_json(), str(port), str(path)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    try:
        if await process.wait():
            raise subprocess.CalledProcessError(process.returncode or -1, command)
    finally:
        if process.returncode is None:
            process.kill()
    read: dict[str, Any] = json.loads(path.read_text())
    return Posts([Posted(*one) for one in read["posted"]], read["met"], read["begun_at"], read["late"])


@dataclass
class _Platform:
    plan: Plan
    port: int
    random: Random
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONNECTIONS))
    idle: list[Connection] = field(default_factory=list)
    repeats: list[asyncio.Task[None]] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)
    met: Counter[int] = field(default_factory=Counter)
    begun_at: float = 0.0
    late: float = 0.0

    async def run(self) -> None:
        self.begun_at = time.time()
        last: dict[int, asyncio.Task[None]] = {}
        every: list[asyncio.Task[None]] = []
        for update in self.plan.updates:
            await asyncio.sleep(max(0.0, self.begun_at + update.due - time.time()))
            self.late = max(self.late, time.time() - self.begun_at - update.due)
            last[update.person] = asyncio.create_task(self._deliver(update, last.get(update.person)))
            every.append(last[update.person])
        await asyncio.gather(*every)
        await asyncio.gather(*self.repeats)

    async def _deliver(self, update: Update, before: asyncio.Task[None] | None) -> None:
        """Once the person's earlier ones were delivered."""
        if before is not None:
            await before
        date, asked_at = int(self.begun_at + update.due), time.time()
        request = self._request(update, date)
        taken = await self._insist(request)
        self.posted.append(Posted(update.person, update.index, date, asked_at, time.time() if taken else None))
        if taken and self.random.random() < REPEATED_SHARE:
            self.repeats.append(asyncio.create_task(self._repeat(request)))

    async def _repeat(self, request: bytes) -> None:
        await asyncio.sleep(self.random.uniform(0, REPEATED_SECONDS))
        await self._insist(request)

    async def _insist(self, request: bytes) -> bool:
        until = self.begun_at + self.plan.seconds + PATIENCE_SECONDS
        while time.time() < until:
            async with self.room:
                answer = await self._ask(request)
            self.met[answer.status] += 1
            if answer.status not in REPEATABLE_STATUSES:
                return 200 <= answer.status < 300
            wait = RETRY_SECONDS if answer.retry_after is None else answer.retry_after
            await asyncio.sleep(wait + self.random.uniform(0, RETRY_SECONDS))
        return False

    async def _ask(self, request: bytes) -> Answer:
        try:
            connection = self._kept() or await connected(self.port)
        except OSError:
            return NONE
        answer = await connection.request(request)
        if answer.status:
            self.idle.append(connection)
        return answer

    def _kept(self) -> Connection | None:
        while self.idle:
            connection = self.idle.pop()
            if connection.usable:
                return connection
        return None

    def _request(self, update: Update, date: int) -> bytes:
        body = json.dumps(update_of(update.number, update.person, update.text, at=date), ensure_ascii=False).encode()
        head = (
            f"POST /webhooks/telegram/{self.plan.workspace}/main HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Content-Type: application/json\r\nX-Telegram-Bot-Api-Secret-Token: {SECRET}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def main() -> None:
    """Run the plan of the command line."""
    plan, port, path = Plan.from_json(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    platform = _Platform(plan, port, Random(plan.seed))
    event_loop.run(platform.run())
    posted = [[p.person, p.index, p.date, p.asked_at, p.taken_at] for p in platform.posted]
    found = {"posted": posted, "met": platform.met, "begun_at": platform.begun_at, "late": platform.late}
    path.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
