"""What an account of Messenger and one of Instagram have in common."""

from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from schemas.channel import Capabilities
from schemas.configuration import AccountBody
from services.channels.account_scope import scope_of
from services.channels.account_settings import (
    AccountCredentials,
    HandoffSettings,
    Rotating,
    Secret,
)
from services.channels.meta.entry import EntryContext, own_id
from services.channels.port import Account, Request

PlatformId = Annotated[str, StringConstraints(pattern=r"^[^\s/?#]{1,100}$")]
"""An id that Meta gave: digits, but that is Meta's matter."""
MetaSecret = Annotated[Secret, StringConstraints(pattern=r"^[!-~]+$")]
"""A secret or a token as Meta writes it: without spaces."""
VerifyToken = Annotated[Secret, StringConstraints(pattern=r"^\S{1,512}$")]
"""A word of one's own, which proves nothing but the test of our address: Meta signs every call. So it may be short."""
Username = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._]{1,100}$")]


class AppCredentials(AccountCredentials):
    """What Meta's app gives, and the word by which Meta proves itself at the first call."""

    app_secret: Rotating[MetaSecret] = Field(description="the App secret, under App settings > Basic")
    app_id: PlatformId | None = Field(
        None,
        description="the App ID, under App settings > Basic: it tells echoes of our own replies from those of others",
    )
    verify_token: Rotating[VerifyToken] = Field(
        description="a long text of your own without spaces, the same as in the app's webhook settings"
    )


class MessageSettings(HandoffSettings):
    """How the account is found, what Meta allows the app, and what it does not say by itself."""

    username: Username | None = Field(
        None, description="the account's name in links, like example.shop: for links from public places into the chat"
    )
    human_agent: bool = Field(
        True,
        description="false while Meta has not approved Human Agent for the app: no answer goes out after 24 hours then",
    )
    catch_up: bool = Field(
        True,
        description="false: nobody looks for comments and messages that Meta's calls have missed, and mentions are not read",
    )
    token_expires_at: AwareDatetime | None = Field(
        None,
        description="when the access token expires, like 2026-04-30T12:00:00Z: it is renewed before. Absent: it does not",
    )


def exchange_conflicts(body: AccountBody) -> list[tuple[str, str]]:
    """What Facebook needs to renew a token that expires."""
    if "token_expires_at" not in body.settings or "app_id" in body.credentials:
        return []
    return [
        ("/credentials/app_id", "app_id is required with settings.token_expires_at: it takes it to renew the token")
    ]


def entry_context(request: Request, account: Account, *names: str) -> EntryContext:
    """The context of a body for an account. `names` are the credentials that hold its ids; the first is its scope."""
    ids = [identity for name in names if (identity := own_id(account.body, name)) is not None]
    return EntryContext(
        scope=scope_of(account, own_id(account.body, names[0])),
        own_ids=frozenset(ids),
        app_id=own_id(account.body, "app_id"),
        secret=next(iter(account.secrets("app_secret")), ""),
        received_at=request.received_at,
    )


def capabilities_for(body: AccountBody, known: Capabilities) -> Capabilities:
    """What an account can do of what its channel can: without Human Agent only the windows that need no tag."""
    if body.settings.get("human_agent") is not False:
        return known
    return known.model_copy(update={"windows": tuple(window for window in known.windows if window.tag is None)})
