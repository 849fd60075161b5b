"""Where a file is now: the addresses of a webhook end after some days, and the Graph API gives new ones."""

from collections.abc import Callable
from urllib.parse import quote

from schemas.activity import Attachment, AttachmentKind
from schemas.values import Json
from services.channels.json_access import as_dict, dicts
from services.channels.meta.graph import GraphApi
from services.channels.meta.messaging.history import file_of
from services.channels.meta.publications import media as public_media
from services.channels.meta.webhook import web_url
from services.channels.port import CredentialsRejected, MediaLocation
from services.platform.http.outgoing import PermanentSendError, SendOutcomeUnknown, TransientSendError


async def locate(api: GraphApi, attachment: Attachment) -> MediaLocation:
    """The address that Meta gives now, else that of the webhook. Raises PermanentSendError `not_found` without either."""
    found = await _address_now(api, attachment) or attachment.url
    if found is None:
        raise PermanentSendError("not_found", "Meta gives no address of the file")
    return MediaLocation(found)


async def _address_now(api: GraphApi, attachment: Attachment) -> str | None:
    identity = attachment.platform_id or ""
    question = public_media.question(identity) or _of_message(identity, attachment.kind)
    if question is None:
        return None
    path, read = question
    try:
        return read(await api.get(path, {}))
    except (CredentialsRejected, PermanentSendError, SendOutcomeUnknown, TransientSendError):
        # The address of the webhook may still be good.
        return None


def _of_message(identity: str, kind: AttachmentKind) -> tuple[str, Callable[[dict[str, Json]], str | None]] | None:
    """The question about a file of a direct message, which has the message's id and its number in it."""
    mid, _, number = identity.rpartition("/")
    if not (mid and number.isdigit()):
        return None

    def read(message: dict[str, Json]) -> str | None:
        files = list(dicts(as_dict(message.get("attachments")).get("data")))
        shown = file_of(files[int(number)]) if int(number) < len(files) else {}
        return web_url(as_dict(shown.get("payload")).get("url")) if shown.get("type") == kind else None

    return f"{quote(mid, safe='')}?fields=attachments", read
