"""`pasokh sla audit`: what it says of clocks that are true, and of one that is not."""

import json

from schemas.case import Case
from schemas.envelope import Event
from services.composition import COLLECTIONS
from services.records.clocks import CLOCKS, clock_id
from services.records.conversations import CONVERSATIONS
from services.runtime import loop
from services.runtime.clock import SystemClock
from services.runtime.collections import FACTS, Fact
from services.runtime.engine import open_engine
from services.runtime.settings import Settings
from services.runtime.store.port import Changes, Document, Key, Put
from tests.cli.conftest import Pasokh
from tests.sla.cases import Sla, at


async def lived(settings: Settings, state: str) -> None:
    """A conversation whose promise broke, in the store of an installation; its clock rests in this state."""
    sla = Sla()
    await sla.customer(at(0))
    await sla.pass_to(at(61))
    clock = sla.clock().model_copy(update={"state": state})
    case = Case(**dict(sla.case), key="w/telegram:main:1", rule="default", config_version=3)
    puts = [Put(key, document) for key, document in sla.documents.rest.items() if key.collection != "timers"]
    puts += [Put(Key(FACTS.name, event.id), _kept(event)) for event in sla.heard]
    puts.append(Put(Key(CLOCKS.name, clock_id("c1", "first_response", 1)), clock.model_dump(mode="json")))
    puts.append(Put(Key(CONVERSATIONS.name, "c1"), case.model_dump(mode="json")))
    async with open_engine(settings, SystemClock(), COLLECTIONS) as (store, _):
        await store.commit(Changes(puts=puts))


def _kept(event: Event) -> Document:
    return Fact(**dict(event), conversation="c1").model_dump(mode="json")


def test_clocks_that_are_what_the_facts_say_are_said_to_be(pasokh: Pasokh, data: Settings) -> None:
    loop.run(lived(data, "breached"))
    result = pasokh("sla", "audit", "w")
    assert result.exit_code == 0
    assert "All clocks are what the facts say." in result.stdout


def test_a_clock_that_differs_is_shown_and_fails(pasokh: Pasokh, data: Settings) -> None:
    loop.run(lived(data, "fulfilled"))
    result = pasokh("sla", "audit", "w", "--json")
    assert result.exit_code == 1
    [found] = json.loads(result.stdout)["items"]
    assert (found["what"], found["expected"], found["found"]) == ("state", "breached", "fulfilled")


def test_a_workspace_that_is_not_there_is_told(pasokh: Pasokh, data: Settings) -> None:
    result = pasokh("sla", "audit", "nobody")
    assert result.exit_code == 1
    assert "there is no workspace nobody" in result.stderr
