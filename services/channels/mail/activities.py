"""What providers decode, as activities: mails, what became of ours, and notices."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.activity import Activity, ActivityKind, Address, ContactState, Participant, PersonIdentity, ReceiptState
from schemas.values import EncryptedText
from services.channels.mail.attachments import attachments
from services.channels.mail.html_text import html_to_text
from services.channels.mail.ids import answered_mails, content_id, mail_id, message_ids, own_id, without_plus
from services.channels.mail.message import DeliveryReport, Mailbox, MailItem, Notice, ReceivedMail
from services.channels.port import Account, Request
from services.platform.core.identifiers import hashed_id

NOBODY = "none"
"""The external id where a call names no person."""
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

    def is_own(self, address: str) -> bool:
        """Whether an address is the account's, whatever follows its `+`."""
        further = self.account.body.settings.get("addresses")
        own = [self.account.token("from_address"), *(further if isinstance(further, list) else [])]
        return without_plus(address) in {without_plus(str(one)) for one in own}


def _notice(item: Notice, scope: Scope) -> list[Activity]:
    return [scope.activity("unknown", NOBODY, item.id, details={"type": item.type})]


def _report(item: DeliveryReport, scope: Scope) -> list[Activity]:
    contact = CONTACT_STATES.get(item.state)
    if contact is not None:
        return [scope.activity("follow", item.recipient, item.id, contact_state=contact, sent_at=item.at)]
    if item.message_id is None:
        return [scope.activity("unknown", item.recipient, item.id, details={"type": f"report {item.state}"})]
    return [_receipt(item, item.message_id, scope)]


STATES: Mapping[str, ReceiptState] = {"sent": "sent", "delivered": "delivered", "read": "read", "failed": "failed"}


def _receipt(item: DeliveryReport, message_id: str, scope: Scope) -> Activity:
    own = own_id(message_id, scope.account.token("from_address"))
    return scope.activity(
        "receipt",
        item.recipient,
        item.id,
        message=mail_id(scope.account, message_id),
        aliases=[own] if own else [],
        receipt_state=STATES[item.state],
        failure=item.failure,
        sent_at=item.at,
    )


def _mail(mail: ReceivedMail, scope: Scope) -> list[Activity]:
    text = mail.text if mail.text is not None else html_to_text(mail.html or "").text
    writer = mail.sender or Mailbox(mail.envelope.sender or NOBODY)
    content = content_id(mail, text)
    identity = next(iter(message_ids(mail.header("message-id"))), "")
    recipients = [*mail.envelope.recipients, *(box.address for box in (*mail.to, *mail.cc))]
    answer_to = next(iter(mail.reply_to), writer)
    return [
        scope.activity(
            "message",
            writer.address,
            identity,
            content,
            person_name=writer.name,
            message=hashed_id(mail_id(scope.account, identity), content),
            platform_id=identity or content,
            text=EncryptedText(text=text.strip()) if text.strip() else None,
            address=Address(chat=answer_to.address),
            sent_at=mail.sent_at,
            replies_to=answered_mails(mail, scope.account, recipients),
            identities=[PersonIdentity(kind="email", value=writer.address, proven=mail.envelope.authenticated is True)],
            subject=mail.subject,
            participants=_participants(mail, {writer.address, answer_to.address}, scope),
            attachments=attachments(mail),
        )
    ]


def _participants(mail: ReceivedMail, known: Iterable[str], scope: Scope) -> list[Participant]:
    """Who else gets an answer: not the account itself, and not whom the answer goes to."""
    left_out = {address.lower() for address in known}
    found: dict[str, Participant] = {}
    for role, boxes in (("to", (*mail.reply_to[1:], *mail.to)), ("cc", mail.cc)):
        for box in boxes:
            key = box.address.lower()
            if key not in left_out and not scope.is_own(key):
                found.setdefault(
                    key, Participant.model_validate({"address": box.address, "name": box.name, "role": role})
                )
    return list(found.values())


READERS: Mapping[type, Callable[[Any, Scope], list[Activity]]] = {
    ReceivedMail: _mail,
    DeliveryReport: _report,
    Notice: _notice,
}
"""The type of an item → what it becomes."""
