"""The visitor's session token, signed by this installation. Pure."""

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

from pydantic import ValidationError

from schemas.identity import PersonKey
from schemas.values import Contract
from services.platform.core.identifiers import hashed_id

LIFETIME = timedelta(days=180)
VERSION = "w1"
PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Visitor(Contract):
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


def encode_token(visitor: Visitor, secret: bytes) -> str:
    """The bearer token. It is signed but not encrypted, so it holds only data that the visitor gave."""
    data = visitor.model_dump_json(exclude_none=True)
    body = f"{VERSION}.{_encoded(data.encode())}"
    return f"{body}.{_encoded(_mac(body, secret))}"


def decode_token(token: str, secret: bytes) -> Visitor | None:
    """The content of a token; None when its signature is not ours. The caller checks the expiry."""
    body, _, mac = token.rpartition(".")
    version, _, data = body.partition(".")
    expected = _encoded(_mac(body, secret))
    if version != VERSION or not hmac.compare_digest(expected.encode(), mac.encode(errors="replace")):
        return None
    try:
        return Visitor.model_validate_json(base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)))
    except (ValidationError, ValueError):
        return None


def verify_identity_hash(user_id: str, user_hash: str, identity_secret: str) -> bool:
    """Whether the shop vouches for the user: `user_hash` must be the hex HMAC-SHA256 of the id under the secret."""
    expected = hmac.new(identity_secret.encode(), user_id.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), user_hash.lower().encode(errors="replace"))


def new_visitor_id() -> str:
    """A random, unguessable visitor id."""
    return f"anon-{secrets.token_hex(16)}"


def visitor_id_for_user(user_id: str) -> str:
    """The visitor id of a shop's user, the same on every device. Ids that do not fit into a person are hashed.

    The prefixes keep plain and hashed ids apart.
    """
    return f"user-{user_id}" if PLAIN_ID.fullmatch(user_id) else f"hash-{hashed_id('visitor', user_id)}"


def _mac(body: str, secret: bytes) -> bytes:
    return hmac.new(secret, body.encode(errors="replace"), hashlib.sha256).digest()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
