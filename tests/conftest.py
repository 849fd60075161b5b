"""What holds for every test: real servers by fixture, no network otherwise, and one profile of Hypothesis."""

import os
from collections.abc import Iterator
from typing import Any

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


_made = Contract.made.__func__  # type: ignore[attr-defined]  # a class method has it


# Any: the values of any contract's fields.
def _made_rightly(contract: type[Contract], /, **values: Any) -> Contract:
    """What is made without a look at its values is what a look at them would have made."""
    made: Contract = _made(contract, **values)
    assert contract(**values) == made, f"{contract.__name__} of {values!r}"
    assert values.keys() == contract.model_fields.keys()
    return made


@pytest.fixture(autouse=True, scope="session")
def _shortcuts_lead_to_the_same() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Event, "tells", _tells_truly)
        patch.setattr(Contract, "made", classmethod(_made_rightly))
        yield
