"""Messages of the system reach the customer where they are."""

from schemas.activity import Address
from schemas.envelope import decode
from schemas.identity import PersonKey
from schemas.outbound import OutboundMessage
from services.platform.processing.unit_of_work import PartitionContext, UnitOfWork
from services.router.conversations.domain.handoff import completed
from services.router.conversations.notices import notify
from tests.router.conversations.page import PLAIN, Page


async def test_notice_goes_to_the_channel_of_the_private_side() -> None:
    page = Page(PLAIN, webchat=True)
    await page.comment()
    side = Address(chat="v", channel="webchat", account="main")
    case = completed(page.case(), PersonKey("w", "webchat:main:v"), side, page.driver.now)
    work = UnitOfWork(PartitionContext("conversations", 0, 1, 99), page.driver.now, page.driver.store)
    notify(work, case, "We are closed now.", "private")
    (message,) = [
        event.payload_as(OutboundMessage)
        for event in map(decode, [outgoing.value for outgoing in work.outbox])
        if event.type == "pasokh.outbound.message"
    ]
    assert (message.channel, message.account, message.address.chat) == ("webchat", "main", "v")
    (stored,) = [value for key, value in work.written.items() if key.collection == "messages"]
    assert stored.channel == "webchat"  # type: ignore[union-attr]  # a message


async def test_notice_without_an_address_is_stored_and_not_sent() -> None:
    page = Page(PLAIN)
    await page.comment(sensitive=False, masked=[])
    work = UnitOfWork(PartitionContext("conversations", 0, 1, 99), page.driver.now, page.driver.store)
    notify(work, page.case(), "We are closed now.", "private")
    assert [decode(outgoing.value).type for outgoing in work.outbox] == ["pasokh.conversation.replied"]
