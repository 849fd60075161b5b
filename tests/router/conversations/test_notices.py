"""Messages of the system reach the customer where they are, if the sending rules let them."""

from dataclasses import replace
from datetime import timedelta

from schemas.activity import Address
from schemas.channel import Capabilities, Window
from schemas.envelope import Event, decode
from schemas.identity import PersonKey
from schemas.outbound import OutboundMessage
from services.domain.conversation_state import ConversationState
from services.platform.processing.unit_of_work import PartitionContext, UnitOfWork
from services.records.conversations import PERSONS, MessageRecord
from services.router.conversations.domain.handoff import completed
from services.router.conversations.domain.plans import Judge
from services.router.conversations.notices import notify
from services.text.sentences import SentenceReader
from tests.router.conversations.page import PLAIN, Page

TEXT = "We are closed now."
SIDE = Address(chat="v", channel="webchat", account="main")


async def noticed(page: Page, case: ConversationState, capabilities: Capabilities = PLAIN) -> UnitOfWork:
    """The batch in which the system writes to the customer in private."""
    work = UnitOfWork(PartitionContext("conversations", 0, 1, 99), page.driver.now, page.driver.store)
    await work.preload([(PERSONS, [case.key])])
    notify(work, case, TEXT, "private", Judge("webchat", capabilities, SentenceReader("lv"), page.driver.now))
    return work


def events(work: UnitOfWork) -> list[Event]:
    return [decode(outgoing.value) for outgoing in work.outbox]


def outbound(work: UnitOfWork) -> list[OutboundMessage]:
    return [event.payload_as(OutboundMessage) for event in events(work) if event.type == "pasokh.outbound.message"]


def stored(work: UnitOfWork) -> MessageRecord:
    [message] = [value for value in work.written.values() if isinstance(value, MessageRecord)]
    return message


async def in_private() -> tuple[Page, ConversationState]:
    page = Page(PLAIN, webchat=True)
    await page.comment()
    return page, completed(page.case(), PersonKey("w", "webchat:main:v"), SIDE, page.driver.now)


async def test_notice_goes_to_the_channel_of_the_private_side() -> None:
    page, case = await in_private()
    work = await noticed(page, case)
    (message,) = outbound(work)
    assert (message.channel, message.account, message.address.chat) == ("webchat", "main", "v")
    assert message.recipient == PersonKey("w", "webchat:main:v")
    assert stored(work).channel == "webchat"


async def test_notice_without_an_address_is_stored_and_not_sent() -> None:
    page = Page(PLAIN)
    await page.comment(sensitive=False, masked=[])
    work = await noticed(page, page.case())
    assert [event.type for event in events(work)] == ["pasokh.conversation.replied"]


async def test_notice_that_the_rules_refuse_is_stored_with_the_reason() -> None:
    page, case = await in_private()
    case = replace(case, wrote_at={"private": page.driver.now - timedelta(hours=25)})
    work = await noticed(page, case, PLAIN.model_copy(update={"windows": (Window(seconds=86_400),)}))
    assert outbound(work) == []
    assert [event.type.rsplit(".", 1)[1] for event in events(work)] == ["replied", "reply_failed"]
    message = stored(work)
    assert (message.state, message.error and message.error.code) == ("failed", "window_closed")
    assert message.error is not None
    assert (
        message.error.detail
        == "Atbildes termiņš (24 stundas) beidzās plkst. 08:00. Gaidiet, līdz klients uzraksta vēlreiz."
    )
