"""Signing in by an issuer: what is sent to it, and what its answer must say. Pure.

OpenID Connect Core 1.0 (3.1, authorization code flow), Discovery 1.0, PKCE (RFC 7636) and RFC 9207.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlencode, urlsplit

from schemas.values import Json

FLOW_LASTS = timedelta(minutes=10)
"""How long signing in at the issuer may take."""
CLOCK_LEEWAY = timedelta(seconds=60)
"""How far the clock of the issuer may be off."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Algorithms with a public key. `none` proves nothing, and with HS256 the public key would be the secret of a forger."""
Reason = Literal["refused", "expired", "not_proven", "no_agent", "unavailable"]
"""Why nobody is signed in: the issuer refused; it took too long, or began in another browser; the answer proves nothing; it names no
agent of the workspace; the issuer cannot be reached.
"""


class SignInFailed(Exception):
    """Nobody is signed in. `detail` is for the log; it holds no secret."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What the issuer knows of us, and the claim that names the agent."""

    issuer: str
    client_id: str
    redirect_uri: str
    scopes: str
    agent_claim: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One attempt to sign in, kept in a signed cookie of the browser until the issuer sends it back.

    `state` ties the answer to the browser, `nonce` the token to the attempt, `verifier` the code to us (PKCE).
    """

    state: str
    nonce: str
    verifier: str
    shared_computer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What the issuer publishes about itself (Discovery 1.0)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    basic_authentication: bool = True


def read_provider(issuer: str, document: Json) -> Provider:
    """The provider of a discovery document. Raises SignInFailed unless it is that of this issuer, with usable endpoints."""
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise SignInFailed("unavailable", "the discovery document is of another issuer")
    endpoints = [document.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    authorization, token, keys = (_endpoint(issuer, one) for one in endpoints)
    # The default of `token_endpoint_auth_methods_supported` is client_secret_basic.
    methods = document.get("token_endpoint_auth_methods_supported")
    basic = not isinstance(methods, list) or "client_secret_basic" in methods
    return Provider(
        authorization_endpoint=authorization, token_endpoint=token, jwks_uri=keys, basic_authentication=basic
    )


def _endpoint(issuer: str, value: Json) -> str:
    # An issuer at http is one on this machine: then its endpoints may be as well.
    schemes = ("https://", "http://") if issuer.startswith("http://") else ("https://",)
    if not isinstance(value, str) or not value.startswith(schemes):
        raise SignInFailed("unavailable", "the discovery document lacks an endpoint, or has one without https")
    return value


def authorization_url(provider: Provider, client: Client, flow: Flow) -> str:
    """Where the browser is sent."""
    query = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "scope": client.scopes,
        "state": flow.state,
        "nonce": flow.nonce,
        "code_challenge": code_challenge(flow.verifier),
        "code_challenge_method": "S256",
    }
    separator = "&" if urlsplit(provider.authorization_endpoint).query else "?"
    return f"{provider.authorization_endpoint}{separator}{urlencode(query)}"


def code_challenge(verifier: str) -> str:
    """RFC 7636, 4.2: the base64url of the SHA-256, without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def answered_code(client: Client, flow: Flow, query: Mapping[str, str]) -> str:
    """The code in the issuer's answer. Raises SignInFailed."""
    # The state first: without it, nothing in the answer is from a sign-in that this browser began.
    if not hmac.compare_digest(query.get("state", "").encode(), flow.state.encode()):
        raise SignInFailed("expired", "the state is not that of this browser")
    if query.get("iss", client.issuer) != client.issuer:
        raise SignInFailed("not_proven", "the answer is of another issuer")
    if "error" in query:
        raise SignInFailed("refused", f"the issuer answered {query['error'][:100]!r}")
    if not query.get("code"):
        raise SignInFailed("not_proven", "the answer has no code")
    return query["code"]


def named_agent(client: Client, flow: Flow, claims: Mapping[str, Json], now: datetime) -> str:
    """The agent whom a token with a valid signature names (Core 1.0, 3.1.3.7). Raises SignInFailed."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != client.issuer:
        raise SignInFailed("not_proven", "the token is of another issuer")
    if client.client_id not in audiences:
        raise SignInFailed("not_proven", "the token is for another client")
    if (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != client.client_id:
        raise SignInFailed("not_proven", "the token was given to another client")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), flow.nonce.encode()):
        raise SignInFailed("not_proven", "the token is of another sign-in")
    if not _is_current(claims, now):
        raise SignInFailed("not_proven", "the token has expired, or is not valid yet")
    agent = claims.get(client.agent_claim)
    if not isinstance(agent, str):
        raise SignInFailed("no_agent", f"the token has no text in the claim {client.agent_claim!r}")
    return agent


def _is_current(claims: Mapping[str, Json], now: datetime) -> bool:
    """Whether the token is valid now, by `exp` and `iat`, which it must have, and by `nbf`."""
    expires, issued = _seconds(claims.get("exp")), _seconds(claims.get("iat"))
    not_before = _seconds(claims.get("nbf", issued))
    if expires is None or issued is None or not_before is None:
        return False
    at, leeway = now.timestamp(), CLOCK_LEEWAY.total_seconds()
    return max(issued, not_before) - leeway <= at < expires + leeway


def _seconds(value: Json) -> float | None:
    """A time in Unix seconds; None for what is no number. `True` is none, although Python counts it as 1."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
