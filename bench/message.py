"""CPU of a message from the webhook to its assignment, and of a reply until the platform has it; of two trees in one
run.

`python -m bench message --against FOLDER` measures this tree and the one in FOLDER in turns, so that a machine that
grows busy slows both. The ratio is this tree over the other; without another there is none.
"""

import asyncio
import statistics
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.assigned import EmbeddedLog, wait_for
from bench.installation import cpu_seconds, started
from bench.load import Load, run
from bench.report import ResultRow
from services.demo.telegram import FakeTelegram
from tests.live.installation import ADMIN_KEY, Running, Shop, allowing, shop_at, telegram, up
from tests.live_servers.server import free_ports

ROUNDS = 3
RATE = 200.0
REPLIES = 200
BATCH_SIZE = 16
MAX_RATIO = 1.2
REPLY_SECONDS, POLL_SECONDS = 60.0, 0.1
LANGUAGES = ("en", "fa", "ar", "lv")


@dataclass(frozen=True, slots=True)
class Costs:
    """The CPU seconds of the process per inbound message, and per reply."""

    inbound: float
    reply: float

    @property
    def message(self) -> float:
        """The CPU seconds of one message and its reply together."""
        return self.inbound + self.reply


async def rows(folder: Path, seconds: float, against: Path | None) -> AsyncIterator[ResultRow]:
    """The lines of the report. `against` is a checkout of another commit to compare with."""
    trees = {"this tree": Path.cwd()} | ({"the other": against} if against else {})
    costs: dict[str, list[Costs]] = {name: [] for name in trees}
    for number in range(ROUNDS):
        for name, tree in trees.items():
            costs[name].append(await _measure(folder / f"{number}-{name.replace(' ', '-')}", tree, seconds))
    for figure in ("inbound", "reply", "message"):
        yield _row(figure, {name: [getattr(cost, figure) for cost in measured] for name, measured in costs.items()})


def _row(figure: str, seconds: Mapping[str, list[float]]) -> ResultRow:
    # The minimum of the rounds is compared, because other load on the machine only adds CPU time.
    least = {name: min(values) for name, values in seconds.items()}
    figures = [
        f"{name} {least[name] * 1000:.2f} (median {statistics.median(values) * 1000:.2f})"
        for name, values in seconds.items()
    ]
    ratio = least["this tree"] / least["the other"] if "the other" in least else None
    return ResultRow(f"CPU of a message, {figure}", f"{', '.join(figures)} ms", ratio, MAX_RATIO)


async def _measure(folder: Path, tree: Path, seconds: float) -> Costs:
    [port] = free_ports(1)
    environment = {"PASOKH_ADMIN_KEY": ADMIN_KEY, "PYTHONPATH": str(tree), **allowing(port)}
    async with telegram(port) as (platform, address):
        with started(up(folder, **environment)) as installation:
            async with shop_at(installation.url, ADMIN_KEY) as shop:
                agents = {f"agent-{number}": {f"lang:{language}": 5 for language in LANGUAGES} for number in range(20)}
                await shop.open_with(address, agents)
                await _inbound(installation, folder, 1.0, 1_000_000)
                inbound = await _inbound(installation, folder, seconds, 2_000_000)
                return Costs(inbound, await _replies(installation, shop, platform))


async def _inbound(installation: Running, folder: Path, seconds: float, first: int) -> float:
    used = cpu_seconds(installation)
    result = await asyncio.to_thread(run, Load(installation.port, seconds, first, rate=RATE))
    await wait_for(EmbeddedLog(folder).read, {sent.person for sent in result.accepted})
    return (cpu_seconds(installation) - used) / len(result.accepted)


async def _replies(installation: Running, shop: Shop, platform: FakeTelegram) -> float:
    conversations = (await shop.items("/conversations"))[-REPLIES:]
    waiting, used = asyncio.Semaphore(BATCH_SIZE), cpu_seconds(installation)

    async def reply(conversation: str, agent: str) -> None:
        async with waiting:
            answer = await shop.reply(conversation, agent, "It left our house on Monday.")
            answer.raise_for_status()

    await asyncio.gather(
        *(reply(each_conversation["id"], each_conversation["agent"]) for each_conversation in conversations)
    )
    await _until_sent(platform, len(conversations))
    return (cpu_seconds(installation) - used) / len(conversations)


async def _until_sent(platform: FakeTelegram, messages: int) -> None:
    for _ in range(int(REPLY_SECONDS / POLL_SECONDS)):
        if len(platform.sent) >= messages:
            return
        await asyncio.sleep(POLL_SECONDS)
    raise TimeoutError(f"{len(platform.sent)} of {messages} replies were sent within {REPLY_SECONDS:g} s")
