"""Calls the address by which a platform wants a handshake confirmed (SNS: `SubscribeURL`)."""

from services.platform.core.errors import Unavailable
from services.platform.http.outgoing import HttpClient, PermanentSendError, SendOutcomeUnknown, TransientSendError


class ConfirmationFailed(Unavailable):
    """The platform did not take the confirmation: it repeats the handshake."""


async def confirm(http: HttpClient, url: str) -> None:
    """Call the address through the guard. Raises ConfirmationFailed, which does not quote it: it may hold a token."""
    try:
        answer = await http.call("GET", url, idempotent=True)
    except (TransientSendError, PermanentSendError, SendOutcomeUnknown) as error:
        raise ConfirmationFailed(f"the handshake was not confirmed: {type(error).__name__}") from None
    if answer.status >= 300:
        raise ConfirmationFailed(f"the handshake was not confirmed: the platform answered {answer.status}")
