"""What holds for every test: real servers by fixture, no network otherwise, and one profile of Hypothesis."""

import gc
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import settings

from schemas.envelope import Event
from schemas.routing import Candidate
from schemas.values import Contract
from services.platform.processing.document_cache import DocumentCache, Written
from services.platform.store.port import Put
from services.platform.store.sqlite_documents import TableSchema, Values
from services.router.dispatch.domain import explain
from services.router.dispatch.domain.agent_index import AgentIndex, CandidateSet
from services.router.dispatch.domain.values import Agent, Task
from tests.examples import PROFILE

pytest_plugins = ["tests.live_servers.fixtures", "tests.live_servers.sharing"]

TESTS = Path(__file__).parent
settings.load_profile(PROFILE)

FOLDERS = {"live": "live", "browser": "live", "simulator": "simulator", "contracts": "adapters"}
"""The marker of every test below a folder of `tests`."""
LIVE_FIXTURES = frozenset({"kafka_server", "mongo_server", "stoppable_kafka", "stoppable_mongo", "kafka_cluster"})

_tells = Event.with_payload


def _tells_truly(event: Event, known: Contract) -> Event:
    """What a process reads of its own event is what another one would."""
    read = type(known).model_validate(event.data)
    assert read == known, f"{event.type}: {read!r} is not {known!r}"
    return _tells(event, known)


_made = vars(Contract)["unvalidated"]


# Any: the values of any contract's fields.
def _made_rightly(contract: type[Contract], /, **values: Any) -> Contract:
    """What is made without a look at its values is what a look at them would have made."""
    made: Contract = _made.__func__(contract, **values)
    assert contract(**values) == made, f"{contract.__name__} of {values!r}"
    assert values.keys() == contract.model_fields.keys()
    return made


_row = TableSchema.row


def _row_truly(shape: TableSchema, put: Put) -> Values:
    """What goes to SQLite straight, or as its text is known, is what would go by way of its document."""
    row = _row(shape, put)
    expected = _row(shape, Put(put.key, put.document))
    assert (orjson.loads(str(row[1])), row[2:]) == (orjson.loads(str(expected[1])), expected[2:])
    return row


_keep = DocumentCache.add


def _keep_truly(kept: DocumentCache, written: Written) -> None:
    """What is kept is what would be read."""
    for value in written.values():
        assert value is None or type(value).model_validate(value.model_dump(mode="json")) == value
    _keep(kept, written)


_eligible = explain._eligible


def _eligible_still(roster: AgentIndex, opening: CandidateSet, task: Task, agent: Agent) -> Candidate:
    """What a decision shows again is what it would show anew."""
    shown = _eligible(roster, opening, task, agent)
    assert shown == explain._compared(roster, task, agent, preferred=agent.id == task.preferred)
    return shown


_first = CandidateSet.first


def _first_of_all(opening: CandidateSet, most: int) -> list[str]:
    """Who comes first of a few is who comes first by the heaps."""
    first = _first(opening, most)
    assert first == list(islice(opening.ranked(), most))
    return first


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their folder and by the servers that they ask for; a `live` test may open sockets.

    A test marked `after_all` comes last, however the tests were shuffled.
    """
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        if folder in FOLDERS:
            item.add_marker(FOLDERS[folder])
        if LIVE_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("live")
        if item.get_closest_marker("live"):
            item.add_marker("enable_socket")
    items.sort(key=lambda item: item.get_closest_marker("after_all") is not None)


def pytest_collection_finish() -> None:
    """Keep Python from looking for garbage among all that was imported and collected, a fifth of the whole run's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


@pytest.fixture(autouse=True, scope="session")
def _shortcuts_lead_to_the_same() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Event, "with_payload", _tells_truly)
        patch.setattr(Contract, "unvalidated", classmethod(_made_rightly))
        patch.setattr(TableSchema, "row", _row_truly)
        patch.setattr(DocumentCache, "add", _keep_truly)
        patch.setattr(explain, "_eligible", _eligible_still)
        patch.setattr(CandidateSet, "first", _first_of_all)
        yield
