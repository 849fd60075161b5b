"""Direct messages, and what happened to them (docs.x.com/x-api/account-activity/introduction, .../x-api/activity/event-payloads).

Both forms have the same lists; only users are written in another way. Groups are not delivered.
"""

from collections.abc import Iterator, Mapping

from schemas.activity import Activity, Address, Attachment, PersonIdentity
from schemas.values import EncryptedText, Json
from services.channels.json_access import as_dict, as_id_str, as_str, dicts, drop_none
from services.channels.x_api.context import XCall, milliseconds
from services.channels.x_api.posts import XUser

ENCRYPTED = "encrypted"
SIGNED_HOSTS = ("https://ton.twitter.com/", "https://ton.x.com/")
"""Where files of direct messages are that take the user's signature; elsewhere their address is enough."""


def users_of(value: Json) -> dict[str, XUser]:
    """The users of a body by their ids: v1.1 has them directly, the Activity API under `data`."""
    found = {}
    for number, described in as_dict(value).items():
        user = as_dict(as_dict(described).get("data")) or as_dict(described)
        name = as_str(user.get("username")) or as_str(user.get("screen_name"))
        found[number] = XUser(id=number, name=as_str(user.get("name")), username=name)
    return found


def messages(call: XCall, body: Mapping[str, Json], raw: str) -> Iterator[Activity]:
    """The direct messages of a body: a customer's, or an echo of ours."""
    users = users_of(body.get("users"))
    for event in dicts(body.get("direct_message_events")):
        yield _message(call, event, users, raw)


def reads(call: XCall, body: Mapping[str, Json], raw: str) -> Iterator[Activity]:
    """That a customer has read all that we sent until then."""
    for event in dicts(body.get("direct_message_mark_read_events")):
        reader, at = as_id_str(event.get("sender_id")), milliseconds(event.get("created_timestamp"))
        name = as_id_str(event.get("last_read_event_id")) or ""
        if reader is None or at is None or call.is_own(reader):
            yield call.unknown(raw, f"read:{name}", None if call.is_own(reader) else reader)
        else:
            yield call.activity(
                "receipt",
                reader,
                "read",
                name,
                at.isoformat(),
                surface="private",
                receipt_state="read",
                watermark=at,
                sent_at=at,
            )


def typing(call: XCall, body: Mapping[str, Json], raw: str) -> Iterator[Activity]:
    """That somebody types: nothing to keep."""
    for event in dicts(body.get("direct_message_indicate_typing_events")):
        sender = as_id_str(event.get("sender_id"))
        at = as_id_str(event.get("created_timestamp")) or ""
        yield call.unknown(raw, f"typing:{sender}:{at}", None if call.is_own(sender) else sender)


def encrypted(call: XCall, payload: Mapping[str, Json], raw: str) -> Activity:
    """A message of X's encrypted chat, which no API can read: that a customer wrote is shown, not what."""
    sender, number = as_id_str(payload.get("sender_id")), as_str(payload.get("id"))
    if sender is None or number is None or call.is_own(sender):
        return call.unknown(raw, number or "", None if call.is_own(sender) else sender)
    return call.activity(
        "message",
        sender,
        "chat",
        number,
        surface="private",
        message=call.message_id("chat", number),
        platform_id=number,
        attachments=[Attachment(kind="other", details={"type": "unsupported", "reason": ENCRYPTED})],
        address=Address(chat=sender),
        sent_at=milliseconds(payload.get("created_at_msec")),
    )


def _message(call: XCall, event: Mapping[str, Json], users: Mapping[str, XUser], raw: str) -> Activity:
    said, number = as_dict(event.get("message_create")), as_id_str(event.get("id"))
    sender = as_id_str(said.get("sender_id"))
    is_own = call.is_own(sender)
    other = as_id_str(as_dict(said.get("target")).get("recipient_id")) if is_own else sender
    if number is None or other is None:
        return call.unknown(raw, number or "", other)
    data, user = as_dict(said.get("message_data")), users.get(other, XUser(id=other))
    author = users.get(sender or "", XUser())
    text = as_str(data.get("text"))
    return call.activity(
        "echo" if is_own else "message",
        other,
        "dm",
        number,
        author="account" if is_own else "customer",
        surface="private",
        person_name=None if is_own else user.name,
        message=call.message_id("dm", number),
        platform_id=number,
        text=EncryptedText(text=text) if text else None,
        attachments=list(_attachments(data)),
        links=[
            link
            for one in dicts(as_dict(data.get("entities")).get("urls"))
            if (link := as_str(one.get("expanded_url")))
        ],
        address=Address(chat=other),
        sent_at=milliseconds(event.get("created_timestamp")),
        identities=[PersonIdentity(kind="username", value=user.username, proven=True)]
        if user.username and not is_own
        else [],
        author_name=author.name if is_own else None,
        details=drop_none(data=as_str(as_dict(data.get("quick_reply_response")).get("metadata"))),
    )


def _attachments(data: Mapping[str, Json]) -> Iterator[Attachment]:
    attachment = as_dict(data.get("attachment"))
    medium = as_dict(attachment.get("media"))
    if as_str(attachment.get("type")) == "media" and medium:
        url, kind = as_str(medium.get("media_url_https")), as_str(medium.get("type"))
        if kind == "photo" and url is not None:
            is_signed = url.startswith(SIGNED_HOSTS)
            yield Attachment(kind="image", platform_id=url if is_signed else None, url=None if is_signed else url)
        else:
            yield Attachment(
                kind="other", details=drop_none(type=kind or "media", media_key=as_id_str(medium.get("id_str")))
            )
    elif attachment:
        yield Attachment(kind="other", details=drop_none(type=as_str(attachment.get("type")) or "attachment"))
