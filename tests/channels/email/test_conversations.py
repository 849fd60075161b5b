"""Mails through ingest, router and sender: who gets an answer, which thread it joins, and what never opens a conversation."""

import json
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import cast

import pytest

from schemas.commands import CommandResult, WriteFirst
from schemas.outbound import OutboundMessage
from schemas.values import EncryptedText
from services.channels.email import Email
from services.channels.port import Request
from services.platform.store.collections import OUTCOMES
from services.records.blobs import read_blob
from services.records.conversations import CONVERSATIONS
from tests.channels.email import cases
from tests.channels.email.cases import CUSTOMER, FROM, bounce, written
from tests.channels.email.smtp_server import MailHttp, MailServer
from tests.channels.installation import Installation
from tests.channels.mail.providers import calls
from tests.channels.places import HELLO, REPORTED, SENT, WRITTEN

BEN = "ben@example.org"


@dataclass
class Mailbox:
    """An installation with a mailbox: what comes in, and what the mail server has accepted."""

    at: Installation
    server: MailServer

    async def opened(self, **headers: str) -> None:
        """The customer writes, and an agent answers."""
        await self.at.post(written("first@mail.example.org", "Where is it?", WRITTEN, **headers))
        self.at.now = SENT
        await self.at.house.assign()
        assert (await self.at.house.reply(text=HELLO)).status == "applied"
        await self.at.deliver()

    @property
    def last(self) -> EmailMessage:
        return self.server.accepted[-1].mail

    @property
    def last_id(self) -> str:
        return str(self.last["Message-ID"]).strip("<>")


@pytest.fixture
def mailbox(request: pytest.FixtureRequest) -> Mailbox:
    [place] = cases.places()
    server = cast(MailHttp, place.http).server
    return Mailbox(Installation(Email(), cases.account(getattr(request, "param", "mailgun")), place), server)


async def test_a_reply_goes_to_everybody_with_the_headers_of_its_thread(mailbox: Mailbox) -> None:
    await mailbox.opened(Cc=f"Ben Example <{BEN}>, {FROM}", References="<earlier@mail.example.org>")
    [accepted] = mailbox.server.accepted
    assert accepted.sender == FROM
    assert accepted.recipients == [CUSTOMER, BEN]
    mail = accepted.mail
    [reply] = [event for event in mailbox.at.house.driver.sent if event.type == "pasokh.outbound.message"]
    message = OutboundMessage.model_validate(reply.data)
    assert {
        name: mail[name] for name in ("From", "To", "Cc", "Subject", "Message-ID", "In-Reply-To", "References")
    } == {
        "From": FROM,
        "To": CUSTOMER,
        "Cc": f"Ben Example <{BEN}>",
        "Subject": "Re: Where is order 4711?",
        "Message-ID": f"<{message.id}@shop.example>",
        "In-Reply-To": "<first@mail.example.org>",
        "References": "<first@mail.example.org>",
    }
    assert mail["Reply-To"] == f"support+{message.id.replace('-', '')}@shop.example"
    assert mail["Auto-Submitted"] is None
    assert mail.get_content().strip() == HELLO


async def test_the_customers_answer_goes_on_with_the_conversation_and_names_the_reply(mailbox: Mailbox) -> None:
    await mailbox.opened()
    mailbox.at.now = REPORTED
    answer = written("second@mail.example.org", "Thanks", REPORTED, In_Reply_To=f"<{mailbox.last_id}>", Subject_="x")
    await mailbox.at.post(answer)
    assert len(mailbox.at.house.cases()) == 1
    first, reply, second = mailbox.at.house.messages()
    assert second.reply_to == reply.id
    assert mailbox.at.house.case().status == "assigned"
    await mailbox.at.house.reply(text="Bye")
    await mailbox.at.deliver()
    assert mailbox.last["References"] == "<first@mail.example.org> <second@mail.example.org>"
    assert first.subject == "Where is order 4711?"


async def test_somebody_in_copy_writes_in_the_thread_and_never_becomes_the_address(mailbox: Mailbox) -> None:
    await mailbox.opened(Cc=BEN)
    mailbox.at.now = REPORTED
    answer = written("ben@mail.example.org", "I have it", REPORTED, sender=BEN, In_Reply_To=f"<{mailbox.last_id}>")
    await mailbox.at.post(answer)
    assert len(mailbox.at.house.cases()) == 1
    assert mailbox.at.house.messages()[-1].author.id == f"email:main:{BEN}"
    await mailbox.at.house.reply(text="Fine")
    await mailbox.at.deliver()
    assert mailbox.server.accepted[-1].recipients == [CUSTOMER, BEN]
    assert mailbox.last["In-Reply-To"] == "<ben@mail.example.org>"


