"""Access tokens of the providers: those that Google gives to a service account, and what every token endpoint answers."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import jwt

from schemas.values import Json
from services.channels.json_access import as_int, as_str
from services.channels.port import Account, CredentialsRejected, RefreshedTokens
from services.channels.reviews.api import ACCESS_TOKEN, post_form
from services.platform.http.outgoing import HttpClient, PermanentSendError

GOOGLE_TOKENS = "https://oauth2.googleapis.com"
AUDIENCE = f"{GOOGLE_TOKENS}/token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME = timedelta(hours=1)


def access_token(answer: Mapping[str, Json]) -> str:
    """The token of an answer (RFC 6749, 5.1). Raises PermanentSendError where there is none."""
    token = as_str(answer.get(ACCESS_TOKEN))
    if token is None:
        raise PermanentSendError("rejected", "the provider gave no access token")
    return token


async def service_account_token(
    account: Account, base: str, scope: str, now: datetime, http: HttpClient
) -> RefreshedTokens:
    """A token for the key of a service account (developers.google.com/identity/protocols/oauth2/service-account).

    Raises CredentialsRejected for a key that does not sign, and as `RefreshesTokens.refresh`.
    """
    issued = int(now.timestamp())
    claims: dict[str, Json] = {
        "iss": account.token("client_email"),
        "scope": scope,
        "aud": AUDIENCE,
        "iat": issued,
        "exp": issued + int(LIFETIME.total_seconds()),
    }
    try:
        assertion = jwt.encode(claims, account.token("private_key"), algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError):
        raise CredentialsRejected("the private_key is no key of a service account (PEM, RS256)") from None
    form = {"grant_type": JWT_BEARER, "assertion": assertion}
    answer = await post_form(http, f"{base}/token", form, (assertion, account.token("private_key")))
    seconds = as_int(answer.get("expires_in")) or int(LIFETIME.total_seconds())
    return RefreshedTokens({ACCESS_TOKEN: access_token(answer)}, now + timedelta(seconds=seconds))
