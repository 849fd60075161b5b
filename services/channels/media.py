"""Where the files of customers are: a channel with `ResolvesMedia` says it, and for others the attachment has the address."""

from schemas.activity import Attachment
from services.channels.port import Account, CredentialsRejected, MediaLocation
from services.channels.registry import ABILITIES
from services.platform.http.outgoing import HttpClient, PermanentSendError


async def locate_media(account: Account, attachment: Attachment, http: HttpClient) -> MediaLocation:
    """The file's location now. Raises PermanentSendError (codes `not_found`, `unauthorized` and others), TransientSendError,
    SendOutcomeUnknown.
    """
    adapter = ABILITIES.media.get(account.channel)
    if adapter is not None:
        try:
            return await adapter.locate(attachment, account, http)
        except CredentialsRejected as error:
            raise PermanentSendError("credentials", f"it refuses the account's credentials ({error})") from None
    if attachment.url is None:
        raise PermanentSendError("not_found", "the attachment has no address")
    return MediaLocation(attachment.url)
