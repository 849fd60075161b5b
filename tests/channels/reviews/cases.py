"""Accounts of every provider, and calls made of the fixtures beside this file."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from schemas.configuration import AccountBody, Credential
from schemas.values import Json, Surface
from services.channels.port import Account, Request
from services.channels.reviews.pubsub_proof import GOOGLE_KEYS
from services.platform.http.outgoing import HttpResponse
from tests.channels.places import BETTER, REPORTED, WRITTEN, Place, Update, text_of

PAYLOADS = Path(__file__).parent / "payloads"
RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
PATH_SECRET, TOKEN = "a-long-random-text-of-ours", "invented-access-token"
AUDIENCE, PUSH_EMAIL = "https://pasokh.example", "reviews@shop.iam.gserviceaccount.com"
LOCATION = "accounts/1001/locations/2002"
SIGNS_BODY, PROOF = False, ("subpath",)


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """A key of Google's, and of a service account. Made once, because it takes a tenth of a second."""
    return rsa.generate_private_key(65537, 2048)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    """A key of App Store Connect."""
    return ec.generate_private_key(ec.SECP256R1())


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def credentials(provider: str) -> dict[str, Credential]:
    """The credentials of an account of a provider, all that it may have."""
    own: dict[str, dict[str, Credential]] = {
        "trustpilot": {"api_key": "invented-key-of-trustpilot", "api_secret": "invented-secret-of-trustpilot"},
        "google_business": {
            "client_id": "client.apps.googleusercontent.com",
            "client_secret": "invented-client-secret",
            "refresh_token": "invented-refresh-token",
            "audience": AUDIENCE,
            "push_email": PUSH_EMAIL,
            "locations": [LOCATION],
        },
        "google_play": {
            "package_name": "com.example.kettles",
            "client_email": "play@shop.iam.gserviceaccount.com",
            "private_key": pem(rsa_key()) if provider == "google_play" else "",
        },
        "app_store": {
            "app_id": "1234567890",
            "issuer_id": "57246542-96fe-1a63-e053-0824d011072a",
            "key_id": "2X9R4HXF34",
            "private_key": pem(ec_key()) if provider == "app_store" else "",
        },
    }
    return {"provider": provider, "path_secret": PATH_SECRET, **own[provider]}


def account(provider: str = "trustpilot", **changes: object) -> Account:
    body = {"credentials": credentials(provider), **changes}
    tokens = {"access_token": TOKEN}
    return Account("shop", "reviews", "main", AccountBody.model_validate(body), tokens)


def provider_of_fixture(path: Path) -> str:
    return next(
        name for name in ("trustpilot", "google_business", "google_play", "app_store") if path.name.startswith(name)
    )


def fixture_account(path: Path) -> Account:
    """The account that a fixture is for."""
    return account(provider_of_fixture(path))


def fixture_request(path: Path) -> Request:
    """An authentic call with a fixture."""
    call = request(path.read_bytes())
    return pushed(call) if provider_of_fixture(path) == "google_business" else call


def request(body: bytes) -> Request:
    path = f"/webhooks/reviews/shop/main/{PATH_SECRET}"
    return Request("POST", path, {}, {}, body, RECEIVED, PATH_SECRET)


def pushed(call: Request, kid: str = "google-1", **claims: object) -> Request:
    """The call as Pub/Sub pushes it, with a token of these claims."""
    now = int(RECEIVED.timestamp())
    stated = {
        "iss": "https://accounts.google.com",
        "aud": AUDIENCE,
        "email": PUSH_EMAIL,
        "email_verified": True,
        "sub": "1",
        "iat": now - 10,
        "exp": now + 3590,
    }
    token = jwt.encode({**stated, **claims}, rsa_key(), algorithm="RS256", headers={"kid": kid})
    return replace(call, headers={"authorization": f"Bearer {token}"}, public_keys={GOOGLE_KEYS: google_keys()})


def google_keys() -> bytes:
    """Google's public keys as it publishes them (RFC 7517)."""
    key = jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key().public_key(), as_dict=True)
    return json.dumps({"keys": [{**key, "kid": "google-1", "use": "sig", "alg": "RS256"}]}).encode()


def payload(name: str) -> Json:
    read: Json = json.loads((PAYLOADS / f"{name}.json").read_bytes())
    return read


# -- places: see tests/channels/places.py --------------------------------------------------------------------------------

CUSTOMER = {"id": "5b1e0000000000000000000a", "name": "Anna Berzina"}
NOT_PLAYED: dict[tuple[Surface, str], str] = {}


def places() -> tuple[Place, ...]:
    return (
        Place(
            name="shop",
            surface="public",
            post=_call,
            updates_per_call=1_000,
            message=lambda n: event("created", n),
            accepted=lambda n: HttpResponse(201, {}, b""),
            edit=lambda n: event("updated", n, text=BETTER, updatedAt=REPORTED.isoformat()),
            deletion=lambda n: event("deleted", n),
            echo=lambda n, text: polled(n, text, "created"),
            own_edit=lambda n: polled(n, BETTER, "edited"),
            own_deletion=lambda n: polled(n, None, "deleted"),
        ),
    )


def event(change: str, number: int, **changes: Json) -> Update:
    """An event of Trustpilot about the customer's review of this number."""
    return {"eventName": f"service-review-{change}", "version": "1", "eventData": {**resource(number), **changes}}


def resource(number: int) -> dict[str, Json]:
    return {
        "id": f"6a2f{number:020}",
        "stars": 3,
        "title": None,
        "text": text_of(number),
        "createdAt": WRITTEN.isoformat(),
        "consumer": dict(CUSTOMER),
    }


def polled(number: int, text: str | None, change: str) -> Update:
    """What a poll found of our answer to the customer's review of this number."""
    reply: Json = {"text": text, "createdAt": REPORTED.isoformat()} if text is not None else None
    review: dict[str, Json] = {**resource(number), "companyReply": reply}
    return {"polled": True, "is_news": False, "review": review, "answer": change}


def _call(updates: Sequence[Update]) -> Request:
    if all("eventName" in update for update in updates):
        return request(json.dumps({"events": list(updates)}).encode())
    return request(json.dumps([*updates]).encode())
