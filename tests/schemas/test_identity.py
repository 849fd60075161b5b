"""Who a person is, as text and in documents of older versions."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.identity import PersonKey, person_key
from services.platform.store.codec import encode
from services.records.conversations import CONVERSATIONS

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
CASE: dict[str, Any] = {
    "id": "c",
    "workspace": "alpha",
    "key": "alpha/api:main:7",
    "status": "assigned",
    "channel": "api",
    "account": "main",
    "surface": "private",
    "person": "api:main:7",
    "team": "default",
    "opened_at": AT,
    "updated_at": AT,
}


@pytest.mark.parametrize("person", ["webchat:main:user-u1", "api:main:a/b", "api:main:/", "telegram:main:-1"])
def test_a_person_key_is_what_its_text_was_made_of(person: str) -> None:
    assert person_key(str(PersonKey("alpha", person))) == PersonKey("alpha", person)


@pytest.mark.parametrize("text", ["webchat:main:user-u1", "api:main:a/b", ""])
def test_a_person_without_a_workspace_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match="workspace/channel"):
        person_key(text)


@pytest.mark.parametrize("person", ["webchat:main:user-u1", "api:main:a/b"])
def test_a_document_that_names_a_person_alone_means_one_of_its_own_workspace(person: str) -> None:
    case = CONVERSATIONS.decode({**CASE, "private_person": person})
    assert case.private_person == PersonKey("alpha", person)
    assert case.private_person != PersonKey("beta", person)


@pytest.mark.parametrize("kept", [None, PersonKey("alpha", "webchat:main:user-u1"), PersonKey("alpha", "api:main:a/b")])
def test_a_document_is_read_as_it_was_written(kept: PersonKey | None) -> None:
    case = CONVERSATIONS.decode({**CASE, "private_person": None if kept is None else str(kept)})
    assert CONVERSATIONS.decode(encode(case)) == case
    assert encode(case)["private_person"] == (None if kept is None else str(kept))
