"""The visitor's session token, signed by this installation. Pure."""

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt
from jwt.types import Options
from pydantic import ValidationError

from schemas.activity import PersonIdentity
from schemas.identity import PersonKey
from services.platform.core import base64url
from services.platform.core.identifiers import hashed_id
from services.platform.store.codec import codec_for

LIFETIME = timedelta(days=180)
ALGORITHM, TOKEN_TYPE = "HS256", "pasokh-visitor+jwt"
"""`typ` keeps tokens of another purpose apart, should one ever be signed with the same secret."""
FORMER_VERSION = "w1"
_WITHOUT_TIME: Options = {"verify_exp": False, "require": ["exp"]}
"""Expiry is judged by the service's own clock, and named apart from a signature that is not ours."""
ANONYMOUS, USER, HASHED_USER = "anon-", "user-", "hash-"
"""What visitor ids begin with, so that a shop's user cannot choose an id that equals another's, or the hash of another's."""
PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """The content of a session token. `handoff` is the checked token of the hand-off link that opened the session.

    `expires` is in Unix seconds. `generation` is the account's at that time; tokens of older versions have 0.
    """

    workspace: str
    account: str
    visitor: str
    expires: int
    name: str | None = None
    language: str | None = None
    handoff: str | None = None
    generation: int = 0

    @property
    def identities(self) -> list[PersonIdentity]:
        """Who they are in the shop's own system, as its server proved when the session began; none of an anonymous visitor."""
        if not self.visitor.startswith((USER, HASHED_USER)):
            return []
        return [PersonIdentity(kind="user", value=self.visitor.removeprefix(USER), proven=True)]

    @property
    def person(self) -> str:
        """`webchat:account:visitor`."""
        return f"webchat:{self.account}:{self.visitor}"

    @property
    def person_key(self) -> PersonKey:
        """The person with the workspace."""
        return PersonKey(self.workspace, self.person)

    @property
    def key(self) -> str:
        """The text of the person key."""
        return str(self.person_key)

    def is_expired(self, now: datetime) -> bool:
        return now.timestamp() >= self.expires


_VISITOR = codec_for(Visitor)


def encode_token(visitor: Visitor, secret: bytes) -> str:
    """The bearer token, a JWT. It is signed but not encrypted, so it holds only data that the visitor gave."""
    # Absent fields are left out: the token travels with every call.
    claims = {name: value for name, value in _VISITOR.encode(visitor).items() if value is not None}
    expires = claims.pop("expires")
    return jwt.encode({**claims, "exp": expires}, secret, ALGORITHM, headers={"typ": TOKEN_TYPE})


def decode_token(token: str, secret: bytes) -> Visitor | None:
    """The content of a token; None when its signature is not ours. The caller checks the expiry."""
    try:
        if token.startswith(f"{FORMER_VERSION}."):
            return _VISITOR.decode(json.loads(_former_claims(token, secret)))
        # The algorithm is fixed here and never taken from the token: `none`, or a public key as secret, would forge one.
        decoded = jwt.decode_complete(token, secret, [ALGORITHM], options=_WITHOUT_TIME)
        if decoded["header"].get("typ") != TOKEN_TYPE:
            return None
        claims = decoded["payload"]
        return _VISITOR.decode({**claims, "expires": claims.pop("exp", None)})
    except (jwt.InvalidTokenError, ValidationError, ValueError):
        return None


def _former_claims(token: str, secret: bytes) -> bytes:
    """The claims of a token that was given out before tokens were JWTs. Raises ValueError for one that we did not sign.

    Such tokens are valid for up to `LIFETIME` after the installation took the version with JWTs.
    """
    body, _, mac = token.rpartition(".")
    # The signature is verified before the claims are parsed, and compared in constant time.
    expected = base64url.encode(hmac.digest(secret, body.encode(errors="replace"), hashlib.sha256))
    if not hmac.compare_digest(expected.encode(), mac.encode(errors="replace")):
        raise ValueError("this token has another signature")
    return base64url.decode(body.removeprefix(f"{FORMER_VERSION}."))


def verify_identity_hash(user_id: str, user_hash: str, identity_secret: str) -> bool:
    """Whether the shop vouches for the user: `user_hash` must be the hex HMAC-SHA256 of the id under the secret."""
    # `hmac.compare_digest` refuses text that is not ASCII, so both sides are bytes.
    expected = hmac.new(identity_secret.encode(), user_id.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), user_hash.lower().encode(errors="replace"))


def new_visitor_id() -> str:
    """A random, unguessable visitor id."""
    return f"{ANONYMOUS}{secrets.token_hex(16)}"


def visitor_id_for_user(user_id: str) -> str:
    """The visitor id of a shop's user, the same on every device. Ids that do not fit into a person are hashed."""
    return f"{USER}{user_id}" if PLAIN_ID.fullmatch(user_id) else f"{HASHED_USER}{hashed_id('visitor', user_id)}"
