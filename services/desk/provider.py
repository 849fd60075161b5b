"""Calls to the issuer, through the guarded client: its discovery document, its keys, and the exchange of a code for a token."""

import asyncio
import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import jwt
import orjson
from jwt.types import Options

from schemas.values import Json
from services.desk.domain.oidc import ALGORITHMS, Client, Flow, Provider, Reason, SignInFailed, read_provider
from services.platform.core.time_source import TimeSource
from services.platform.http.outgoing import (
    HttpClient,
    HttpResponse,
    PermanentSendError,
    SendOutcomeUnknown,
    TransientSendError,
)

DISCOVERY_PATH = "/.well-known/openid-configuration"
CACHED_SECONDS = 3600.0
RETRY_SECONDS = 5.0
KEYS_AGAIN_SECONDS = 60.0
"""How old the keys must be before they are read again for a token of an unknown key."""


@dataclass(slots=True)
class _Cached:
    """A document, and when it was read, in monotonic seconds."""

    document: Json
    at: float


@dataclass(slots=True)
class Issuer:
    """The issuer, as far as it is called. Discovery and keys are cached for an hour."""

    client: Client
    client_secret: str | None
    http: HttpClient
    time_source: TimeSource
    _cache: dict[str, _Cached] = field(default_factory=dict)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _retry_at: float = -math.inf

    async def provider(self) -> Provider:
        """What the issuer publishes. Raises SignInFailed."""
        url = self.client.issuer.rstrip("/") + DISCOVERY_PATH
        return read_provider(self.client.issuer, await self._read(url, CACHED_SECONDS))

    async def claims(self, code: str, flow: Flow) -> Mapping[str, Json]:
        """The claims of the token that a code is exchanged for; its signature is valid. Raises SignInFailed."""
        provider = await self.provider()
        body, headers = token_request(self.client, self.client_secret, provider, code, flow)
        answer = _json(await self._call("POST", provider.token_endpoint, body, headers))
        token = answer.get("id_token") if isinstance(answer, dict) else None
        if not isinstance(token, str):
            raise SignInFailed("not_proven", "the issuer gave no token for the code")
        return await self._verified(token, provider)

    async def _verified(self, token: str, provider: Provider) -> Mapping[str, Json]:
        keys = await self._read(provider.jwks_uri, CACHED_SECONDS)
        if not _has_key(token, keys):
            # The issuer may have changed its keys since.
            keys = await self._read(provider.jwks_uri, KEYS_AGAIN_SECONDS)
        return verified_claims(token, keys)

    async def _read(self, url: str, max_age: float) -> Json:
        # One call at a time, and none for some seconds after one that failed: anybody may begin to sign in.
        async with self._reading:
            now = self.time_source.monotonic()
            cached = self._cache.get(url)
            if cached is not None and now - cached.at < max_age:
                return cached.document
            if now < self._retry_at:
                raise SignInFailed("unavailable", "the issuer could not be called some seconds ago")
            try:
                document = _json(await self._call("GET", url))
            except SignInFailed:
                self._retry_at = now + RETRY_SECONDS
                raise
            self._cache[url] = _Cached(document, now)
            return document

    async def _call(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        try:
            answer = await self.http.call(method, url, body, headers)
        except (TransientSendError, PermanentSendError, SendOutcomeUnknown) as error:
            raise SignInFailed("unavailable", f"the issuer cannot be called: {error}") from error
        if answer.status == 200:
            return answer
        # A code that was used, has expired or was never given is the browser's fault, not the issuer's.
        reason: Reason = "not_proven" if method == "POST" and answer.status < 500 else "unavailable"
        raise SignInFailed(reason, f"the issuer answered {method} with {answer.status}")


def token_request(
    client: Client, secret: str | None, provider: Provider, code: str, flow: Flow
) -> tuple[bytes, dict[str, str]]:
    """Body and headers of the exchange (RFC 6749, 4.1.3; RFC 7636, 4.5). A client without a secret is a public one."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": flow.verifier,
    }
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    if secret is not None and provider.basic_authentication:
        # RFC 6749, 2.3.1: both are form-encoded first.
        pair = f"{quote(client.client_id, safe='')}:{quote(secret, safe='')}"
        headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form |= {"client_id": client.client_id} | ({"client_secret": secret} if secret is not None else {})
    return urlencode(form).encode(), headers


def verified_claims(token: str, keys: Json) -> Mapping[str, Json]:
    """The claims of a token that one of these keys signed. Times and names are checked by `named_agent`. Raises SignInFailed."""
    algorithm, key = _signing_key(token, keys)
    unchecked: Options = {"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False}
    try:
        # The algorithm is one of ours and fits the key: PyJWT refuses an RSA key for ES256 and the reverse.
        claims: Mapping[str, Json] = jwt.decode(token, key.key, algorithms=[algorithm], options=unchecked)
    except jwt.PyJWTError as error:
        raise SignInFailed("not_proven", f"the token is not valid: {type(error).__name__}") from error
    return claims


def _has_key(token: str, keys: Json) -> bool:
    try:
        _signing_key(token, keys)
    except SignInFailed:
        return False
    return True


def _signing_key(token: str, keys: Json) -> tuple[str, jwt.PyJWK]:
    """Algorithm and key of a token: the key with its id; without an id in the token, the only key there is.

    Raises SignInFailed, also for an algorithm without a public key.
    """
    try:
        header = jwt.get_unverified_header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS:
            raise SignInFailed("not_proven", "the token is not signed with a public key")
        listed = keys.get("keys") if isinstance(keys, dict) else None
        signing = [one for one in _dicts(listed) if one.get("use", "sig") == "sig"]
        fitting = [one for one in signing if one.get("kid") == kid] if kid is not None else signing
        if len(fitting) != 1:
            raise SignInFailed("not_proven", "no key of the issuer has the id of the token's")
        return algorithm, jwt.PyJWK(fitting[0], algorithm=algorithm)
    except (jwt.PyJWTError, ValueError) as error:
        raise SignInFailed("not_proven", f"the token is not valid: {type(error).__name__}") from error


def _dicts(listed: Json) -> list[dict[str, Json]]:
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _json(answer: HttpResponse) -> Json:
    try:
        document: Json = orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise SignInFailed("unavailable", "the issuer answered no JSON") from error
    return document
