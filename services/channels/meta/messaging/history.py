"""Messages as the Graph API lists them afterwards, and the event by which a webhook reports each.

developers.facebook.com/docs/messenger-platform/conversations, …/docs/graph-api/reference/message. A message has the id that a
webhook gives it, so that what came by both is one message.
"""

from collections.abc import Collection, Iterator, Sequence
from urllib.parse import quote

from schemas.values import Json
from services.channels.json_access import as_dict, as_str, dicts, drop_none
from services.channels.meta.graph import GONE, GraphApi
from services.channels.meta.publications.catch_up import Edge, EdgeCall, Item, ListedChange, published_at
from services.channels.meta.webhook import as_platform_id, body_of, changes_of, own_entries
from services.channels.port import Request

FIELDS = "id,created_time,from,to,message,attachments,shares"


def conversations(platform: str) -> Edge:
    """The chats of an account with their latest messages, those with news first."""
    fields = f"updated_time,messages.limit(20){{{FIELDS}}}"
    parameters = {"platform": platform}
    return Edge(
        fields=fields, read=_messages, limit=10, parameters=parameters, path="me/conversations", is_optional=True
    )


def _messages(item: Item, call: EdgeCall) -> Iterator[ListedChange]:
    """The messages of a chat, and what the customer is called."""
    for message in dicts(as_dict(item.get("messages")).get("data")):
        at, event = published_at(message), to_event(message, call.of)
        if at is None or event is None:
            continue
        yield ListedChange(at, "messages", event)
        if names := _names(as_dict(message.get("from")), call.of):
            # Told anew with every message, and one activity: only what a person is called is part of its id.
            parties: Item = {"sender": event["sender"], "recipient": event["recipient"]}
            yield ListedChange(at, "messages", {**parties, "profile": names})


def _names(person: Item, own: str) -> Item:
    is_own = as_platform_id(person.get("id")) == own
    return {} if is_own else drop_none(name=as_str(person.get("name")), username=as_str(person.get("username")))


def to_event(message: Item, own: str) -> Item | None:
    """The event of a message; None where it does not say which of the two is the account `own`."""
    mid, sender = as_platform_id(message.get("id")), as_platform_id(as_dict(message.get("from")).get("id"))
    to = next((as_platform_id(one.get("id")) for one in dicts(as_dict(message.get("to")).get("data"))), None)
    if mid is None or sender is None or own not in (sender, to):
        return None
    files: list[Json] = [*_files(message)]
    text = as_str(message.get("message"))
    content = drop_none(mid=mid, text=text, attachments=files, is_echo=True if sender == own else None)
    if not (text or files):
        # A sticker, a story, or something of a type that the API does not show.
        content["is_unsupported"] = True
    parties: Item = {"sender": {"id": sender}, "recipient": {"id": to}}
    return {**parties, "timestamp": message.get("created_time"), "message": content}


def _files(message: Item) -> Iterator[Json]:
    for one in dicts(as_dict(message.get("attachments")).get("data")):
        yield file_of(one)
    for share in dicts(as_dict(message.get("shares")).get("data")):
        yield {"type": "share", "payload": drop_none(url=as_str(share.get("link")), title=as_str(share.get("name")))}


def file_of(one: Item) -> Item:
    """A file of a message as a webhook states it."""
    image, video = as_dict(one.get("image_data")), as_dict(one.get("video_data"))
    kind = "audio" if (as_str(one.get("mime_type")) or "").startswith("audio/") else "file"
    shown: tuple[str, Json] = (kind, one.get("file_url"))
    if image or video:
        shown = ("image", image.get("url")) if image else ("video", video.get("url"))
    return {"type": shown[0], "payload": drop_none(url=shown[1])}


# -- messages that an event names without saying who wrote them ----------------------------------------------------------


def named_messages(request: Request, own_ids: Collection[str | None]) -> list[str]:
    """The ids of an account's messages of which a webhook says neither who wrote them nor to whom."""
    events = (event for entry in own_entries(request, own_ids) for event in _events(entry))
    edits = (as_dict(event.get("message_edit")) for event in events if not as_dict(event.get("sender")))
    return list(dict.fromkeys(mid for edit in edits if (mid := as_platform_id(edit.get("mid"))) is not None))


def _events(entry: Item) -> Iterator[Item]:
    for field in ("messaging", "standby"):
        yield from dicts(entry.get(field))
    for change in changes_of(entry):
        yield as_dict(change.get("value"))


def is_message(named: str) -> bool:
    """Whether what was named is a message: its id is a word, and those of publications are digits."""
    return not named.replace("/", "").isdigit()


async def read_messages(api: GraphApi, mids: Sequence[str], subject: str) -> list[bytes]:
    """A webhook's body for each message; none for one that is gone.

    Raises TransientSendError, PermanentSendError, CredentialsRejected.
    """
    own = api.scope.own_id
    read = [await api.find(f"{quote(mid, safe='')}?fields={FIELDS}", GONE) for mid in mids]
    events = (to_event(message, own) for message in read if message is not None)
    return [body_of(subject, own, event["timestamp"], {"messaging": [event]}) for event in events if event is not None]
