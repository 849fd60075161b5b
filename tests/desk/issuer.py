"""A small issuer of OpenID Connect: discovery, keys, an authorization page that agrees at once, and tokens with claims that tests change."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from schemas.values import Json
from services.platform.core.time_source import TimeSource
from services.platform.http.outgoing import HttpResponse, TransientSendError
from tests.fakes import HttpCall

ISSUER = "https://login.example/realms/shop"
CLIENT_ID, CLIENT_SECRET = "pasokh", "a secret: of/two words"
RSA_KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())

Claims = dict[str, Any]


@dataclass
class SmallIssuer:
    """`claims` changes the claims of each token, `sign` makes the token of them; `methods` are how clients may authenticate."""

    time_source: TimeSource
    url: str = ISSUER
    claims: Callable[[Claims], Claims] = lambda claims: claims
    sign: Callable[[Claims], str] = lambda claims: jwt.encode(claims, RSA_KEY, "RS256", headers={"kid": "rsa-1"})
    discovery: Callable[[Claims], Claims] = lambda document: document
    methods: tuple[str, ...] = ("client_secret_basic",)
    keys: list[Json] = field(default_factory=lambda: [public_key(RSA_KEY, "rsa-1")])
    secret: str | None = CLIENT_SECRET
    is_away: bool = False
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def agree(self, url: str, agent: str = "sara") -> dict[str, str]:
        """The agent signs in on the page at the address; returns the query that the browser comes back with."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(f"{self.url}/authorize?")
        assert (query["response_type"], query["client_id"]) == ("code", CLIENT_ID)
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = {**query, "agent": agent}
        return {"code": code, "state": query["state"], "iss": self.url}

    def respond(self, call: HttpCall) -> HttpResponse:
        """The answer to a call of ours."""
        self.calls.append(f"{call.method} {call.url}")
        if self.is_away:
            raise TransientSendError("no connection to the issuer")
        match call.url.removeprefix(self.url):
            case "/.well-known/openid-configuration":
                return answer(self.discovery(self._document()))
            case "/keys":
                return answer({"keys": self.keys})
            case "/token":
                return self._exchange(call)
            case _:
                return answer({}, 404)

    def _document(self) -> Claims:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": list(self.methods),
        }

    def _exchange(self, call: HttpCall) -> HttpResponse:
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        )
        fits = (
            asked is not None
            and form["grant_type"] == "authorization_code"
            and form["redirect_uri"] == asked["redirect_uri"]
            and challenge == asked["code_challenge"]
            and self._is_client(call, form)
        )
        if not fits or asked is None:
            return answer({"error": "invalid_grant"}, 400)
        now = int(self.time_source.now().timestamp())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": f"user-of-{asked['agent']}",
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "pasokh_agent": asked["agent"],
        }
        return answer({"access_token": "x", "token_type": "Bearer", "id_token": self.sign(self.claims(claims))})

    def _is_client(self, call: HttpCall, form: dict[str, str]) -> bool:
        if "client_secret_basic" in self.methods:
            pair = base64.b64decode(call.headers["authorization"].removeprefix("Basic ")).decode()
            return [unquote(part) for part in pair.split(":")] == [CLIENT_ID, CLIENT_SECRET]
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, self.secret)


def answer(document: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(status, {"content-type": "application/json"}, orjson.dumps(document))


def public_key(key: Any, kid: str, **fields: str) -> Json:
    """The public half of a key, as a JWK."""
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig", **fields}
