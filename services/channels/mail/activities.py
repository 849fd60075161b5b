"""What providers decode, as activities: mails, what became of ours, and notices."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.activity import Activity, ActivityKind, Address, ContactState, Participant, PersonIdentity
from schemas.values import EncryptedText
from services.channels.mail.attachments import attachments
from services.channels.mail.automatic import is_automatic, is_form_sender
from services.channels.mail.html_text import HtmlText, html_to_text
from services.channels.mail.ids import (
    answered_mails,
    content_id,
    mail_id,
    may_be_ours,
    message_ids,
    own_id,
    without_plus,
)
from services.channels.mail.message import DeliveryReport, Mailbox, MailItem, Notice, ReceivedMail
from services.channels.mail.mime import written_at
from services.channels.mail.quotes import split_reply
from services.channels.mail.reports import read_reports
from services.channels.port import NOBODY, Account, Request
from services.platform.core.identifiers import hashed_id

MAX_QUOTE = 100_000
FORWARDED_TO_HEADERS = ("delivered-to", "x-original-to", "x-forwarded-to")
"""Headers in which servers that pass a mail on name the address that it came to."""
CONTACT_STATES: Mapping[str, ContactState] = {"complained": "opted_out", "unsubscribed": "opted_out"}


def to_activities(item: MailItem, request: Request, account: Account) -> list[Activity]:
    """The activities of an item, in order; at least one."""
    return READERS[type(item)](item, Scope(request, account))


@dataclass(frozen=True, slots=True)
class Scope:
    """The call that an item came with, and the account."""

    request: Request
    account: Account

    def activity(
        self, kind: ActivityKind, person: str, *identity: str, **fields: Any
    ) -> Activity:  # Any: the fields' own
        """An activity of the account about a person; `identity` makes its id together with the kind."""
        account = self.account
        return Activity(
            id=hashed_id(account.workspace, account.channel, account.id, kind, *identity),
            workspace=account.workspace,
            channel=account.channel,
            account=account.id,
            kind=kind,
            surface="private",
            person=f"{account.channel}:{account.id}:{person.lower() or NOBODY}",
            received_at=self.request.received_at,
            **fields,
        )

    @property
    def own_addresses(self) -> list[str]:
        """The addresses of the mailbox."""
        further = self.account.body.settings.get("addresses")
        return [self.account.token("from_address"), *map(str, further if isinstance(further, list) else [])]

    def is_own(self, address: str) -> bool:
        """Whether an address is the account's, whatever follows its `+`."""
        return without_plus(address) in {without_plus(one) for one in self.own_addresses}


def _notice(item: Notice, scope: Scope) -> list[Activity]:
    return [
        scope.activity("unknown", NOBODY, item.id, details={"type": item.type}, missing_content=item.missing_content)
    ]


def _report(item: DeliveryReport, scope: Scope) -> list[Activity]:
    contact = CONTACT_STATES.get(item.state)
    if contact is not None:
        return [scope.activity("follow", item.recipient, item.id, contact_state=contact, sent_at=item.at)]
    # Through the same provider go newsletters and orders' mails: a report on one of them would wait for its message for weeks.
    if item.message_id is None or not may_be_ours(item.message_id):
        return [scope.activity("unknown", item.recipient, item.id, details={"type": f"report {item.state}"})]
    return [_receipt(item, item.message_id, scope)]


def _receipt(item: DeliveryReport, message_id: str, scope: Scope) -> Activity:
    own = own_id(message_id, scope.account.token("from_address"))
    return scope.activity(
        "receipt",
        item.recipient,
        item.id,
        message=mail_id(scope.account, message_id),
        aliases=[own] if own else [],
        receipt_state=item.state,
        failure=item.failure,
        sent_at=item.at,
    )


def _mail(mail: ReceivedMail, scope: Scope) -> list[Activity]:
    reports = read_reports(mail, scope.account)
    return [activity for item in reports for activity in READERS[type(item)](item, scope)] or [_written(mail, scope)]


def _written(mail: ReceivedMail, scope: Scope) -> Activity:
    """The activity of a mail that reports nothing: a message, an echo, or `unknown` for what is not ours but says so.

    Anybody can write our address into From, and an echo stops clocks. So a mail is of our side if a provider says that the
    domain of From is proven, or has a Message-ID of ours (such an echo stops nothing). Any other is a message.
    """
    identity = next(iter(message_ids(mail.header("message-id"))), "")
    own = own_id(identity, scope.account.token("from_address"))
    writer = _writer(mail, own, scope)
    if own is None and not scope.is_own(writer.address):
        return _message(mail, writer, identity, scope)
    customer, is_ours = _customer(mail, scope), _is_ours(mail, own)
    if customer and is_ours:
        return _echo(mail, customer, identity, own, scope)
    # A colleague's note to the mailbox alone is a message, whatever its provider says.
    if own is not None or (customer and is_ours is False):
        content = content_id(mail, mail.text or "")
        return scope.activity("unknown", NOBODY, "own", identity, content, details={"type": "own address"})
    return _message(mail, writer, identity, scope)


def _customer(mail: ReceivedMail, scope: Scope) -> Mailbox | None:
    """Whom a mail of our side is for."""
    return next((box for box in (*mail.to, *mail.cc) if not scope.is_own(box.address)), None)


