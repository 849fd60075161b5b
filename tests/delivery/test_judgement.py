"""A message that waited is judged once more when it is sent: by its windows, and by what the customer wants by then."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.channel import Capabilities, Window
from schemas.contact import Consent
from schemas.conversation import Author
from schemas.identity import PersonKey
from schemas.outbound import MessageTemplate, OutboundMessage, SendWindow
from schemas.values import AgentLanguage, instant_text
from services.delivery.domain.outcomes import AttemptResult
from services.delivery.judgement import SenderRules, judge_again
from services.domain.conversation_state import Contact
from services.platform.store.codec import encode
from services.platform.store.port import Document, Key
from services.records.conversations import CONVERSATIONS, PERSONS
from tests.delivery.harness import NO_LIMITS, outbound
from tests.fakes import START, MemoryStore
from tests.router.conversations.test_responses import WAITING

DAY, WEEK = Window(seconds=86_400), Window(seconds=7 * 86_400, tag="HUMAN_AGENT", people_only=True)
LIKE_MESSENGER = NO_LIMITS.model_copy(update={"windows": (DAY, WEEK)})
LIKE_WHATSAPP = NO_LIMITS.model_copy(update={"windows": (DAY,), "templates": True})
BOT = Author(kind="bot")
KEY = "w/telegram:main:42"


def message(*windows: Window, **more: Any) -> OutboundMessage:
    window = SendWindow(since=START, windows=list(windows)) if windows else None
    return outbound("m").model_copy(update={"window": window, **more})


def hours(count: float) -> datetime:
    return START + timedelta(hours=count)


def known(wrote_after: float = 0, contact: Contact | None = None) -> MemoryStore:
    """A store with the conversation of the message, in which the customer wrote so many hours after it was accepted."""
    store = MemoryStore(CONVERSATIONS, PERSONS)
    case: Document = encode(WAITING)
    case |= {"wrote_at": {"private": instant_text(hours(wrote_after))}}
    store.documents[Key(CONVERSATIONS.name, "c-42")] = case
    if contact is not None:
        store.insert(PERSONS, contact.key, contact)
    return store


def contact(key: str = KEY, **more: Any) -> Contact:
    return Contact(key=key, workspace="w", person=key.split("/")[1], seen_at=START, **more)


def opted(consent: Consent, after: float, key: str = KEY) -> Contact:
    return contact(key, consent=consent, consent_at=hours(after))


async def judged(
    given: OutboundMessage, store: MemoryStore, after: float, capabilities: Capabilities = NO_LIMITS, zone: str = "UTC"
) -> OutboundMessage | AttemptResult:
    return await judge_again(given, SenderRules(capabilities, zone), store, hours(after))


@pytest.mark.parametrize(
    ("after", "wrote_after", "tag"),
    [
        (23, 0, None),
        (25, 0, "HUMAN_AGENT"),
        # The customer wrote again while the message waited.
        (25, 2, None),
        (24 * 7 + 1, 24, "HUMAN_AGENT"),
    ],
)
async def test_the_narrowest_open_window_gives_the_tag(after: float, wrote_after: float, tag: str | None) -> None:
    found = await judged(message(DAY, WEEK), known(wrote_after), after, LIKE_MESSENGER)
    assert isinstance(found, OutboundMessage)
    assert found.tag == tag


@pytest.mark.parametrize(
    ("given", "wrote_after", "language", "words"),
    [
        (message(DAY), 0, "en", "The 24-hour window closed on 2026-03-03 at 12:30; use a template."),
        # By the message that the customer wrote while it waited.
        (message(DAY), 5, "en", "The 24-hour window closed at 17:30; use a template."),
        (message(DAY), 5, "fa", "مهلت ۲۴ ساعته در ساعت ۱۷:۳۰ تمام شد؛ از یک قالب استفاده کنید."),
    ],
)
async def test_a_message_whose_windows_closed_fails_with_the_reason_in_its_authors_language(
    given: OutboundMessage, wrote_after: float, language: AgentLanguage, words: str
) -> None:
    given = given.model_copy(update={"language": language})
    after = 24 + wrote_after + (14 if wrote_after == 0 else 1)
    found = await judged(given, known(wrote_after), after, LIKE_WHATSAPP, zone="Asia/Tehran")
    assert isinstance(found, AttemptResult)
    assert (found.kind, found.code, found.detail) == ("refused", "window_closed", words)
    # What is in the sentence stands beside it.
    assert (found.reason, found.params["span"]) == ("window_closed_use_template", 24)


async def test_what_no_person_wrote_does_not_use_the_window_of_people() -> None:
    notice = message(DAY, author=BOT)
    found = await judged(notice, known(), 25, LIKE_MESSENGER)
    assert isinstance(found, AttemptResult)
    assert found.code == "window_closed"


async def test_a_template_goes_out_at_any_time() -> None:
    template = message(template=MessageTemplate(name="order_update", language="en"))
    assert await judged(template, known(), 24 * 30, LIKE_WHATSAPP) == template


@pytest.mark.parametrize(
    ("given", "person", "wrote_after", "code"),
    [
        (message(), None, 0, None),
        (message(), contact(), 0, None),
        (message(), contact(blocked=True), 0, "customer_blocked"),
        (message(), opted("opted_out", 1), 0, "opted_out"),
        # Opted out, and then wrote: an answer is wanted, and nothing else.
        (message(), opted("opted_out", 1), 2, None),
        (message(first=True), opted("opted_out", 1), 2, "opted_out"),
        (message(template=MessageTemplate(name="t", language="en")), opted("opted_out", 1), 2, "opted_out"),
        (message(), opted("opted_in", 3), 0, None),
        (message(first=True), opted("opted_in", 3), 0, None),
        (message(surface="public"), opted("opted_out", 1), 0, None),
        (message(private_reply=True), opted("opted_out", 1), 0, None),
    ],
)
async def test_a_message_that_waited_is_refused_when_its_customer_changed_their_mind(
    given: OutboundMessage, person: Contact | None, wrote_after: float, code: str | None
) -> None:
    capabilities = NO_LIMITS.model_copy(update={"templates": True})
    found = await judged(given, known(wrote_after, person), 4, capabilities)
    assert (found.code if isinstance(found, AttemptResult) else None) == code


async def test_a_message_that_waited_is_refused_with_the_time_of_the_opt_out() -> None:
    found = await judged(message(), known(0, opted("opted_out", 1)), 4, zone="Europe/Riga")
    words = "The customer asked at 12:00 for no more messages. You can answer once they write again."
    assert isinstance(found, AttemptResult)
    assert (found.kind, found.code, found.detail) == ("refused", "opted_out", words)


@pytest.mark.parametrize("after", [0.0, 4.0])
async def test_after_a_hand_off_the_person_of_the_private_side_decides(after: float) -> None:
    recipient = PersonKey("w", "webchat:main:v")
    store = known(-1, opted("opted_out", -0.5, str(recipient)))
    found = await judged(message(recipient=recipient), store, after)
    assert isinstance(found, AttemptResult)
    assert found.code == "opted_out"


async def test_what_is_sent_at_once_reads_nothing() -> None:
    store = MemoryStore()
    soon = START + timedelta(milliseconds=900)
    assert await judge_again(message(DAY), SenderRules(LIKE_MESSENGER, "UTC"), store, soon) == message(DAY)
    assert store.reads == []
