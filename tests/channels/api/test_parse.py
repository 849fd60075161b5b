"""Every fixture and what it becomes; what is refused, and with which words."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.activity import Activity, Address, Attachment, PersonIdentity
from schemas.values import EncryptedText, Failure
from services.channels.api import Api
from services.channels.port import InvalidPayload, PartlyInvalidPayload
from services.ingest.parsing import preview_activities
from tests.channels.api.cases import PAYLOADS, account, payload, request

CARDS = ("4111 1111 1111 1111", "5555 5555 5555 4444")

SARA = "api:main:buyer-7"
NAMES = sorted(path.stem for path in PAYLOADS.glob("*.json"))

# fixture → kind, surface, person, thread, text
EXPECTED: dict[str, list[tuple[str, str, str, str | None, str | None]]] = {
    "message": [("message", "private", SARA, None, "سلام، سفارش من کجاست؟")],
    "message_in_public": [("message", "public", SARA, "post/44", "where is my parcel")],
    "message_in_public_without_thread": [("message", "public", SARA, "public", "hello all")],
    "message_with_files": [("message", "private", SARA, None, None)],
    "message_with_number_ids": [("message", "private", "api:main:7", None, "numbers are ids too")],
    "echo": [("echo", "private", SARA, None, "I answer by phone: tomorrow")],
    "edit": [("edit", "private", SARA, None, "سلام، سفارش ۱۲۳ کجاست؟")],
    "edit_without_id": [("edit", "private", SARA, None, "again")],
    "delete": [("deletion", "private", SARA, None, None)],
    "reaction": [("reaction", "private", SARA, None, None)],
    "reaction_taken_back": [("reaction", "private", SARA, None, None)],
    "receipt": [("receipt", "private", SARA, None, None)],
    "unheard_of": [("unknown", "private", SARA, None, None)],
    "unheard_of_by_nobody": [("unknown", "private", "api:main:none", None, None)],
    "list": [
        ("message", "private", SARA, None, "one"),
        ("message", "private", "api:main:buyer-8", None, "two"),
        ("deletion", "private", SARA, None, None),
    ],
}


def parsed(name: str, **call: Any) -> list[Activity]:
    return Api().parse(request(payload(name), **call), account())


def one(name: str, **call: Any) -> Activity:
    [found] = parsed(name, **call)
    return found


def of(body: object, **call: Any) -> list[Activity]:
    return Api().parse(request(json.dumps(body).encode(), **call), account())


@pytest.mark.parametrize("name", NAMES)
def test_each_fixture_becomes_what_the_table_says(name: str) -> None:
    found = [(a.kind, a.surface, a.person, a.thread, a.text.text if a.text else None) for a in parsed(name)]
    assert found == EXPECTED[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_repeat_is_the_same_activities(name: str) -> None:
    assert parsed(name, off=200) == parsed(name)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("edit_without_id", "unheard_of_by_nobody")])
def test_what_has_an_id_of_its_own_is_the_same_in_any_call(name: str) -> None:
    assert [a.id for a in parsed(name, identity="call-2")] == [a.id for a in parsed(name)]


def test_an_edit_without_an_id_is_one_per_call() -> None:
    assert one("edit_without_id", identity="call-2").id != one("edit_without_id").id


def test_edit_deletion_and_reaction_are_about_the_message_of_that_id() -> None:
    message = one("message")
    about = [one(name).message for name in ("edit", "delete", "reaction", "reaction_taken_back")]
    assert about == [message.message] * 4
    assert len({message.id, *(one(name).id for name in ("edit", "delete", "reaction", "reaction_taken_back"))}) == 5


def test_another_person_cannot_edit_it() -> None:
    foreign = of({"type": "edit", "message": "m-1", "person": {"id": "buyer-8"}, "text": "mine now"})
    assert foreign[0].message != one("message").message


def test_a_receipt_is_about_the_reply_as_it_was_posted() -> None:
    receipt = one("receipt")
    assert receipt.aliases == ["0195511e-0000-7000-8000-00000000000a"]
    assert receipt.receipt_state == "read"


def receipt(**fields: Any) -> Activity:
    body = {"type": "receipt", "person": {"id": "buyer-7"}, **fields}
    (found,) = Api().parse(request(json.dumps(body).encode()), account())
    return found


def test_a_receipt_has_the_reason_of_a_failure_and_the_time_of_a_watermark() -> None:
    failed = receipt(message="x-1", state="failed", error={"code": "no_account", "detail": "No account."})
    assert (failed.receipt_state, failed.failure) == ("failed", Failure(code="no_account", detail="No account."))
    assert failed.aliases == []
    mark = receipt(state="read", watermark="2026-03-01T09:00:00Z")
    assert (mark.receipt_state, mark.watermark, mark.message) == ("read", datetime(2026, 3, 1, 9, tzinfo=UTC), None)
    assert receipt(message="x-1", state="failed", error={"code": "No!"}).failure is None


@pytest.mark.parametrize(
    "fields", [{}, {"state": "failed", "watermark": "2026-03-01T09:00:00Z"}, {"message": "x-1", "state": "seen"}]
)
def test_a_receipt_names_a_message_or_a_time(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidPayload):
        receipt(**fields)


def test_what_is_known_of_the_person_is_kept() -> None:
    message = one("message")
    assert message.person_name == "Sara Amini"
    assert (message.locale, message.details) == ("fa", {})
    assert message.identities == [
        PersonIdentity(kind="email", value="sara@example.com"),
        PersonIdentity(kind="phone", value="+37120000001"),
    ]


def test_answers_go_to_the_person_and_in_public_to_the_message() -> None:
    assert one("message").address == Address(chat="buyer-7")
    assert one("message_in_public").address == Address(chat="buyer-7", thread="post/44", reply_to="c-9")


def test_files_are_kept_with_their_addresses() -> None:
    assert one("message_with_files").attachments == [
        Attachment(kind="image", url="https://cdn.example.com/a.jpg", media_type="image/jpeg", size_bytes=1200),
        Attachment(kind="file", url="https://cdn.example.com/b.pdf", name="invoice.pdf"),
    ]


def test_of_an_unknown_type_nothing_but_its_name_is_kept() -> None:
    assert "kept nowhere" not in one("unheard_of").model_dump_json()
    assert one("unheard_of").details == {"raw": "typing"}


REFUSED: list[tuple[object, str]] = [
    ([], "neither an object nor a list"),
    ("text", "neither an object nor a list"),
    ([1, 2], "neither an object nor a list"),
    (
        [{"id": "1"}, 2],
        "item 0: type: is needed, one of message, echo, edit, delete, reaction, receipt, contact, call, survey_answer; item 1: it is no object",
    ),
    ({"id": "1"}, "item 0: type: is needed"),
    ({"type": "message", "person": {"id": "a"}, "text": "x"}, "item 0: id: Field required"),
    ({"type": "message", "id": "1", "text": "x"}, "item 0: person: Field required"),
    ({"type": "message", "id": "1", "person": {}, "text": "x"}, "item 0: person/id: Field required"),
    ({"type": "message", "id": "1", "person": {"id": ""}, "text": "x"}, "item 0: person/id:"),
    ({"type": "message", "id": "1", "person": {"id": "a"}}, "give a text, attachments or a review"),
    ({"type": "message", "id": "1", "person": {"id": "a"}, "text": "  "}, "give a text, attachments or a review"),
    ({"type": "message", "id": "1", "person": {"id": "a"}, "text": "x", "surface": "both"}, "item 0: surface:"),
    ({"type": "message", "id": "1", "person": {"id": "a"}, "text": "x", "sent_at": "2026-03-01T12:00:00"}, "sent_at:"),
    ({"type": "edit", "person": {"id": "a"}, "text": "x"}, "item 0: message: Field required"),
    ({"type": "delete", "person": {"id": "a"}}, "item 0: message: Field required"),
    ({"type": "receipt", "message": "m", "person": {"id": "a"}, "state": "eaten"}, "item 0: state:"),
]


@pytest.mark.parametrize(("body", "words"), REFUSED)
def test_a_malformed_body_is_told_what_is_wrong(body: object, words: str) -> None:
    with pytest.raises(InvalidPayload) as refused:
        of(body)
    assert words in str(refused.value)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"NaN", b'{"type": "\\ud800"'])
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(InvalidPayload, match="no JSON"):
        Api().parse(request(body), account())


GOOD = {"type": "message", "id": "1", "person": {"id": "a"}, "text": "x"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"text": "my order \ud83d is late"}, {"text": "my order \ufffd is late"}),
        ({"text": "my \x00order"}, {"text": "my order"}),
        ({"person": {"id": "a\x00", "name": "\udc00A"}}, {"person": "api:main:a", "person_name": "\ufffdA"}),
        ({"person": {"id": "a", "name": None, "language": None, "email": None}}, {"details": {}, "person_name": None}),
        ({"person": {"id": "a", "language": "klingon!"}}, {"details": {}}),
        ({"person": {"id": "a", "name": ["x"], "email": {"a": 1}, "phone": "1" * 2000}}, {"details": {}}),
        ({"person": {"id": "a", "name": "\u200b\u3164"}}, {"person_name": None}),
        (
            {"surface": None, "thread": None, "sent_at": None, "attachments": None, "reply_to": None},
            {"surface": "private"},
        ),
        (
            {"attachments": [{"url": "ftp://x"}, 7, {"url": "https://a.example/1", "kind": "hologram"}]},
            {"attachments": 1},
        ),
        ({"attachments": {"url": "https://a.example"}}, {"attachments": 0}),
        ({"attachments": [{"url": "https://a.example/1", "size_bytes": -1, "name": None}]}, {"attachments": 1}),
    ],
)
def test_what_nobody_needs_decides_over_no_message(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    (found,) = preview_activities("api", json.dumps(GOOD | changes).encode())
    document = found.model_dump(mode="json")
    assert document["text"] is not None
    for name, value in expected.items():
        got = {"text": document["text"]["text"], "attachments": len(document["attachments"])}.get(name, document[name])
        assert got == value


def test_null_in_an_object_of_a_list_means_absent_too() -> None:
    (found,) = of(GOOD | {"attachments": [{"url": "https://a.example/1", "kind": None, "name": None}]})
    assert found.attachments == [Attachment(kind="file", url="https://a.example/1")]
    survey = {"type": "survey_answer", "id": "1", "person": {"id": "a"}}
    (answered,) = of(survey | {"answers": [{"ref": "q1", "question": None, "value": 5}]})
    assert [(answer.ref, answer.question, answer.value) for answer in answered.answers] == [("q1", None, 5)]
    with pytest.raises(InvalidPayload, match="answers/0/value"):
        of(survey | {"answers": [{"ref": "q1", "value": None}]})
    with pytest.raises(InvalidPayload, match="answers/0/value"):
        of(survey | {"answers": [{"ref": "q1", "value": ["a", None]}]})


def test_bytes_that_are_no_text_lose_no_message() -> None:
    body = json.dumps(GOOD | {"text": "CUT"}).encode().replace(b"CUT", "سلام".encode()[:-1])
    (found,) = preview_activities("api", body)
    assert found.text == EncryptedText(text="سلا\ufffd")


def test_invisible_words_alone_are_no_message() -> None:
    with pytest.raises(InvalidPayload, match="give a text, attachments or a review"):
        of(GOOD | {"text": "\u200b\u2800\u0301"})


def test_one_bad_item_does_not_lose_the_others() -> None:
    with pytest.raises(PartlyInvalidPayload) as part:
        of([GOOD, {"type": "message", "id": "2", "person": {}}, 3, GOOD | {"id": 4}])
    assert [a.platform_id for a in part.value.activities] == ["1", "4"]
    assert [(i.index, i.id, i.refusal is None) for i in part.value.items] == [
        *((0, "1", True), (1, "2", False)),
        *((2, None, False), (3, "4", True)),
    ]


def test_the_id_of_an_edit_does_not_tell_what_was_masked() -> None:
    edits = [{"type": "edit", "message": "1", "person": {"id": "a"}, "text": f"card {card}"} for card in CARDS]
    first, second = (preview_activities("api", json.dumps(one).encode())[0] for one in edits)
    other = preview_activities("api", json.dumps(edits[0] | {"text": "no card"}).encode())[0]
    assert first.id == second.id != other.id


def test_a_refusal_never_repeats_a_value() -> None:
    card = "5555 5555 5555 4444"
    body = {
        "type": "message",
        "id": "1",
        "person": {"id": "a"},
        "text": {"inner": card},
        "surface": card,
        "sent_at": card,
    }
    with pytest.raises(InvalidPayload) as refused:
        of(body)
    assert "5555" not in str(refused.value)


def test_the_command_line_reads_bodies_without_a_signature() -> None:
    assert [a.kind for a in preview_activities("api", payload("list"))] == ["message", "message", "deletion"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("id", "type", "person", "surface", "thread", "text", "sent_at", "attachments", "reply_to", "message", "state")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, anything)), st.sampled_from(sorted(EXPECTED)))
def test_whatever_is_posted_is_activities_or_malformed(changes: dict[str, Any], name: str) -> None:
    base = json.loads(payload(name))
    body = {**base, **changes} if isinstance(base, dict) else [*base, changes]
    try:
        found = of(body)
    except InvalidPayload:
        return
    assert all(a.workspace == "shop" and a.person.startswith("api:main:") for a in found)
