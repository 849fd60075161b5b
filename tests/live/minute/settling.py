"""When all of a minute has been handled: no group has anything to read, and nothing is due or on its way.

What is written is then read from the store itself, as REST would show it: over REST it would take one request for each
conversation, and longer than the minute.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.composition import COLLECTIONS, GROUP_TOPICS
from services.platform.bus.port import Bus
from services.platform.core.errors import Unavailable
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host.engine import open_engine
from services.platform.processing.lag import Lag, lags
from services.platform.store.collections import DEAD_LETTERS
from services.platform.store.port import Document, Query, Store
from services.records.conversations import MESSAGES
from services.rest.views import message_view

POLL_SECONDS = 0.5
QUIET_LOOKS = 3
"""In a row: between two groups an event is neither read nor on the log."""
DELIVERED_SECONDS = 30.0
PAGE = 200

Messages = Mapping[str, Sequence[Mapping[str, Any]]]
"""By conversation, each conversation's in its order, as REST shows them."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What there is when all is quiet. `dead_letters`: how many."""

    messages: Messages
    dead_letters: int
    settled_at: float


async def settled(settings: Settings, workspace: str, seconds: float) -> Rest:
    """Wait until every group has read everything and no reply is on its way, and read what was written.

    Raises TimeoutError, with what the groups still have to read, when that takes longer than `seconds`.
    """
    async with open_engine(settings, SystemTimeSource(), COLLECTIONS) as (store, bus):
        await _until_quiet(store, bus, seconds)
        settled_at = time.time()
        messages = await _delivered(store, workspace)
        letters = [document async for document in _every(store, Query(DEAD_LETTERS.name, "at", limit=PAGE))]
    return Rest(messages, len(letters), settled_at)


async def _until_quiet(store: Store, bus: Bus, seconds: float) -> None:
    until, quiet = time.monotonic() + seconds, 0
    behind: list[Lag] | None = None
    while quiet < QUIET_LOOKS:
        if time.monotonic() > until:
            raise TimeoutError(f"not caught up after {seconds:g} s: {behind}")
        try:
            behind = [one for one in await lags(store, bus, GROUP_TOPICS) if one.events]
        except Unavailable:
            behind = None
        quiet = quiet + 1 if behind == [] else 0
        await asyncio.sleep(POLL_SECONDS)


async def _delivered(store: Store, workspace: str) -> Messages:
    """All messages, once none is on its way, or as they are when that takes too long."""
    until = time.monotonic() + DELIVERED_SECONDS
    while True:
        found = await _messages(store, workspace)
        if time.monotonic() > until or all(one["state"] != "queued" for held in found.values() for one in held):
            return found
        await asyncio.sleep(POLL_SECONDS)


async def _messages(store: Store, workspace: str) -> Messages:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    async for document in _every(store, Query(MESSAGES.name, "conversation", {"workspace": workspace}, limit=PAGE)):
        record = MESSAGES.decode(document)
        found[record.conversation].append(message_view(record).model_dump(mode="json"))
    return found


async def _every(store: Store, query: Query) -> AsyncIterator[Document]:
    """All documents of a query, over its pages."""
    while True:
        page = await store.query(query)
        for _, document in page.items:
            yield document
        if page.next is None:
            return
        query = replace(query, after=page.next)
