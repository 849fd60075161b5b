"""What an account at Twilio has: a number, or a name that stands in its place, and the auth token that signs and is signed in with."""

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.configuration import AccountBody
from services.channels.account_settings import AccountCredentials, OwnUrl, PrintableSecret, Rotating
from services.channels.port import Account

API_HOST = "https://api.twilio.com"
MAX_SEGMENTS = 10
"""A body has up to 1,600 characters (www.twilio.com/docs/api/errors/21617). Ten segments are at most 1,530, and carriers join no more."""
Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{5,14}$")]
"""A telephone number by E.164."""
SenderNumber = Annotated[
    str,
    StringConstraints(
        pattern=r"^(\+[1-9][0-9]{5,14}|[0-9]{3,8}|[A-Za-z][A-Za-z0-9 &_+-]{0,10}|[0-9][A-Za-z0-9 &_+-]{0,9}[A-Za-z])$"
    ),
]
"""A telephone number, a short code, or a name of up to 11 characters (www.twilio.com/docs/glossary/what-alphanumeric-sender-id)."""


class TwilioCredentials(AccountCredentials):
    """What Twilio's console shows, and the address by which it reaches us."""

    account_sid: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{2,64}$")] = Field(
        description="the Account SID on the console's first page, AC and 32 hexadecimal digits"
    )
    auth_token: Rotating[PrintableSecret] = Field(
        description="the auth token on the console's first page; while it rotates the new one first"
    )
    number: SenderNumber = Field(
        description="the number with its plus sign, like +15005550006, a short code, or a sender's name of up to 11 characters"
    )
    public_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$"), OwnUrl()] = Field(
        description="the address of this installation as Twilio calls it, like https://support.example, without query"
    )


def webhook_url(account: Account) -> str:
    """The address of an account's webhook, as Twilio calls it."""
    return f"{public_url(account)}/webhooks/{account.channel}/{account.workspace}/{account.id}"


def public_url(account: Account) -> str:
    """The address of this installation as Twilio calls it; empty where the account does not say."""
    return text_of_credential(account.body, "public_url").rstrip("/")


def text_of_credential(body: AccountBody, name: str) -> str:
    """A credential that is one text; empty where there is none."""
    value = body.credentials.get(name)
    return value if isinstance(value, str) else ""