async def test_somebody_in_copy_may_answer_the_customers_own_mail(mailbox: Mailbox) -> None:
    await mailbox.at.post(written("first@mail.example.org", "Where is it?", WRITTEN, Cc=BEN))
    answer = written(
        "ben@mail.example.org", "I want it too", WRITTEN, sender=BEN, In_Reply_To="<first@mail.example.org>"
    )
    await mailbox.at.post(answer)
    assert len(mailbox.at.house.cases()) == 1
    assert len(mailbox.at.house.messages()) == 2


async def test_a_stranger_who_knows_a_message_id_has_a_conversation_of_their_own(mailbox: Mailbox) -> None:
    await mailbox.opened()
    answer = written("x@mail.example.org", "Hi", WRITTEN, sender="eve@example.net", In_Reply_To=f"<{mailbox.last_id}>")
    await mailbox.at.post(answer)
    assert [case.key for case in mailbox.at.house.cases()] == [
        f"shop/email:main:{CUSTOMER}",
        "shop/email:main:eve@example.net",
    ]


async def test_a_mail_comes_in_once_however_often_it_is_posted(mailbox: Mailbox) -> None:
    mail = written("first@mail.example.org", "Where is it?", WRITTEN)
    await mailbox.at.post(mail)
    await mailbox.at.post(mail)
    assert len(mailbox.at.house.messages()) == 1


async def test_two_mails_with_one_message_id_both_come_in(mailbox: Mailbox) -> None:
    await mailbox.at.post(written("same@mail.example.org", "one", WRITTEN))
    await mailbox.at.post(written("same@mail.example.org", "two", WRITTEN))
    assert [one.text.text for one in mailbox.at.house.messages() if one.text] == ["one", "two"]


async def test_the_files_of_a_mail_are_stored_with_the_message(mailbox: Mailbox) -> None:
    await mailbox.at.post((cases.PAYLOADS / "attachments.eml").read_bytes())
    [message] = mailbox.at.house.messages()
    stored = [await read_blob(mailbox.at.ingest.store, "shop", one.blob or "") for one in message.attachments]
    assert [(blob.name, blob.media_type, blob.digest) for blob in stored if blob is not None] == [
        ("photo.png", "image/png", message.attachments[0].digest),
        ("فاکتور.pdf", "application/pdf", message.attachments[1].digest),
        ("winmail.dat", "application/octet-stream", message.attachments[2].digest),
        (None, "application/octet-stream", message.attachments[3].digest),
    ]


# -- machines ------------------------------------------------------------------------------------------------------------

OUT_OF_OFFICE = {"Auto_Submitted": "auto-replied", "X_Auto_Response_Suppress": "All"}


async def test_an_out_of_office_answer_opens_nothing(mailbox: Mailbox) -> None:
    await mailbox.at.post(written("ooo@mail.example.org", "I am away", WRITTEN, **OUT_OF_OFFICE))
    assert mailbox.at.house.cases() == []
    assert mailbox.server.accepted == []


async def test_an_out_of_office_answer_reopens_nothing_and_starts_no_clock(mailbox: Mailbox) -> None:
    await mailbox.opened()
    await mailbox.at.house.resolve()
    mailbox.at.now = REPORTED
    headers = {**OUT_OF_OFFICE, "In_Reply_To": f"<{mailbox.last_id}>"}
    await mailbox.at.post(written("ooo@mail.example.org", "I am away", REPORTED, **headers))
    assert mailbox.at.house.case().status == "resolved"
    text = mailbox.at.house.messages()[-1].text
    assert text is not None
    assert text.text == "I am away"
    assert mailbox.at.house.facts("reopened") == []


async def test_an_out_of_office_answer_leaves_a_pending_conversation_pending(mailbox: Mailbox) -> None:
    await mailbox.opened()
    await mailbox.at.post(written("ooo@mail.example.org", "I am away", REPORTED, **OUT_OF_OFFICE))
    assert mailbox.at.house.case().status == "pending"


# -- bounces and our own mails -------------------------------------------------------------------------------------------


async def test_a_bounce_fails_its_reply_with_the_reason_and_gives_the_turn_back(mailbox: Mailbox) -> None:
    await mailbox.opened()
    mailbox.at.now = REPORTED
    await mailbox.at.post(bounce(mailbox.last_id, CUSTOMER))
    reply = mailbox.at.reply()
    assert reply.state == "failed"
    assert reply.error is not None
    said = f"550 5.1.1 <{CUSTOMER}>: no such user here"
    assert (reply.error.code, reply.error.params) == ("not_found", {"said": said})
    assert reply.error.detail == f"The platform knows no such recipient or message. ({said})"
    assert mailbox.at.house.case().status == "assigned"
    assert len(mailbox.at.house.messages()) == 2


async def test_a_bounce_of_a_copy_does_not_fail_the_reply(mailbox: Mailbox) -> None:
    await mailbox.opened(Cc=BEN)
    await mailbox.at.post(bounce(mailbox.last_id, BEN, copy=BEN))
    assert mailbox.at.reply().state == "sent"


