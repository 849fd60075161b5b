"""How long the store takes for a page of an inbox with 10,000 open conversations.

The work of a page must follow from its length, not from how many conversations there are: the second figure is the same
page where there are 500.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.report import ResultRow, percentile
from schemas.activity import Address
from services.domain.conversation_state import ConversationState, OpenClock
from services.domain.inbox import with_keys
from services.domain.response_tracking import CustomerMessages, ResponseTracking
from services.domain.viewer import Viewer, agent_viewer
from services.platform.store.port import Changes, Key, Put, Store
from services.platform.store.sqlite import SqliteStore
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS
from services.records.mentions import MENTIONS
from services.router.inbox import count_views, read_inbox

SMALL, LARGE = 500, 10_000
PAGE, ROUNDS, BATCH = 50, 60, 500
GROWTH = 1.7
"""The limit of growth from `SMALL` to `LARGE`."""
AGENTS = ("sara", "reza", "omid")
TEAMS = ("support", "billing")
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def stored_case(number: int) -> ConversationState:
    """An open conversation of the shop; of four, three have an agent, every fourth sara."""
    at = START + timedelta(seconds=number * 37 % 86_400)
    agent = AGENTS[number % 4] if number % 4 < len(AGENTS) else None
    case = ConversationState(
        id=f"c{number:06d}",
        workspace="shop",
        status="waiting" if agent is None else ("assigned", "pending")[number % 2],
        channel="telegram",
        account="main",
        surface="private",
        person=f"telegram:main:{number}",
        key=f"shop/telegram:main:{number}",
        team=TEAMS[number % 2],
        agent=agent,
        addresses={"private": Address(chat=str(number))},
        opened_at=at,
        updated_at=at,
        last_at=at,
    )
    if number % 3:
        log = (CustomerMessages(at, 1, "m1"),)
        due = OpenClock(run=1, due_at=at + timedelta(hours=1), state="running")
        case = replace(case, response_tracking=ResponseTracking(run=1, log=log), clocks={"first_response": due})
    return with_keys(case)


async def rows(folder: Path) -> AsyncIterator[ResultRow]:
    """A page of each of the views that are read most, and the counts."""
    viewer = agent_viewer("sara", frozenset(TEAMS), is_lead=False, visibility="team")
    taken: dict[int, dict[str, float]] = {}
    for size in (SMALL, LARGE):
        async with SqliteStore.open(folder / f"inbox-{size}.db") as store:
            await store.prepare([CONVERSATIONS, MENTIONS, PERSONS, MESSAGES])
            for start in range(0, size, BATCH):
                cases = [stored_case(number) for number in range(start, start + BATCH)]
                await store.commit(Changes(puts=[Put(Key(CONVERSATIONS.name, one.id), one) for one in cases]))
            taken[size] = {name: await _median(one) for name, one in _reads(store, viewer).items()}
    for name, seconds in taken[LARGE].items():
        small = taken[SMALL][name]
        figures = f"{seconds * 1000:.1f} ms with {LARGE} open, {small * 1000:.1f} ms with {SMALL}"
        # Counts read an entry of the index for each conversation.
        is_page = name != "counts"
        yield ResultRow(f"inbox, {name}", figures, seconds / small if is_page else None, GROWTH)


def _reads(store: Store, viewer: Viewer) -> dict[str, Callable[[], Awaitable[object]]]:
    return {
        "mine by due": lambda: read_inbox(store, "shop", viewer, "mine", "due", limit=PAGE),
        "waiting by waiting": lambda: read_inbox(store, "shop", viewer, "waiting", "waiting", limit=PAGE),
        "team by newest": lambda: read_inbox(store, "shop", viewer, "team", "newest", limit=PAGE),
        "counts": lambda: count_views(store, "shop", viewer),
    }


async def _median(read: Callable[[], Awaitable[object]]) -> float:
    taken: list[float] = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        await read()
        taken.append(time.perf_counter() - begun)
    return percentile(taken, 0.5)
