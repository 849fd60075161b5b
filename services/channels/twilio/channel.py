"""What sms and voice have in common as channels: the proof, the answer, files and the check of an account."""

from schemas.activity import Attachment
from services.channels.port import Account, MediaLocation, Request, WebhookResponse
from services.channels.twilio.accounts import public_url
from services.channels.twilio.api import locate_file
from services.channels.twilio.signature import called_addresses, verify_signature
from services.platform.http.outgoing import HttpClient


class SignedByTwilio:
    """A channel whose calls carry Twilio's signature."""

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """Twilio tests no address: always None."""
        return None

    def verify(self, request: Request, account: Account) -> None:
        """Require Twilio's signature of the address and the form by any live auth token. Raises InvalidSignature."""
        verify_signature(request, account, called_addresses(public_url(account), request))

    async def locate(self, attachment: Attachment, account: Account, http: HttpClient) -> MediaLocation:
        """The address that the webhook named, with our credentials. See `ResolvesMedia`."""
        return locate_file(attachment, account)