async def test_a_delay_fails_nothing(mailbox: Mailbox) -> None:
    await mailbox.opened()
    await mailbox.at.post(bounce(mailbox.last_id, CUSTOMER, action="delayed", status="4.4.1"))
    assert mailbox.at.reply().state == "sent"


async def test_our_reply_that_comes_back_is_no_message(mailbox: Mailbox) -> None:
    await mailbox.opened()
    await mailbox.at.post(mailbox.server.accepted[-1].content)
    assert len(mailbox.at.house.messages()) == 2


def sent_by_our_side(mailbox: Mailbox, spf: str) -> Request:
    """A mail from our address to the customer, as SendGrid posts it with its check of SPF; none where that is empty."""
    headers = {"Cc": FROM, "In_Reply_To": "<first@mail.example.org>"}
    mail = written("omid@shop.example", "I called you", mailbox.at.now, sender=f"Omid <{FROM}>", to=CUSTOMER, **headers)
    stated = json.dumps({"from": FROM, "to": [FROM]})
    form = calls.form_call([("email", mail.decode()), ("envelope", stated), *([("SPF", spf)] if spf else [])])
    return calls.sendgrid_signed(form)


@pytest.mark.parametrize("mailbox", ["sendgrid"], indirect=True)
async def test_what_nobody_proves_to_be_ours_stops_no_clock(mailbox: Mailbox) -> None:
    await mailbox.at.post(written_to_sendgrid("first@mail.example.org"))
    mailbox.at.now = WRITTEN + timedelta(seconds=60)
    before = mailbox.at.house.case()
    await mailbox.at.post(sent_by_our_side(mailbox, spf=""))
    _, forged = mailbox.at.house.messages()
    assert (forged.direction, forged.author.kind) == ("inbound", "customer")
    assert forged.conversation != before.id
    assert mailbox.at.house.driver.get(CONVERSATIONS, before.id) == before


def written_to_sendgrid(message_id: str) -> Request:
    """A customer's mail as SendGrid posts it."""
    return calls.sendgrid_signed(calls.form_call([("email", written(message_id, "Where is it?", WRITTEN).decode())]))


@pytest.mark.parametrize("mailbox", ["sendgrid"], indirect=True)
async def test_what_a_colleague_writes_in_their_mail_program_answers_the_conversation(mailbox: Mailbox) -> None:
    await mailbox.at.post(written_to_sendgrid("first@mail.example.org"))
    mailbox.at.now = WRITTEN + timedelta(seconds=60)
    await mailbox.at.post(sent_by_our_side(mailbox, spf="pass"))
    _, answer = mailbox.at.house.messages()
    assert (answer.direction, answer.author.kind, answer.author.name) == ("outbound", "account", "Omid")
    assert mailbox.at.house.case().status == "pending"


async def test_a_card_number_in_a_mail_is_masked_and_no_machine_answers_it(mailbox: Mailbox) -> None:
    await mailbox.at.post(written("card@mail.example.org", "My card is 4111 1111 1111 1111", WRITTEN))
    [message] = mailbox.at.house.messages()
    assert message.masked == ["card"]
    await mailbox.at.deliver()
    assert mailbox.server.accepted == []


async def write_as_a_program(mailbox: Mailbox, text: str) -> CommandResult:
    """A program of the shop writes to the customer, without an agent."""
    person, house = f"email:main:{CUSTOMER}", mailbox.at.house
    command = WriteFirst(
        person=person, text=EncryptedText(text=text), accepted_at=mailbox.at.now, request_hash="h", agent=None
    )
    arrived = house.driver.arrived("commands", "pasokh.command.write_first", command, f"shop/{person}")
    await house.driver.batch([arrived])
    outcome = house.driver.get(OUTCOMES, arrived.event.id)
    assert outcome is not None
    return outcome


async def test_a_program_answers_another_once_an_hour(mailbox: Mailbox) -> None:
    """The other one does not say that it is one, so its mails are a person's."""
    at = mailbox.at
    await at.post(written("1@mail.example.org", "I am a robot", WRITTEN))
    at.now = SENT
    assert (await write_as_a_program(mailbox, "We have your mail.")).status == "applied"
    at.now = REPORTED
    assert (await write_as_a_program(mailbox, "And your order.")).status == "applied"
    await at.post(written("2@mail.example.org", "I am a robot", REPORTED))
    at.now = REPORTED + timedelta(minutes=10)
    refused = await write_as_a_program(mailbox, "We have your mail.")
    assert refused.problem is not None
    assert (refused.problem.status, refused.problem.title) == (409, "Automatic message held back")
    at.now = REPORTED + timedelta(minutes=70)
    assert (await write_as_a_program(mailbox, "We have your mail.")).status == "applied"
    await at.deliver()
    assert {one.mail["Auto-Submitted"] for one in mailbox.server.accepted} == {"auto-replied"}
