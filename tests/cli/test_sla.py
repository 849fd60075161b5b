"""`pasokh sla audit`: what it says of clocks that are true, and of one that is not."""

import json
from dataclasses import replace

from schemas.sla import ClockState
from services.composition import COLLECTIONS
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host import event_loop
from services.platform.host.engine import open_engine
from services.platform.store.port import Changes, Key, Put
from services.records.clocks import CLOCKS, clock_id
from services.records.conversations import CONVERSATIONS
from tests.cli.conftest import Pasokh
from tests.sla.harness import SlaHarness, at
from tests.sla.store_snapshot import store_snapshot


async def lived(settings: Settings, state: ClockState, heard: int | None = None) -> None:
    """A conversation whose promise broke, in the store of an installation; its clock rests in this state."""
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.run_until(at(61))
    await sla.receive_fact("noted", at(62))
    clock = replace(sla.clock(), state=state)
    tampered = Put(Key(CLOCKS.name, clock_id("c1", "first_response", 1)), clock)
    async with open_engine(settings, SystemTimeSource(), COLLECTIONS) as (store, _):
        await store.commit(Changes(puts=[*store_snapshot(sla, last_applied=heard), tampered]))


async def without_conversations(settings: Settings) -> None:
    """A workspace in which nobody has written yet."""
    sla = SlaHarness()
    await sla.receive_message(at(0))
    async with open_engine(settings, SystemTimeSource(), COLLECTIONS) as (store, _):
        await store.commit(
            Changes(puts=[put for put in store_snapshot(sla) if put.key.collection != CONVERSATIONS.name])
        )


def test_clocks_that_are_what_the_facts_say_are_said_to_be(pasokh: Pasokh, data: Settings) -> None:
    event_loop.run(lived(data, "breached"))
    result = pasokh("sla", "audit", "w")
    assert result.exit_code == 0
    assert "All clocks are what the facts say." in result.stdout
    assert "Conversations checked: 1. On their way, so not checked: 0." in result.stdout


def test_a_clock_that_differs_is_shown_and_fails(pasokh: Pasokh, data: Settings) -> None:
    event_loop.run(lived(data, "fulfilled"))
    result = pasokh("sla", "audit", "w", "--json")
    assert result.exit_code == 1
    [found] = json.loads(result.stdout)["items"]
    assert (found["what"], found["expected"], found["found"]) == ("state", "breached", "fulfilled")


def test_a_conversation_that_sla_has_not_heard_to_its_end_is_not_judged(pasokh: Pasokh, data: Settings) -> None:
    event_loop.run(lived(data, "fulfilled", heard=1))
    result = pasokh("sla", "audit", "w", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "conversations": 0,
        "on_their_way": 1,
        "partly_compared": [],
        "items": [],
        "next": None,
    }


def test_a_workspace_that_is_not_there_is_told(pasokh: Pasokh, data: Settings) -> None:
    result = pasokh("sla", "audit", "nobody")
    assert result.exit_code == 1
    assert "there is no workspace nobody" in result.stderr


def test_a_workspace_without_conversations_is_not_said_to_be_right(pasokh: Pasokh, data: Settings) -> None:
    event_loop.run(without_conversations(data))
    result = pasokh("sla", "audit", "w")
    assert result.exit_code == 0
    assert "Nothing was checked: w has no conversations." in result.stdout
    assert "All clocks" not in result.stdout


def test_where_all_is_on_its_way_nothing_is_said_to_be_right(pasokh: Pasokh, data: Settings) -> None:
    event_loop.run(lived(data, "fulfilled", heard=1))
    result = pasokh("sla", "audit", "w")
    assert "Nothing was checked: sla has not read every event of the conversations of w yet." in result.stdout
    assert "All clocks" not in result.stdout
