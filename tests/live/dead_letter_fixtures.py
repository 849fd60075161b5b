"""Dead letters in an installation that is not started yet, as a group would have left them."""

from datetime import UTC, datetime
from pathlib import Path

from schemas.envelope import Event, encode
from services.composition import COLLECTIONS
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host import event_loop
from services.platform.host.engine import open_engine
from services.platform.store.collections import DEAD_LETTERS, DeadLetter
from services.platform.store.port import Changes, Key, Put


def set_aside(data: Path, *letters: str) -> None:
    """Dead letters as a group would have left them."""

    async def write() -> None:
        async with open_engine(Settings(data=data), SystemTimeSource(), COLLECTIONS) as (store, _):
            await store.commit(Changes(puts=[Put(Key(DEAD_LETTERS.name, i), letter(i)) for i in letters]))

    event_loop.run(write())


def letter(name: str) -> DeadLetter:
    at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    event = Event(
        id=name,
        source="made-up",
        type="pasokh.inbound.unknown",
        time=at,
        workspace="shop",
        partitionkey="shop/telegram:main:1",
        data={},
    )
    return DeadLetter(
        group="metrics",
        partition=0,
        topic="inbound",
        offset=0,
        event=encode(event).decode(),
        event_id=name,
        event_type=event.type,
        workspace="shop",
        error=f"ValueError: no such thing as {name}",
        at=at,
    )
