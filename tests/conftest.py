"""What holds for every test: real servers by fixture, no network otherwise, and one profile of Hypothesis."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from schemas.envelope import Event
from schemas.values import Contract

pytest_plugins = ["tests.live_servers.fixtures", "tests.live_servers.sharing"]

# A slow machine is no counterexample; a failure prints what repeats it.
settings.register_profile("pasokh", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "pasokh"))

_tells = Event.tells


def _tells_truly(event: Event, known: Contract) -> Event:
    """What a process reads of its own event is what another one would."""
    read = type(known).model_validate(event.data)
    assert read == known, f"{event.type}: {read!r} is not {known!r}"
    return _tells(event, known)


@pytest.fixture(autouse=True, scope="session")
def _events_tell_the_truth() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Event, "tells", _tells_truly)
        yield
