"""What ingest adds to an activity before the log, and what it leaves alone."""

import json
from datetime import timedelta

import pytest

from schemas.activity import Activity, Attachment
from schemas.values import EncryptedText, Json
from services.channels.port import InvalidPayload
from services.ingest.enrichment import enrich
from services.ingest.parsing import preview_activities
from tests.fakes import START
from tests.ingest.harness import update

CARD = "4111111111111111"


def activity(text: str | None = None, *, public: bool = False, **changes: object) -> Activity:
    fields = {
        "id": "a",
        "workspace": "shop",
        "channel": "telegram",
        "account": "main",
        "kind": "message",
        "surface": "public" if public else "private",
        "person": "telegram:main:7",
        "text": EncryptedText(text=text) if text is not None else None,
        "received_at": START,
    }
    return Activity.model_validate(fields | changes)


def test_phone_is_personal_in_public_and_useful_in_private() -> None:
    private, public = (enrich(activity("call 0912 123 4567", public=p)) for p in (False, True))
    assert (private.text, private.masked, private.sensitive) == (EncryptedText(text="call 0912 123 4567"), [], False)
    assert (public.text, public.masked, public.sensitive) == (EncryptedText(text="call [phone]"), ["phone"], True)


def test_everything_a_person_wrote_is_masked() -> None:
    attachment = Attachment(kind="contact", name=CARD, platform_id=CARD, details={"phone": CARD, "deep": [{"x": CARD}]})
    details: dict[str, Json] = {"data": CARD, "quote": f"a {CARD}", "start": CARD, "command": CARD, "number": 5}
    found = enrich(activity(attachments=[attachment], details=details, person_name=CARD))
    assert found.attachments[0].model_dump()["details"] == {"phone": "[card]", "deep": [{"x": "[card]"}]}
    assert (found.attachments[0].name, found.attachments[0].platform_id) == ("[card]", CARD)
    card = "[card]"
    assert found.details == {"data": card, "quote": f"a {card}", "start": card, "command": card, "number": 5}
    assert (found.person_name, found.masked, found.sensitive) == ("[card]", ["card"], True)


def test_ids_of_the_platform_and_tokens_stay_whole() -> None:
    token = "A" * 10 + "-cvv-1234-pin-5678-" + "A" * 14
    details: dict[str, Json] = {"callback_query_id": CARD, "media_group_id": CARD, "start": token, "handoff": token}
    assert enrich(activity(details=details)).details == details


@pytest.mark.parametrize("start", [f"c-{CARD}-mac", f"{'A' * 20}-{CARD}-{'A' * 5}", "pin-1234"])
def test_what_is_no_token_of_ours_is_text(start: str) -> None:
    found = enrich(activity(details={"command": "start", "start": start}))
    assert found.details["start"] == start.replace(CARD, "[card]").replace("1234", "[code]")
    assert found.sensitive


@pytest.mark.parametrize("number", [int(CARD), -int(CARD), float(CARD)])
def test_a_number_may_be_a_card_as_well(number: float) -> None:
    found = enrich(activity(details={"latitude": number, "options": [5, 1_700_000_000, True]}))
    assert (found.masked, "1111" in str(found.details)) == (["card"], False)
    assert found.details["options"] == [5, 1_700_000_000, True]


def test_hint_of_the_platform_counts_among_what_is_expected() -> None:
    found = enrich(activity("👍", locale="lv"), ["en", "lv"])
    assert found.language == "lv"


def test_what_nobody_said_has_no_language() -> None:
    found = enrich(activity("Your order left", kind="echo"), ["en"])
    assert (found.language, found.intent, found.sentiment) == (None, None, None)


def test_parsing_a_body_has_understanding_and_repeats_exactly() -> None:
    first, again = (preview_activities("telegram", update("پولم رو پس بدید")) for _ in range(2))
    assert first == again
    assert (first[0].kind, first[0].language, first[0].intent) == ("message", "fa", "refund")
    assert json.loads(first[0].model_dump_json())["kind"] == "message"


def test_parsing_says_what_it_cannot_do() -> None:
    with pytest.raises(LookupError):
        preview_activities("pigeon", b"{}")
    for body in (b"{", b"[" * 10_000):
        with pytest.raises(InvalidPayload):
            preview_activities("telegram", body)


def test_times_in_the_future_are_none() -> None:
    """Else a "stop" of the year 3000 would outlast every later change, and a watermark read what is not written yet."""
    far, near = START + timedelta(days=365_000), START + timedelta(hours=23)
    given = activity("hello", sent_at=far, original_sent_at=far, watermark=far)
    found = enrich(given)
    assert (found.sent_at, found.original_sent_at, found.watermark) == (None, None, given.received_at)
    kept = {"sent_at": near, "original_sent_at": START, "watermark": near}
    assert enrich(given.model_copy(update=kept)).model_dump(include=set(kept)) == kept
