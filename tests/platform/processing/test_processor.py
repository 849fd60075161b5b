"""What a processor's table promises: nothing is read, written or handled that it does not declare."""

from collections.abc import Iterable

import pytest

from schemas.values import Contract
from services.platform.processing.inputs import EffectCompleted, Input, ReceivedEvent, TimerFired
from services.platform.processing.processor import UndeclaredName
from services.platform.processing.reads import Documents, Read
from services.platform.processing.unit_of_work import UndeclaredRead, UnitOfWork
from services.platform.store.declared_writes import UndeclaredWrite
from services.platform.store.port import Collection, Key
from tests.driver import Driver
from tests.fakes import START
from tests.toy_processor import ToyProcessor


class Note(Contract):
    """A document of these tests."""

    next: str | None = None


NOTES = Collection("notes", Note, writer="notes")
FOREIGN = Collection("foreign", Note, writer="others")


class Notes(ToyProcessor):
    """Reads the note `a`, and writes into a collection."""

    group, topics, timers, collections = "notes", ("inbound",), ("close/",), (NOTES,)

    def __init__(self, *, read: str = "a", into: Collection[Note] = NOTES) -> None:
        self.read, self.into = read, into
        self.handled: list[Input] = []

    def reads(self, one: Input) -> Iterable[Read]:
        return (Documents(NOTES, ["a"]),)

    def decide(self, work: UnitOfWork, one: Input) -> None:
        work.get(NOTES, self.read)
        work.put(self.into, "b", Note())
        self.handled.append(one)


def driven(toy: Notes) -> Driver:
    return Driver(toy.bound(), (NOTES, FOREIGN))


def an_event(driver: Driver, event_type: str = "pasokh.inbound.message") -> ReceivedEvent:
    return driver.arrived("inbound", event_type, Note())


async def test_a_handler_that_reads_what_was_not_declared_fails() -> None:
    driver = driven(Notes(read="c"))
    with pytest.raises(UndeclaredRead, match="name it in `reads`"):
        await driver.batch([an_event(driver)])


async def test_a_handler_that_writes_to_a_collection_of_another_group_fails() -> None:
    driver = driven(Notes(into=FOREIGN))
    with pytest.raises(UndeclaredWrite, match="notes does not declare that it writes foreign"):
        await driver.batch([an_event(driver)])


async def test_a_timer_and_a_result_that_no_table_names_are_errors() -> None:
    driver = driven(Notes())
    for unknown in (TimerFired("open/a", START), TimerFired("close", START), EffectCompleted("call/a", None)):
        with pytest.raises(UndeclaredName):
            await driver.batch([unknown])


async def test_a_timer_is_named_by_its_prefix_and_an_event_by_its_family() -> None:
    toy = Notes()
    driver = driven(toy)
    await driver.batch([TimerFired("close/a", START), an_event(driver)])
    assert len(toy.handled) == 2


async def test_an_event_that_no_table_names_is_passed_by() -> None:
    toy = Notes()
    driver = driven(toy)
    await driver.batch([an_event(driver, "pasokh.unknown.thing")])
    assert toy.handled == []
    assert Key("notes", "b") not in driver.store.documents
