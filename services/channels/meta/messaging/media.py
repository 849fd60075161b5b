"""Where the files of a message are now: the addresses of a webhook end after some days, and the Graph API gives new ones."""

from urllib.parse import quote

from schemas.activity import Attachment
from schemas.values import Json
from services.channels.json_access import as_dict
from services.channels.meta.graph import GraphApi
from services.channels.meta.messaging.history import file_of
from services.channels.meta.webhook import dicts, web_url
from services.channels.port import CredentialsRejected, MediaLocation
from services.platform.http.outgoing import PermanentSendError, SendOutcomeUnknown, TransientSendError


async def locate(api: GraphApi, attachment: Attachment) -> MediaLocation:
    """The address that Meta gives now, else that of the webhook. Raises PermanentSendError `not_found` without either."""
    found = await _address_now(api, attachment) or attachment.url
    if found is None:
        raise PermanentSendError("not_found", "Meta gives no address of the file")
    return MediaLocation(found)


async def _address_now(api: GraphApi, attachment: Attachment) -> str | None:
    mid, _, number = (attachment.platform_id or "").rpartition("/")
    if not (mid and number.isdigit()):
        return None
    try:
        message = await api.get(f"{quote(mid, safe='')}?fields=attachments", {})
    except (CredentialsRejected, PermanentSendError, SendOutcomeUnknown, TransientSendError):
        # The address of the webhook may still be good.
        return None
    files = list(dicts(as_dict(message.get("attachments")).get("data")))
    shown: dict[str, Json] = file_of(files[int(number)]) if int(number) < len(files) else {}
    return web_url(as_dict(shown.get("payload")).get("url")) if shown.get("type") == attachment.kind else None
