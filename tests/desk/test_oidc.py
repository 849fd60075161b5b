"""Signing in by an issuer: what it answers is believed when it proves it, and nobody is signed in otherwise."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from pydantic import SecretStr

from schemas.configuration import AgentBody
from schemas.values import Json
from services.desk import oidc, wiring
from services.desk.domain.oidc import Flow, SignInFailed, code_challenge, read_provider
from services.desk.provider import verified_claims
from services.platform.core.errors import Misconfigured
from services.platform.http.app import open_app
from services.platform.http.service import Context, ServiceComponents
from services.platform.http.session_cookie import COOKIE as SESSION_COOKIE
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.desk import DESK_SESSIONS, SessionAuthenticator
from services.records.keys import ApiKeyAuthenticator
from services.records.secrets import SECRETS
from tests.desk.issuer import (
    CLIENT_ID,
    CLIENT_SECRET,
    EC_KEY,
    ISSUER,
    OTHER_KEY,
    RSA_KEY,
    Claims,
    SmallIssuer,
    answer,
    public_key,
)
from tests.fakes import START, FakeHttp, ManualTimeSource, MemoryBus, MemoryStore
from tests.rest import COLLECTIONS, routers_over, settings_with

SITE = "https://desk.example"
GIVEN: dict[str, Any] = {
    "oidc_issuer": ISSUER,
    "oidc_client_id": CLIENT_ID,
    "oidc_client_secret": SecretStr(CLIENT_SECRET),
    "oidc_workspace": "shop",
    "oidc_agent_claim": "pasokh_agent",
    "public_url": SITE,
}


@dataclass
class Shop:
    """The app of a shop whose agents sign in at the issuer."""

    client: httpx2.AsyncClient
    store: MemoryStore
    time_source: ManualTimeSource
    issuer: SmallIssuer

    async def begin(self, query: str = "", site: str = SITE) -> tuple[str, str]:
        """A browser begins to sign in: where it is sent, and its cookie."""
        begun = await self.client.get(f"{site}/v1/desk/oidc/start{query}")
        assert begun.status_code == 303, begun.text
        return begun.headers["location"], begun.headers.get("set-cookie", "").partition(";")[0]

    async def come_back(self, query: dict[str, str], cookie: str, **headers: str) -> httpx2.Response:
        sent = {"cookie": cookie, "sec-fetch-site": "cross-site", **headers}
        return await self.client.get(f"{SITE}{oidc.CALLBACK}", params=query, headers=sent)

    async def sign_in(self, agent: str = "sara") -> httpx2.Response:
        """All of it, as a browser goes."""
        address, cookie = await self.begin()
        return await self.come_back(self.issuer.agree(address, agent), cookie)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with opened() as found:
        yield found


@asynccontextmanager
async def opened(**given: Any) -> AsyncIterator[Shop]:
    store, clock = MemoryStore(*COLLECTIONS, SECRETS), ManualTimeSource()
    context = Context(settings_with(**{**GIVEN, **given}), store, MemoryBus(), clock)
    issuer = SmallIssuer(clock)
    router = oidc.build_router(await wiring.issuer_routes(context, FakeHttp(issuer.respond)))
    parts = [ServiceComponents(routers=[*routers_over(context), router])]
    keys, sessions = ApiKeyAuthenticator(store), SessionAuthenticator(store, clock.now)
    async with (
        open_app(context, parts, keys.find, find_session=sessions.find) as app,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=SITE) as client,
    ):
        # Each request says itself which cookies it has.
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        found = Shop(client, store, clock, issuer)
        put_agent(found, "sara")
        yield found


def put_agent(shop: Shop, name: str, workspace: str = "shop") -> None:
    body = AgentBody(name=name.title(), teams=["default"])
    record = AgentRecord(workspace=workspace, id=name, body=body, at=START)
    shop.store.insert(AGENTS, agent_id(workspace, name), record)


def reason(response: httpx2.Response) -> str:
    """Why nobody was signed in; the answer sends the browser to the page, which says it."""
    assert response.status_code == 303
    assert not [line for line in response.headers.get_list("set-cookie") if line.startswith(f"{SESSION_COOKIE}=")]
    address, _, found = response.headers["location"].partition("#sign-in-error=")
    assert address == "/desk"
    return found


async def test_an_agent_signs_in_by_the_issuer(shop: Shop) -> None:
    response = await shop.sign_in()
    assert (response.status_code, response.headers["location"]) == (303, "/desk")
    [line] = [one for one in response.headers.get_list("set-cookie") if one.startswith(f"{SESSION_COOKIE}=")]
    assert {"HttpOnly", "Secure", "SameSite=Strict", "Path=/"} <= set(line.split("; "))
    [session] = shop.store.all(DESK_SESSIONS)
    assert (session.workspace, session.agent, session.scopes, session.key) == ("shop", "sara", ["desk"], "")
    listed = await shop.client.get("/v1/desk/sessions", headers={"cookie": line.partition(";")[0]})
    assert [one["current"] for one in listed.json()["items"]] == [True]


async def test_the_issuer_is_asked_with_pkce_state_and_nonce_that_are_new_each_time(shop: Shop) -> None:
    queries = [parse_qs(urlsplit((await shop.begin())[0]).query) for _ in range(2)]
    for name in ("state", "nonce", "code_challenge"):
        first, second = (query[name][0] for query in queries)
        assert first != second
        assert len(first) >= 43
    assert queries[0]["redirect_uri"] == [f"{SITE}/v1/desk/oidc/callback"]


def test_the_challenge_is_that_of_the_rfc() -> None:
    # RFC 7636, appendix B.
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert code_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


async def test_on_a_shared_computer_the_session_is_short(shop: Shop) -> None:
    address, cookie = await shop.begin("?shared_computer=true")
    await shop.come_back(shop.issuer.agree(address), cookie)
    assert shop.store.all(DESK_SESSIONS)[0].shared_computer


@pytest.mark.parametrize("methods", [("client_secret_basic",), ("client_secret_post",)])
async def test_the_client_proves_itself_as_the_issuer_wants(shop: Shop, methods: tuple[str, ...]) -> None:
    shop.issuer.methods = methods
    assert (await shop.sign_in()).headers["location"] == "/desk"


# -- what proves nothing -----------------------------------------------------------------------------------------------


def changed(**fields: Any) -> Any:
    return lambda claims: {**claims, **fields}


def without(name: str) -> Any:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


SECONDS = int(START.timestamp())


@pytest.mark.parametrize(
    ("claims", "found"),
    [
        (changed(iss="https://evil.example"), "not_proven"),
        (changed(iss=ISSUER + "/"), "not_proven"),
        (changed(aud="another"), "not_proven"),
        (changed(aud=["another", "third"]), "not_proven"),
        (changed(aud=[CLIENT_ID, "another"]), "not_proven"),
        (changed(aud=[CLIENT_ID, "another"], azp="another"), "not_proven"),
        (changed(azp="another"), "not_proven"),
        (without("aud"), "not_proven"),
        (changed(nonce="of another sign-in"), "not_proven"),
        (without("nonce"), "not_proven"),
        (changed(exp=SECONDS - 61), "not_proven"),
        (without("exp"), "not_proven"),
        (changed(exp="never"), "not_proven"),
        (changed(exp=True), "not_proven"),
        (changed(iat=SECONDS + 120), "not_proven"),
        (without("iat"), "not_proven"),
        (changed(nbf=SECONDS + 120), "not_proven"),
        (changed(nbf="soon"), "not_proven"),
        (without("pasokh_agent"), "no_agent"),
        (changed(pasokh_agent=["sara"]), "no_agent"),
        (changed(pasokh_agent="nobody"), "no_agent"),
        (changed(pasokh_agent=""), "no_agent"),
        (changed(pasokh_agent="../other/omid"), "no_agent"),
        (changed(pasokh_agent="Sara"), "no_agent"),
    ],
)
async def test_a_token_that_says_something_else_signs_nobody_in(shop: Shop, claims: Any, found: str) -> None:
    shop.issuer.claims = claims
    assert reason(await shop.sign_in()) == found
    assert shop.store.all(DESK_SESSIONS) == []


@pytest.mark.parametrize(
    "claims",
    [
        changed(aud=[CLIENT_ID]),
        changed(aud=[CLIENT_ID, "another"], azp=CLIENT_ID),
        # Clocks may be a minute off.
        changed(exp=SECONDS - 59),
        changed(iat=SECONDS + 59),
        changed(nbf=SECONDS),
    ],
)
async def test_a_token_that_says_the_same_otherwise_is_good(shop: Shop, claims: Any) -> None:
    shop.issuer.claims = claims
    assert (await shop.sign_in()).headers["location"] == "/desk"


PUBLIC_PEM = RSA_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def unsigned(claims: Claims) -> str:
    return jwt.encode(claims, "", "none", headers={"kid": "rsa-1"})


def signed(key: Any, algorithm: str, **header: Any) -> Any:
    return lambda claims: jwt.encode(claims, key, algorithm, headers={"kid": "rsa-1", **header})


def with_public_key_as_secret(claims: Claims) -> str:
    """HS256 with the public key, which everybody knows. PyJWT refuses to sign so: it is done by hand."""
    body = ".".join(
        jwt.utils.base64url_encode(part).decode() for part in (b'{"alg":"HS256","kid":"rsa-1"}', _json(claims))
    )
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(body.encode(), PUBLIC_PEM)
    return f"{body}.{jwt.utils.base64url_encode(mac).decode()}"


def _json(claims: Claims) -> bytes:
    return answer(claims).body


@pytest.mark.parametrize(
    "sign",
    [
        unsigned,
        lambda claims: unsigned(claims).replace("none", "None"),
        with_public_key_as_secret,
        signed(OTHER_KEY, "RS256"),
        signed(EC_KEY, "ES256"),
        signed(RSA_KEY, "RS256", kid="unknown"),
        lambda claims: signed(RSA_KEY, "RS256")(claims)[:-4] + "AAAA",
        lambda claims: "no token",
        lambda claims: "",
    ],
    ids=[
        "none",
        "None",
        "public key as secret",
        "another key",
        "another kind",
        "unknown key",
        "changed",
        "text",
        "empty",
    ],
)
async def test_a_token_that_the_issuer_did_not_sign_signs_nobody_in(shop: Shop, sign: Any) -> None:
    shop.issuer.sign = sign
    assert reason(await shop.sign_in()) == "not_proven"
    assert shop.store.all(DESK_SESSIONS) == []


async def test_keys_of_other_kinds_and_without_an_id_are_read(shop: Shop) -> None:
    shop.issuer.keys = [public_key(EC_KEY, "ec-1")]
    shop.issuer.sign = lambda claims: jwt.encode(claims, EC_KEY, "ES256", headers={"kid": "ec-1"})
    assert (await shop.sign_in()).headers["location"] == "/desk"
    shop.issuer.sign = lambda claims: jwt.encode(claims, EC_KEY, "ES256")
    assert (await shop.sign_in()).headers["location"] == "/desk"


async def test_a_key_for_encryption_signs_nothing(shop: Shop) -> None:
    shop.issuer.keys = [public_key(RSA_KEY, "rsa-1", use="enc")]
    assert reason(await shop.sign_in()) == "not_proven"


def test_a_token_without_an_id_fits_no_one_of_several_keys() -> None:
    token = jwt.encode({"iss": ISSUER}, RSA_KEY, "RS256")
    keys: Json = {"keys": [public_key(RSA_KEY, "1"), public_key(OTHER_KEY, "2")]}
    with pytest.raises(SignInFailed):
        verified_claims(token, keys)


async def test_new_keys_of_the_issuer_are_read_once_a_minute(shop: Shop) -> None:
    await shop.sign_in()
    shop.issuer.keys = [public_key(OTHER_KEY, "rsa-2")]
    shop.issuer.sign = lambda claims: jwt.encode(claims, OTHER_KEY, "RS256", headers={"kid": "rsa-2"})
    assert reason(await shop.sign_in()) == "not_proven"
    shop.time_source.move(60)
    assert (await shop.sign_in()).headers["location"] == "/desk"
    read = [call for call in shop.issuer.calls if call.endswith("/keys")]
    assert len(read) == 2


# -- the browser -------------------------------------------------------------------------------------------------------


async def test_an_answer_counts_in_the_browser_that_began_alone(shop: Shop) -> None:
    address, cookie = await shop.begin()
    _, other = await shop.begin()
    query = shop.issuer.agree(address)
    for wrong in (other, "", f"{oidc.COOKIE}=x", cookie[:-3] + "AAA"):
        assert reason(await shop.come_back(query, wrong)) == "expired"
    for state in ("", "x", query["state"][:-1]):
        assert reason(await shop.come_back({**query, "state": state}, cookie)) == "expired"
    assert (await shop.come_back(query, cookie)).headers["location"] == "/desk"


async def test_a_code_works_once(shop: Shop) -> None:
    address, cookie = await shop.begin()
    query = shop.issuer.agree(address)
    await shop.come_back(query, cookie)
    assert reason(await shop.come_back(query, cookie)) == "not_proven"


async def test_signing_in_may_take_ten_minutes(shop: Shop) -> None:
    address, cookie = await shop.begin()
    shop.time_source.move(600)
    assert reason(await shop.come_back(shop.issuer.agree(address), cookie)) == "expired"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"error": "access_denied", "code": ""}, "refused"),
        ({"code": ""}, "not_proven"),
        ({"code": "unknown"}, "not_proven"),
        ({"iss": "https://evil.example"}, "not_proven"),
    ],
)
async def test_what_the_issuer_refuses_signs_nobody_in(shop: Shop, change: dict[str, str], found: str) -> None:
    address, cookie = await shop.begin()
    assert reason(await shop.come_back({**shop.issuer.agree(address), **change}, cookie)) == found


async def test_a_cookie_of_another_purpose_begins_nothing(shop: Shop) -> None:
    address, _ = await shop.begin()
    [secret] = shop.store.all(SECRETS)
    flow = Flow(state="s", nonce="n", verifier="v")
    forged = jwt.encode(
        {"state": flow.state, "nonce": flow.nonce, "verifier": flow.verifier, "exp": 2**40}, secret.value
    )
    query = {**shop.issuer.agree(address), "state": "s"}
    assert reason(await shop.come_back(query, f"{oidc.COOKIE}={forged}")) == "expired"


async def test_an_agent_of_another_workspace_is_nobody(shop: Shop) -> None:
    put_agent(shop, "omid", "other")
    assert reason(await shop.sign_in("omid")) == "no_agent"


async def test_failures_are_limited() -> None:
    async with opened(address_failures_per_minute=3) as shop:
        statuses = [(await shop.come_back({"code": "x", "state": "y"}, "")).status_code for _ in range(5)]
        assert statuses == [303, 303, 303, 429, 429]


# -- the issuer --------------------------------------------------------------------------------------------------------


async def test_an_issuer_that_is_away_is_not_called_at_every_try(shop: Shop) -> None:
    shop.issuer.is_away = True
    for _ in range(3):
        begun = await shop.client.get("/v1/desk/oidc/start")
        assert reason(begun) == "unavailable"
    assert len(shop.issuer.calls) == 1
    shop.issuer.is_away = False
    shop.time_source.move(5)
    assert (await shop.sign_in()).headers["location"] == "/desk"


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example"},
        {"issuer": ISSUER + "/"},
        {"token_endpoint": "http://login.example/token"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
async def test_a_discovery_document_that_is_none_of_this_issuer_is_refused(shop: Shop, document: Claims) -> None:
    shop.issuer.discovery = changed(**document)
    assert reason(await shop.client.get("/v1/desk/oidc/start")) == "unavailable"


@pytest.mark.parametrize("document", [None, [], "text", {}, {"issuer": None}])
def test_what_is_no_discovery_document_is_refused(document: Any) -> None:
    with pytest.raises(SignInFailed):
        read_provider(ISSUER, document)


async def test_over_plain_http_it_does_not_begin(shop: Shop) -> None:
    begun = await shop.client.get("http://elsewhere.example/v1/desk/oidc/start")
    assert (begun.status_code, begun.json()["code"]) == (403, "insecure_connection")


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["oidc_client_id", "oidc_workspace", "oidc_agent_claim", "public_url"])
def test_an_issuer_needs_what_belongs_to_it(missing: str) -> None:
    with pytest.raises(Misconfigured, match=f"PASOKH_{missing.upper()}"):
        oidc.require_settings(settings_with(**{**GIVEN, missing: None}))


@pytest.mark.parametrize("issuer", ["http://login.example", "login.example", "http://localhost.evil.example/x"])
def test_an_issuer_without_https_is_refused(issuer: str) -> None:
    with pytest.raises(Misconfigured, match="https"):
        oidc.require_settings(settings_with(**{**GIVEN, "oidc_issuer": issuer}))


def test_an_issuer_on_the_machine_itself_may_be_at_http() -> None:
    assert (
        oidc.require_settings(settings_with(**{**GIVEN, "oidc_issuer": "http://localhost:8080/x"})).workspace == "shop"
    )


@pytest.mark.parametrize("issuer", [None, ""])
async def test_without_an_issuer_the_addresses_are_404(issuer: str | None) -> None:
    store, clock = MemoryStore(*COLLECTIONS), ManualTimeSource()
    context = Context(settings_with(oidc_issuer=issuer), store, MemoryBus(), clock)
    async with wiring.open_desk(context) as part, open_app(context, [part], ApiKeyAuthenticator(store).find) as app:
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=SITE)
        for path in ("/v1/desk/oidc/start", "/v1/desk/oidc/callback"):
            assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("secret", [None, SecretStr("")])
async def test_a_public_client_names_itself_and_proves_itself_by_the_verifier(secret: SecretStr | None) -> None:
    async with opened(oidc_client_secret=secret) as shop:
        shop.issuer.methods, shop.issuer.secret = ("none",), None
        assert (await shop.sign_in()).headers["location"] == "/desk"
