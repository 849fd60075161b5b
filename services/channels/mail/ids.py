"""Ids of mails: Message-IDs (RFC 5322, 3.6.4), the ids that we make of them, and the token in addresses of ours."""

import re
from collections.abc import Iterable, Iterator

from schemas.outbound import OutboundMessage
from services.channels.mail.addresses import domain_of
from services.channels.mail.message import ReceivedMail
from services.channels.port import Account
from services.platform.core.identifiers import hashed_id, is_derived_id

MAX_IDS = 100
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,900})>")
_BARE_ID = re.compile(r"(?<![^<>\s,;@])[^<>\s,;@]{1,450}+@[^<>\s,;]{1,450}")
_OWN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_TOKEN = re.compile(r"[0-9a-f]{32}")


def message_ids(value: str) -> list[str]:
    """The Message-IDs of a header without angle brackets, in order, each once; programs also write them bare."""
    found = _MESSAGE_ID.findall(value) or _BARE_ID.findall(value)
    return list(dict.fromkeys(found))[-MAX_IDS:]


def own_message_id(message: str, from_address: str) -> str:
    """The Message-ID of a message of ours, without angle brackets; the same at every attempt."""
    return f"{message}@{domain_of(from_address)}"


def own_id(message_id: str, from_address: str) -> str | None:
    """The id of the message of ours that has this Message-ID; None for another's."""
    local, _, domain = message_id.rpartition("@")
    is_ours = domain.lower() == domain_of(from_address) and _OWN.fullmatch(local) and is_derived_id(local)
    return local if is_ours else None


def may_be_ours(message_id: str) -> bool:
    """Whether a mail of ours may have this Message-ID: it has our form, under whatever domain, or Amazon SES gave it."""
    local, _, domain = message_id.rpartition("@")
    return _OWN.fullmatch(local) is not None or domain.lower().endswith(".amazonses.com")


def mail_id(account: Account, message_id: str) -> str:
    """The id under which a mail of ours is found by its Message-ID."""
    return hashed_id(account.workspace, account.channel, account.id, "mail", message_id)


def named_mail(account: Account, message_id: str) -> list[str]:
    """The ids of what has this Message-ID, the best first: as it was sent, and our own id where it is in it."""
    own = own_id(message_id, account.token("from_address"))
    return [mail_id(account, message_id), *([own] if own else [])]


def plus_token(message: OutboundMessage) -> str | None:
    """What goes behind the `+` of an address, so that the answer names this message."""
    return message.id.replace("-", "") if is_derived_id(message.id) else None


def with_plus(address: str, token: str) -> str:
    """The address with a token behind its local part (RFC 5233)."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}"


def without_plus(address: str) -> str:
    """The address in lower case without what follows a `+` of its local part."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def named_by_token(addresses: Iterable[str]) -> Iterator[str]:
    """The ids of messages of ours that tokens in addresses name."""
    for address in addresses:
        token = address.lower().rpartition("@")[0].rpartition("+")[2]
        if _TOKEN.fullmatch(token):
            whole = "-".join((token[:8], token[8:12], token[12:16], token[16:20], token[20:]))
            if is_derived_id(whole):
                yield whole


def answered_mails(mail: ReceivedMail, account: Account, recipients: Iterable[str]) -> list[str]:
    """The ids of the mails that this one answers, the best first: In-Reply-To, References from the last, the token.

    A mail that names itself answers nothing by that.
    """
    itself = set(message_ids(mail.header("message-id")))
    referred = [*message_ids(mail.header("in-reply-to")), *reversed(message_ids(mail.header("references")))]
    named = [one for message_id in referred if message_id not in itself for one in named_mail(account, message_id)]
    return list(dict.fromkeys([*named, *named_by_token(recipients)]))[:MAX_IDS]


def content_id(mail: ReceivedMail, text: str) -> str:
    """A hash of who wrote what, when, and in answer to what: it tells mails apart that have one Message-ID, or none."""
    sender = mail.sender.address.lower() if mail.sender else ""
    stated = [mail.header(name) for name in ("date", "in-reply-to", "references", "auto-submitted", "x-autoreply")]
    return hashed_id(sender, *stated, mail.subject, " ".join(text.split()))