def _is_ours(mail: ReceivedMail, own: str | None) -> bool | None:
    """Whether a mail from our address is of our side, as its provider says, else its Message-ID; None: nobody says so."""
    if mail.envelope.authenticated is None and own is not None:
        return True
    return mail.envelope.authenticated


def _writer(mail: ReceivedMail, own: str | None, scope: Scope) -> Mailbox:
    """Who wrote a mail: of a web page's form, which writes from our address or a machine's, whom Reply-To names."""
    writer = mail.sender or Mailbox(mail.envelope.sender or NOBODY)
    if own is None and (scope.is_own(writer.address) or is_form_sender(writer.address)):
        return next((box for box in mail.reply_to if not scope.is_own(box.address)), writer)
    return writer


def _message(mail: ReceivedMail, writer: Mailbox, identity: str, scope: Scope) -> Activity:
    content, fields = _content(mail, identity, scope)
    answer_to = next(iter(mail.reply_to), writer)
    # What is proven is the domain of From, never an address in Reply-To.
    is_proven = mail.envelope.authenticated is True and writer == mail.sender
    return scope.activity(
        "message",
        writer.address,
        identity,
        content,
        message=hashed_id(mail_id(scope.account, identity), content),
        aliases=[mail_id(scope.account, one) for one in message_ids(mail.header("message-id"))],
        person_name=writer.name,
        address=Address(chat=answer_to.address),
        identities=[PersonIdentity(kind="email", value=writer.address, proven=is_proven)],
        participants=_participants(mail, {writer.address, answer_to.address}, scope),
        **fields,
    )


def _echo(mail: ReceivedMail, customer: Mailbox, identity: str, own: str | None, scope: Scope) -> Activity:
    """A mail of our side: our own that came back, or one that a person of ours wrote in their mail program."""
    content, fields = _content(mail, identity, scope)
    known = mail_id(scope.account, identity)
    return scope.activity(
        "echo",
        customer.address,
        identity,
        content,
        author="account",
        author_name=mail.sender.name if mail.sender else None,
        message=known if own is not None else hashed_id(known, content),
        aliases=[own] if own is not None else [],
        own_reply=own is not None,
        person_name=customer.name,
        address=Address(chat=customer.address),
        participants=_participants(mail, {customer.address}, scope),
        **fields,
    )


def _content(mail: ReceivedMail, identity: str, scope: Scope) -> tuple[str, dict[str, Any]]:  # Any: the fields' own
    """A hash of what the mail says, and the fields of an activity that hold it."""
    shown = html_to_text(mail.html) if mail.html else HtmlText("")
    whole = mail.text if mail.text and mail.text.strip() else shown.text
    text, quote = _split(mail, whole)
    files = attachments(mail)
    # A mail whose subject says it all is no empty message.
    text = text or ("" if files else mail.subject)
    content = content_id(mail, whole)
    return content, {
        "platform_id": identity or content,
        "text": EncryptedText(text=text) if text else None,
        "quote": quote[:MAX_QUOTE] if quote else None,
        "links": list(shown.links),
        "sent_at": written_at(mail, scope.request.received_at),
        "replies_to": answered_mails(mail, scope.account, _recipient_addresses(mail)),
        "automatic": is_automatic(mail, scope.own_addresses),
        "subject": mail.subject,
        "attachments": files,
    }


def _split(mail: ReceivedMail, whole: str) -> tuple[str, str | None]:
    """What is new in a text, and what it quotes: as the provider has cut it where we see no quote."""
    split = split_reply(whole, mail.subject)
    text, everything, stripped = split.text.strip(), whole.strip(), (mail.envelope.stripped_text or "").strip()
    if split.quote is None and stripped not in ("", text) and everything.startswith(stripped):
        return stripped, everything.removeprefix(stripped).strip("\r\n") or None
    return text, split.quote


def _recipient_addresses(mail: ReceivedMail) -> list[str]:
    """Every address that the mail was sent, passed on, or written to."""
    forwarded_to = [address for name in FORWARDED_TO_HEADERS for address in mail.values(name)]
    return [*mail.envelope.recipients, *forwarded_to, *(box.address for box in (*mail.to, *mail.cc))]


def _participants(mail: ReceivedMail, known: Iterable[str], scope: Scope) -> list[Participant]:
    """Who else gets an answer: not the account itself, and not whom the answer goes to."""
    left_out = {address.lower() for address in known}
    accepted_for = {address.lower() for address in mail.envelope.recipients}
    found: dict[str, Participant] = {}
    for role, boxes in (("to", (*mail.reply_to[1:], *mail.to)), ("cc", mail.cc)):
        for box in boxes:
            key = box.address.lower()
            if key not in left_out and not scope.is_own(key) and key not in accepted_for:
                found.setdefault(
                    key, Participant.model_validate({"address": box.address, "name": box.name, "role": role})
                )
    return list(found.values())


# Any: each reader takes the type that it stands for.
READERS: Mapping[type, Callable[[Any, Scope], list[Activity]]] = {
    ReceivedMail: _mail,
    DeliveryReport: _report,
    Notice: _notice,
}
"""The type of an item → what it becomes."""
