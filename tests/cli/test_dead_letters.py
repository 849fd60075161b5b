"""`pasokh dead-letters` reads the store, and asks the group that set an event aside to act on it."""

import json
from datetime import UTC, datetime

import pytest

from schemas.commands import DeadLetterAction
from schemas.envelope import Event, decode
from services.composition import COLLECTIONS
from services.platform.bus.port import Record
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host import event_loop
from services.platform.host.engine import open_engine
from services.platform.processing.dead_letters import DEAD_LETTER_ACTION
from services.platform.store.collections import DEAD_LETTERS, DeadLetter
from services.platform.store.port import Changes, Key, Put
from tests.cli.conftest import Pasokh

SECRET_TEXT = "what a customer wrote"


def letter(number: int, topic: str = "inbound") -> DeadLetter:
    return DeadLetter(
        group="conversations",
        partition=1,
        topic=topic,
        offset=number,
        event=json.dumps({"text": SECRET_TEXT}),
        event_id=f"event-{number}",
        event_type="pasokh.inbound.message" if topic else "timer",
        workspace="shop",
        error="ValueError: no such thing",
        at=datetime(2026, 11, 1, 12, number, tzinfo=UTC),
    )


def set_aside(settings: Settings, letters: dict[str, DeadLetter]) -> None:
    async def write() -> None:
        async with open_engine(settings, SystemTimeSource(), COLLECTIONS) as (store, _):
            puts = [Put(Key(DEAD_LETTERS.name, i), one) for i, one in letters.items()]
            await store.commit(Changes(puts=puts))

    event_loop.run(write())


def published(settings: Settings, topic: str, partition: int) -> list[Event]:
    async def read() -> list[Record]:
        async with (
            open_engine(settings, SystemTimeSource(), COLLECTIONS) as (_, bus),
            bus.consume("looking", [topic]) as consumer,
        ):
            await consumer.assignment({})
            await consumer.seek(partition, {})
            return await consumer.poll(partition, wait=0.1)

    return [decode(record.value) for record in event_loop.run(read())]


def test_the_list_is_newest_first_and_tells_nothing_of_what_customers_wrote(pasokh: Pasokh, data: Settings) -> None:
    set_aside(data, {"a": letter(1), "b": letter(2)})
    result = pasokh("dead-letters", "list", "--json")
    shown = json.loads(result.stdout)
    assert [item["id"] for item in shown["items"]] == ["b", "a"]
    assert shown["next"] is None
    assert shown["items"][0]["error"] == "ValueError: no such thing"
    assert SECRET_TEXT not in result.stdout


def test_the_list_goes_on_from_its_cursor(pasokh: Pasokh, data: Settings) -> None:
    set_aside(data, {f"letter-{n}": letter(n) for n in range(5)})
    seen, cursor = [], None
    while True:
        page = json.loads(
            pasokh("dead-letters", "list", "--json", "--limit", "2", *(["--cursor", cursor] if cursor else [])).stdout
        )
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [f"letter-{n}" for n in reversed(range(5))]


def test_a_cursor_of_something_else_is_told(pasokh: Pasokh, data: Settings) -> None:
    result = pasokh("dead-letters", "list", "--cursor", "nonsense")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cursor" in result.stderr


def test_an_empty_list_says_so(pasokh: Pasokh, data: Settings) -> None:
    assert pasokh("dead-letters", "list").stdout == "There are no dead letters.\n"
    assert json.loads(pasokh("dead-letters", "list", "--json").stdout) == {"items": [], "next": None}


def test_show_gives_the_whole_event(pasokh: Pasokh, data: Settings) -> None:
    set_aside(data, {"a": letter(1)})
    assert SECRET_TEXT in json.loads(pasokh("dead-letters", "show", "a").stdout)["event"]


@pytest.mark.parametrize("action", ["retry", "drop"])
def test_an_action_reaches_the_partition_that_set_the_event_aside(pasokh: Pasokh, data: Settings, action: str) -> None:
    set_aside(data, {"a": letter(1, topic="sla")})
    assert pasokh("dead-letters", action, "a").exit_code == 0
    [event] = published(data, "sla", 1)
    assert event.type == DEAD_LETTER_ACTION
    asked = DeadLetterAction.model_validate(event.data)
    assert (asked.group, asked.dead_letter, asked.action) == ("conversations", "a", action)


def test_a_wake_up_that_failed_is_acted_on_by_any_topic_of_its_group(pasokh: Pasokh, data: Settings) -> None:
    set_aside(data, {"a": letter(1, topic="")})
    assert pasokh("dead-letters", "retry", "a").exit_code == 0
    [event] = published(data, "inbound", 1)
    assert event.type == DEAD_LETTER_ACTION


def test_an_action_on_a_letter_that_is_not_there_is_refused(pasokh: Pasokh, data: Settings) -> None:
    result = pasokh("dead-letters", "retry", "nothing")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "there is no dead letter nothing" in result.stderr
