"""Access tokens that live for 60 days, and how they are renewed.

developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived, .../docs/instagram-platform/reference/refresh_access_token.
The token of a Page does not expire where it was got with a long-lived token of a person; that of an Instagram Login always does.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from schemas.configuration import AccountBody
from schemas.values import Json
from services.channels.errors_without_token import without_token
from services.channels.json_access import as_int, as_str
from services.channels.meta.graph import VERSION, GraphApi, post_form
from services.channels.meta.webhook import instant
from services.channels.port import Account, RefreshedTokens
from services.platform.http.outgoing import PermanentSendError

UNSTATED = timedelta(days=2)
"""How long a token is taken to live whose end nobody states: Instagram renews it from its second day on, and then states the end."""


def stated_expiry(body: AccountBody) -> datetime | None:
    """When the account says that its token expires (`settings.token_expires_at`)."""
    return instant(body.settings.get("token_expires_at"))


async def exchange_token(api: GraphApi, account: Account, now: datetime) -> RefreshedTokens:
    """`fb_exchange_token`: another token for the same Page.

    Raises CredentialsRejected, TransientSendError, PermanentSendError, SendOutcomeUnknown.
    """
    secret = account.token("app_secret")
    form = {
        "grant_type": "fb_exchange_token",
        "client_id": account.token("app_id"),
        "client_secret": secret,
        "fb_exchange_token": api.token,
    }
    # Posted, and not in the URL as the guide has it: a URL ends in the logs of whatever is in between.
    with without_token(api.token):
        return _refreshed(await post_form(api.http, f"{api.url}/oauth/access_token", form, secret), now)


async def refresh_instagram_token(api: GraphApi, account: Account, now: datetime) -> RefreshedTokens:
    """`ig_refresh_token`: the same account for 60 days more. Instagram refuses it for a token of less than a day. Raises as above."""
    # The only path without the version of the API.
    unversioned = replace(api, url=api.url.removesuffix(f"/{VERSION}"))
    path = "refresh_access_token?grant_type=ig_refresh_token"
    return _refreshed(await unversioned.call("GET", path, {}, idempotent=False), now)


def _refreshed(answer: dict[str, Json], now: datetime) -> RefreshedTokens:
    token, seconds = as_str(answer.get("access_token")), as_int(answer.get("expires_in"))
    if token is None:
        raise PermanentSendError("rejected", "Meta gave no new access token")
    return RefreshedTokens({"access_token": token}, now + timedelta(seconds=seconds) if seconds else None)
