"""Who pushes a message of Pub/Sub: Google signs a token for the subscription (cloud.google.com/pubsub/docs/authenticate-push-subscriptions).

The token says who calls and whom; it does not cover the body. A JSON Web Token is read here as strictly as it is written (RFC 7515, 2).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import jwt
from jwt.types import Options

from schemas.values import Json
from services.channels.json_access import as_dict, as_str, dicts, number
from services.channels.live_secrets import is_live_secret
from services.channels.port import InvalidSignature, Request
from services.platform.core import base64url
from services.platform.http.lenient_json import read_json

GOOGLE_KEYS = "https://www.googleapis.com/oauth2/v3/certs"
ISSUERS = ("https://accounts.google.com", "accounts.google.com")
SKEW = timedelta(minutes=5)
MAX_TOKEN = 8192
READ_TIMES: Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}
"""The times and the audience are judged here: by the time of receipt, and against each live value."""


def verify_push(request: Request, audiences: Sequence[str], emails: Sequence[str]) -> None:
    """Require a token of Google for one of the audiences, given to one of these service accounts. Raises InvalidSignature."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not _is_canonical(token):
        raise InvalidSignature("the Authorization header has no token as Pub/Sub sends it")
    claims = _verified_claims(token, request)
    _require_time(claims, request)
    if as_str(claims.get("iss")) not in ISSUERS:
        raise InvalidSignature("the token is not issued by Google")
    if not is_live_secret(as_str(claims.get("aud")) or "", audiences):
        raise InvalidSignature("the token is not for the account's audience")
    if claims.get("email_verified") is not True or not is_live_secret(as_str(claims.get("email")) or "", emails):
        raise InvalidSignature("the token is not that of the account's push_email")


def _is_canonical(token: str) -> bool:
    """Whether each of the three parts is the only way to write its bytes: decoders skip what does not belong there."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > MAX_TOKEN or not token.isascii():
        return False
    try:
        return all(base64url.encode(base64url.decode(part)) == part for part in parts)
    except ValueError:
        return False


def _verified_claims(token: str, request: Request) -> Mapping[str, Json]:
    try:
        kid = as_str(jwt.get_unverified_header(token).get("kid"))
        keys = as_dict(read_json(request.public_keys[GOOGLE_KEYS]))
        key = next(one for one in dicts(keys.get("keys")) if one.get("kid") == kid and one.get("kty") == "RSA")
        claims: Mapping[str, Json] = jwt.decode(
            token, jwt.PyJWK(dict(key), "RS256"), algorithms=["RS256"], options=READ_TIMES
        )
    except (jwt.PyJWTError, KeyError, StopIteration, ValueError, RecursionError):
        raise InvalidSignature("the token is not signed by a key of Google") from None
    return claims


def _require_time(claims: Mapping[str, Json], request: Request) -> None:
    expires, issued = number(claims.get("exp")), number(claims.get("iat"))
    now, skew = request.received_at.timestamp(), SKEW.total_seconds()
    if expires is None or issued is None or now > expires + skew or issued > now + skew:
        raise InvalidSignature("the token has expired, or is not valid yet")
