"""No text of an activity goes out as it was written: every field of the contract is redacted, or named with a reason."""

from collections.abc import Iterator
from datetime import UTC, datetime
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest

from schemas.activity import Activity, Attachment, PersonIdentity
from schemas.values import Contract, Surface
from services.ingest.enrichment import enrich
from services.ingest.redaction import NOT_WRITTEN_BY_PERSONS, TREATMENTS
from services.text.own import NO_OWN_IDENTIFIERS
from tests.fakes import START

CARD = "4539578763621486"


def parts(annotation: Any) -> Iterator[Any]:
    """Every type within an annotation, down to plain classes; `Any` is a JSON value."""
    origin = get_origin(annotation)
    if origin is Literal:
        return
    if origin is Annotated:
        yield from parts(get_args(annotation)[0])
    elif origin in (Union, UnionType, list, dict, tuple):
        for argument in get_args(annotation):
            yield from parts(argument)
    else:
        yield annotation


def is_contract(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Contract)


def contracts(model: type[Contract] = Activity) -> set[type[Contract]]:
    """The contracts that an activity consists of, itself included."""
    inside = {kind for field in model.model_fields.values() for kind in parts(field.annotation) if is_contract(kind)}
    return {model}.union(*(contracts(kind) for kind in inside))


def holds_text(kind: Any) -> bool:
    return kind is str or kind is Any or is_contract(kind)


@pytest.mark.parametrize("model", sorted(contracts(), key=str))
def test_every_field_of_text_is_redacted_or_named_with_a_reason(model: type[Contract]) -> None:
    texts = {name for name, field in model.model_fields.items() if any(map(holds_text, parts(field.annotation)))}
    treated, excused = set(TREATMENTS.get(model, {})), NOT_WRITTEN_BY_PERSONS.get(model, {})
    nested = {"identities"} if model is Activity else set()
    assert treated | set(excused) == texts, "a field is missing, or there is none of that name"
    assert not treated & set(excused) - nested
    assert all(reason.strip() for reason in excused.values())


def test_the_walk_finds_a_field_that_is_new() -> None:
    class Grown(Activity):
        motto: dict[str, list[str | None]] = {}

    texts = {name for name, field in Grown.model_fields.items() if any(map(holds_text, parts(field.annotation)))}
    assert texts - set(TREATMENTS[Activity]) - set(NOT_WRITTEN_BY_PERSONS[Activity]) == {"motto"}


def filled(annotation: Any) -> Any:
    """A value of an annotation whose every text is a card number."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return filled(get_args(annotation)[0])
    if origin is Literal:
        return get_args(annotation)[0]
    if origin in (Union, UnionType):
        return filled(next(kind for kind in get_args(annotation) if kind is not type(None)))
    if origin is list:
        return [filled(get_args(annotation)[0])]
    if origin is dict:
        return {"words": CARD, "deep": [{"number": int(CARD)}]}
    if is_contract(annotation):
        return {name: filled(field.annotation) for name, field in annotation.model_fields.items()}
    plain = {str: CARD, bool: False, int: 5, float: 5.0, Any: [CARD]}
    return plain.get(annotation, datetime(2026, 1, 1, tzinfo=UTC))


def paths(value: Any, path: str = "") -> Iterator[str]:
    """Where the card stands in a dumped activity, with dots between the names."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from paths(inner, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, path)
    elif CARD in str(value):
        yield path


@pytest.mark.parametrize("surface", ["private", "public"])
def test_a_card_in_every_field_stays_in_identifiers_alone(surface: str) -> None:
    everything = Activity.model_validate({**filled(Activity), "surface": surface, "received_at": START})
    found = enrich(everything, (), NO_OWN_IDENTIFIERS)
    identifiers = set(NOT_WRITTEN_BY_PERSONS[Activity])
    allowed = {"text.key", "failure.code", "failure.reason", "context.post", "context.parent", "answers.ref"}
    allowed |= {"call.id", "call.agent"}
    files = NOT_WRITTEN_BY_PERSONS[Attachment]
    allowed |= {f"{place}.{name}" for place in ("attachments", "call.recording") for name in files}
    left = set(paths(found.model_dump(mode="json")))
    assert {path for path in left if path.split(".")[0] not in identifiers} == allowed
    assert ("card" in found.masked, found.sensitive) == (True, True)
    assert found.identities == []


def identities(surface: Surface, *given: PersonIdentity) -> list[PersonIdentity]:
    fields: dict[str, Any] = {"id": "a", "workspace": "w", "channel": "api", "account": "main", "kind": "contact"}
    activity = Activity(**fields, person="api:main:1", surface=surface, identities=list(given), received_at=START)
    return enrich(activity).identities


def test_an_identity_that_had_to_be_redacted_is_none() -> None:
    email = PersonIdentity(kind="email", value="neda@example.com")
    vouched = PersonIdentity(kind="email", value="neda@example.com", proven=True)
    number = PersonIdentity(kind="platform", value=CARD, proven=True)
    typed = PersonIdentity(kind="platform", value=CARD)
    assert identities("private", email, vouched, number, typed) == [email, vouched, number]
    assert identities("public", email, vouched, number, typed) == [vouched, number]
