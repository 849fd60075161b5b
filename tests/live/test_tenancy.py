"""Nothing of one workspace opens anything in another: every id, key, cursor, version, token and place, on every route.

The routes and their parameters are read from the OpenAPI document, so that a new one is tried without anybody thinking
of it. Two workspaces hold equally named things; each tries the other's. The same things do work at home.
"""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.channels.registry import CHANNELS
from tests.live.dead_letter_fixtures import set_aside
from tests.live.installation import ADMIN_KEY, Running, up, update_of
from tests.live.tenants import SCOPES, USER, Tenant, everything, furnish
from tests.live.waiting import eventually_sync
from tests.webchat.harness import proof_of

pytestmark = pytest.mark.slow

LIMITS = ("KEY_REQUESTS", "ADDRESS_REQUESTS", "VISITOR_REQUESTS")
FLOOR = 3_000
"""Tries at least; a smaller number says that the walk missed what it was made for."""
ATTEMPTS: list[str] = []
"""What was tried; the last test counts them, last in any order and on any number of workers."""
CHOSEN = {"agent", "answer", "device", "team", "webhook", "account", "channel", "workspace"}
"""Ids that callers choose: a PUT of one makes a thing of one's own."""
BODIES: dict[str, dict[str, Any]] = {
    "replies": {"agent": "{agent}", "text": "hello"},
    "notes": {"text": "hello"},
    "edit": {"agent": "{agent}", "text": "hello"},
    "delete": {"agent": "{agent}"},
    "react": {"agent": "{agent}", "emoji": "👍"},
    "hide": {"agent": "{agent}"},
    "unhide": {"agent": "{agent}"},
    "transfer": {"to_team": "default"},
    "read": {"agent": "{agent}", "unread": True},
    "signal": {"agent": "{agent}"},
    "claim": {"agent": "{agent}"},
    "call": {"agent": "{agent}"},
    "snooze": {"for_seconds": 60},
    "accept": {"agent": "{agent}"},
    "decline": {"agent": "{agent}"},
    "priority": {"priority": "low"},
    "replay": {"since": "2026-01-01T00:00:00Z"},
    "handoff/confirm": {"person": "webchat:main:anon-1"},
    "customers": {"persons": ["{person}", "api:main:neda"]},
    "part": {"persons": ["{person}"]},
    "presence": {"status": "away"},
    "beat": {},
    "wrap-up/end": {},
    "routing": {"rules": []},
    "explain": {"language": "fa"},
    "sla": {"policies": []},
    "messages": {"id": "00000000-0000-4000-8000-000000000000", "text": "hello"},
    "sessions": {},
}
"""A body that the route would take, by the end of its path."""
PUBLIC = {
    "/webchat/{workspace}/{account}/sessions": "here a visitor gets their token; links and proofs are tried on their own",
    "/v1/desk/sessions": "here an agent proves who they are; keys and links are tried on their own",
    "/v1/desk/first-run": "here an owner proves who they are by a link of the terminal",
    "/v1/desk/oidc/start": "sends the browser to the issuer",
    "/v1/desk/oidc/callback": "takes what the issuer signed",
    "/webchat/{workspace}/{account}/status": "tells anybody whether the shop is open, before there is a token",
}
"""Routes that ask for no token, or one of whose methods does, and why."""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    often = {f"PASOKH_{name}_PER_SECOND": "1000000" for name in LIMITS} | {
        "PASOKH_ADDRESS_FAILURES_PER_MINUTE": "1000000",
        "PASOKH_PUBLIC_URL": "https://support.example",
    }
    folder = tmp_path_factory.mktemp("tenancy")
    running = up(folder, PASOKH_ADMIN_KEY=ADMIN_KEY, **often)
    set_aside(folder / "data", "letter-of-shop")
    running.start()
    running.wait_ready()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def document(installation: Running) -> dict[str, Any]:
    found: dict[str, Any] = httpx2.get(f"{installation.url}/openapi.json", trust_env=False).json()
    return found


@pytest.fixture(scope="module")
def tenants(installation: Running) -> Iterator[tuple[Tenant, Tenant]]:
    admin = {"authorization": f"Bearer {ADMIN_KEY}"}
    with httpx2.Client(base_url=installation.url, headers=admin, timeout=30, trust_env=False) as client:
        both = furnish(client, "shop", 1), furnish(client, "other", 40)
    yield both
    for tenant in both:
        tenant.client.close()


@pytest.fixture(params=[0, 1], ids=["other tries shop's", "shop tries other's"])
def pair(request: pytest.FixtureRequest, tenants: tuple[Tenant, Tenant]) -> Iterator[tuple[Tenant, Tenant]]:
    """Whose things are tried, and who tries them; at the end nothing of the first has changed."""
    theirs, mine = tenants if request.param == 0 else tenants[::-1]
    before = dict(everything(theirs))
    yield theirs, mine
    assert dict(everything(theirs)) == before


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and operation of every route that names a workspace or needs a key."""
    return [
        (method.upper(), path, operation)
        for path, found in document["paths"].items()
        for method, operation in found.items()
        if path.startswith(("/v1/", "/webchat/"))
    ]


def names_in(path: str) -> list[str]:
    return re.findall(r"\{([a-z_]+)\}", path)


def on_each_channel(path: str, ids: dict[str, str]) -> list[dict[str, str]]:
    """The ids once for every channel of the registry, where the path names one; both workspaces have equally named accounts there."""
    if "{channel}" not in path:
        return [ids]
    return [{**ids, "channel": channel.name} for channel in CHANNELS]


def address(path: str, ids: dict[str, str]) -> str:
    """The path with these ids in it. On chats the account is the one that both workspaces have."""
    known = {**ids, **({"account": "main"} if path.startswith("/webchat") else {})}
    return re.sub(r"\{([a-z_]+)\}", lambda found: known.get(found[1], "none"), path)


def body_of(method: str, path: str, tenant: Tenant) -> dict[str, Any]:
    """What to send with it: nothing with a GET."""
    if method in ("GET", "DELETE"):
        return {}
    ends = [body for end, body in BODIES.items() if path.endswith(f"/{end}")]
    body = json.loads(json.dumps(ends[0] if ends else {"name": "x"}).replace("{agent}", tenant.ids["agent"]))
    return {"json": body}


def query_of(path: str, ids: dict[str, str]) -> dict[str, str]:
    """What a list cannot be read without."""
    if path.endswith("/kpis"):
        return {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}
    if path.endswith(("/inbox", "/inbox/counts", "/inbox/night")):
        return {"agent": ids["agent"]}
    if path.endswith("/commands"):
        return {"idempotency_key": ids["idempotency_key"]}
    return {"person": ids["person"]} if path.endswith("/overview/customers") else {}


def refused(theirs: Tenant, what: str, answer: httpx2.Response, *statuses: int) -> None:
    """One try: it was refused so, and nothing of theirs is in the answer."""
    ATTEMPTS.append(what)
    assert answer.status_code in statuses, f"{what}: {answer.status_code} {answer.text}"
    clean(theirs, what, answer)


def clean(theirs: Tenant, what: str, answer: httpx2.Response) -> None:
    assert theirs.canary not in answer.text, f"{what}: {answer.text}"


def test_at_home_every_id_is_found(document: dict[str, Any], tenants: tuple[Tenant, Tenant]) -> None:
    found = 0
    for tenant in tenants:
        for method, path, _ in operations(document):
            if (
                method != "GET"
                or not path.startswith("/v1/workspaces/")
                or (path.endswith(("/events", "/inbox/stream")) and "{conv" not in path)
            ):
                continue
            for ids in on_each_channel(path, tenant.ids):
                scope = "desk" if path.endswith("/push") else "read"
                answer = tenant.request("GET", address(path, ids), scope, params=query_of(path, ids))
                assert answer.status_code == 200, f"{path}: {answer.text}"
                found += 1
    assert found >= 40


def test_at_home_cursors_versions_tokens_and_places_are_good(tenants: tuple[Tenant, Tenant]) -> None:
    for tenant in tenants:
        holder = {"authorization": f"Bearer {tenant.visitors['identified']}"}
        for path, cursor in tenant.cursors.items():
            headers = holder if path.startswith("/webchat") else tenant.headers("admin")
            answer = tenant.client.get(path, params={"limit": 1, "cursor": cursor}, headers=headers)
            assert (answer.status_code, len(answer.json()["items"])) == (200, 1), f"{path}: {answer.text}"
        for path, etag in tenant.etags.items():
            assert tenant.request("GET", f"{tenant.path}{path}").headers["etag"] == etag
        assert (
            tenant.begun(f"{tenant.path}/events", {**tenant.headers("read"), "last-event-id": tenant.place})[0] == 200
        )
        place = {**holder, "last-event-id": tenant.visitor_place}
        assert tenant.begun(f"/webchat/{tenant.name}/main/stream", place)[0] == 200
        assert tenant.session(handoff=tenant.handoff).status_code == 201
        assert tenant.posts("hello again").status_code == 200


def test_their_workspace_is_not_there_for_any_key_of_mine(
    document: dict[str, Any], pair: tuple[Tenant, Tenant]
) -> None:
    theirs, mine = pair
    for method, path, _ in operations(document):
        if "{workspace}" not in path or not path.startswith("/v1"):
            continue
        for scope, ids in (
            (scope, ids)
            for scope in SCOPES
            for whose in (theirs.ids, {**mine.ids, "workspace": theirs.name})
            for ids in on_each_channel(path, whose)
        ):
            answer = mine.request(method, address(path, ids), scope, **body_of(method, path, theirs))
            refused(theirs, f"{method} {path} of theirs with my {scope}", answer, 404)


def test_each_of_their_ids_is_not_there_in_my_workspace(document: dict[str, Any], pair: tuple[Tenant, Tenant]) -> None:
    theirs, mine = pair
    for method, path, _ in operations(document):
        for name in names_in(path):
            # A channel and the position of an attachment are named alike in every workspace.
            if name in ("workspace", "channel", "number") or not path.startswith("/v1"):
                continue
            if method == "PUT" and path.endswith(f"{{{name}}}") and name in CHOSEN:
                continue
            their_one = {**mine.ids, name: theirs.ids[name]}
            for scope, ids in ((scope, ids) for scope in SCOPES for ids in on_each_channel(path, their_one)):
                answer = mine.request(method, address(path, ids), scope, **body_of(method, path, mine))
                refused(theirs, f"{method} {path} with their {name}, {scope}", answer, 404, 403)
                if scope == "admin":
                    assert answer.status_code == 404, f"{method} {path}: {answer.text}"


def test_none_of_their_cursors_is_a_cursor_of_mine(document: dict[str, Any], pair: tuple[Tenant, Tenant]) -> None:
    theirs, mine = pair
    holder = {"authorization": f"Bearer {mine.visitors['identified']}"}
    for method, path, operation in operations(document):
        if "cursor" not in [one["name"] for one in operation.get("parameters", [])] or method != "GET":
            continue
        for whose, cursor in theirs.cursors.items():
            # What all workspaces share has one list for all, and each key sees its own part of it.
            scope = "agent" if path.startswith("/v1/desk") else "admin"
            headers = holder if path.startswith("/webchat") else mine.headers(scope)
            asked = {"cursor": cursor}
            answer = mine.client.get(address(path, mine.ids), params=asked, headers=headers)
            refused(theirs, f"GET {path} with their cursor of {whose}", answer, 422)


def test_filters_by_what_is_theirs_find_nothing(document: dict[str, Any], pair: tuple[Tenant, Tenant]) -> None:
    theirs, mine = pair
    values = [*theirs.ids.values(), f"webchat:main:{USER}", theirs.name, theirs.canary]
    for method, path, operation in operations(document):
        for one in operation.get("parameters", []):
            if (
                one["in"] != "query"
                or method != "GET"
                or one["name"] in ("limit", "cursor")
                or path.endswith(("}/events", "/inbox/stream"))
                or path.startswith("/v1/desk/oidc")
            ):
                continue
            for value in values:
                headers = mine.headers("admin")
                if path.startswith("/webchat"):
                    headers = {"authorization": f"Bearer {mine.visitors['identified']}"}
                answer = mine.client.get(address(path, mine.ids), params={one["name"]: value}, headers=headers)
                ATTEMPTS.append(f"GET {path}?{one['name']}={value}")
                # A command that is looked up by the key of another workspace is none.
                assert answer.status_code in (200, 422) or path.endswith("/commands"), answer.text
                # A refusal may repeat the value that it refuses.
                if answer.status_code == 200 or value != theirs.canary:
                    clean(theirs, f"GET {path}?{one['name']}={value}", answer)


def test_none_of_their_versions_is_a_version_of_mine(pair: tuple[Tenant, Tenant]) -> None:
    theirs, mine = pair
    for etag in {*theirs.etags.values()} - {*mine.etags.values()}:
        for path in mine.etags:
            body = mine.get(path)
            for method in ("PUT", "DELETE") if path.startswith(("/teams", "/webhooks", "/accounts")) else ("PUT",):
                sent: dict[str, Any] = {"json": _written(path, body)} if method == "PUT" else {}
                answer = mine.request(method, f"{mine.path}{path}", headers={"if-match": etag}, **sent)
                refused(theirs, f"{method} {path} with their version {etag}", answer, 412)


def _written(path: str, shown: dict[str, Any]) -> dict[str, Any]:
    """What was read, as it would be written."""
    if path.endswith("/presence"):
        return {"status": "away"}
    kept = {
        "agents": ("name", "teams", "skills", "capacity"),
        "teams": ("name",),
        "webhooks": ("url",),
        "accounts": ("name", "credentials"),
        "routing": ("rules",),
        "sla": ("policies",),
        "": ("name", "languages"),
    }[path.strip("/").partition("/")[0]]
    return {name: shown[name] for name in kept}


def test_none_of_their_places_is_a_place_in_a_stream_of_mine(pair: tuple[Tenant, Tenant]) -> None:
    theirs, mine = pair
    for place in (theirs.place, theirs.visitor_place):
        for path, headers in (
            (f"{mine.path}/events", mine.headers("read")),
            (f"/webchat/{mine.name}/main/stream", {"authorization": f"Bearer {mine.visitors['identified']}"}),
            (f"/webchat/{mine.name}/main/stream", {"authorization": f"Bearer {mine.visitors['anonymous']}"}),
        ):
            status, text = mine.begun(path, {**headers, "last-event-id": place})
            ATTEMPTS.append(f"{path} from their place")
            assert (status, theirs.canary in text) == (422, False), text


def forged(token: str, **claims: str) -> str:
    """A visitor's token that says something else, with the signature of before."""
    version, body, mac = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))) | claims
    return f"{version}.{base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip('=')}.{mac}"


def test_no_token_of_theirs_opens_a_chat_of_mine(document: dict[str, Any], pair: tuple[Tenant, Tenant]) -> None:
    theirs, mine = pair
    tokens = [*theirs.visitors.values(), *theirs.keys.values(), theirs.handoff]
    tokens += [forged(one, workspace=mine.name) for one in theirs.visitors.values()]
    for method, path, _ in operations(document):
        if not path.startswith("/webchat") or path in PUBLIC:
            continue
        for token in tokens:
            for tenant in (mine, theirs):
                if tenant is theirs and token in theirs.visitors.values():
                    continue
                answer = mine.client.request(
                    method,
                    address(path, tenant.ids),
                    headers={"authorization": f"Bearer {token}"},
                    **body_of(method, path, mine),
                )
                refused(theirs, f"{method} {path} with a token of theirs", answer, 401)
        for token in mine.visitors.values():
            answer = mine.client.request(
                method,
                address(path, theirs.ids),
                headers={"authorization": f"Bearer {token}"},
                **body_of(method, path, mine),
            )
            refused(theirs, f"{method} {path} of theirs with my token", answer, 401)


def test_only_the_named_routes_ask_for_no_token(document: dict[str, Any]) -> None:
    assert {path for _, path, operation in operations(document) if not operation.get("security")} == set(PUBLIC)


def test_whether_a_shop_is_open_is_told_alike_with_any_token(pair: tuple[Tenant, Tenant]) -> None:
    theirs, mine = pair
    for tenant in (mine, theirs):
        path = f"/webchat/{tenant.name}/main/status"
        without = mine.client.get(path)
        assert (without.status_code, set(without.json())) == (200, {"open", "opens_at", "online", "max_file_bytes"})
        for token in (*theirs.visitors.values(), *theirs.keys.values(), theirs.handoff, *mine.visitors.values()):
            answer = mine.client.get(path, headers={"authorization": f"Bearer {token}"})
            assert answer.json() == without.json()
            ATTEMPTS.append(f"GET {path} with a token")
            clean(theirs, f"GET {path} with a token", answer)


def test_no_visitors_token_is_a_key(document: dict[str, Any], pair: tuple[Tenant, Tenant]) -> None:
    theirs, mine = pair
    tokens = [*theirs.visitors.values(), theirs.handoff, theirs.telegram_secret, theirs.signing_secret]
    for method, path, operation in operations(document):
        if not path.startswith("/v1") or not operation.get("security"):
            continue
        for token in (*tokens, *mine.visitors.values()):
            headers = {"authorization": f"Bearer {token}"}
            answer = mine.client.request(
                method, address(path, theirs.ids), headers=headers, **body_of(method, path, theirs)
            )
            refused(theirs, f"{method} {path} with a token for a key", answer, 401)
    for token in (*tokens, *mine.visitors.values()):
        for name in ("key", "code"):
            answer = mine.client.post("/v1/desk/sessions", json={name: token})
            refused(theirs, f"POST /v1/desk/sessions with a token as {name}", answer, 401, 422)


def test_the_link_of_their_hand_off_opens_no_session_of_mine(pair: tuple[Tenant, Tenant]) -> None:
    theirs, mine = pair
    proof = proof_of("u1", mine.identity_secret)
    for more in ({}, {"identity": proof}, {"name": "x", "language": "en"}):
        for token in (
            theirs.handoff,
            theirs.handoff[:-1] + ("A" if theirs.handoff[-1] != "A" else "B"),
            theirs.handoff[::-1],
        ):
            answer = mine.session(handoff=token, **more)
            refused(theirs, "their hand-off in my session", answer, 401)
    # A proof of mine, though of the same user, is none of theirs.
    refused(theirs, "my proof in their session", mine.session(theirs, identity=proof), 401)
    refused(theirs, "my proof with their link", mine.session(theirs, identity=proof, handoff=theirs.handoff), 401)


def test_start_with_their_token_is_an_ordinary_message_of_mine(pair: tuple[Tenant, Tenant]) -> None:
    theirs, mine = pair
    chat = 9_000 + len(ATTEMPTS)
    assert mine.telegram(update_of(chat, chat, f"/start {theirs.handoff}")).status_code == 200
    ATTEMPTS.append("/start with their token")
    [opened] = eventually_sync(lambda: mine.get(f"/conversations?person=telegram:main:{chat}")["items"])
    assert (opened["workspace"], opened["handoff"]) == (mine.name, None)
    assert theirs.get(f"/conversations/{theirs.ids['moved']}")["handoff"]["state"] == "started"


def test_no_secret_of_mine_posts_to_a_webhook_of_theirs(pair: tuple[Tenant, Tenant]) -> None:
    theirs, mine = pair
    update = update_of(5_555, 5_555, "hello")
    refused(theirs, "telegram", mine.telegram(update, to=theirs, secret=mine.telegram_secret), 401)
    refused(theirs, "api", mine.posts("hello", to=theirs, secret=mine.signing_secret), 401)
    for secret in (*mine.keys.values(), *mine.visitors.values(), mine.identity_secret):
        refused(theirs, "telegram with another secret", mine.telegram(update, to=theirs, secret=secret), 401)
    # What follows the account in the path opens nothing either, and names no other workspace or account.
    for rest in (
        mine.telegram_secret,
        theirs.telegram_secret,
        f"../../{mine.name}/main",
        f"..%2F..%2F{mine.name}%2Fmain",
        "%00",
    ):
        for channel in ("telegram", "api"):
            answer = mine.client.post(f"/webhooks/{channel}/{theirs.name}/main/{rest}", json=update)
            refused(theirs, f"{channel} with {rest} behind the account", answer, 401, 404)
    for channel, account in (("telegram", theirs.ids["account"]), ("api", "bot-of-nobody"), ("webchat", "main")):
        answer = mine.client.post(f"/webhooks/{channel}/{mine.name}/{account}", json=update)
        refused(theirs, f"their account {channel}/{account} at my path", answer, 404, 401)


def test_what_is_theirs_is_refused_in_my_bodies(pair: tuple[Tenant, Tenant]) -> None:
    theirs, mine = pair
    one, message = (
        f"{mine.path}/conversations/{mine.ids['conversation']}",
        f"{mine.path}/messages/{mine.ids['message']}",
    )
    visitor = f"webchat:main:{USER}"
    for scope, method, path, body in (
        ("desk", "POST", f"{one}/replies", {"agent": theirs.ids["agent"], "text": "x"}),
        ("desk", "POST", f"{one}/notes", {"agent": theirs.ids["agent"], "text": "x"}),
        ("desk", "POST", f"{message}/edit", {"agent": theirs.ids["agent"], "text": "x"}),
        ("desk", "POST", f"{message}/delete", {"agent": theirs.ids["agent"]}),
        ("desk", "POST", f"{one}/resolve", {"agent": theirs.ids["agent"]}),
        ("desk", "POST", f"{one}/reopen", {"agent": theirs.ids["agent"]}),
        ("desk", "POST", f"{one}/transfer", {"to_agent": theirs.ids["agent"]}),
        ("desk", "POST", f"{one}/transfer", {"to_team": theirs.ids["team"]}),
        ("write", "POST", f"{one}/priority", {"agent": theirs.ids["agent"], "priority": "low"}),
        ("write", "POST", f"{one}/sla/reapply", {"agent": theirs.ids["agent"]}),
        ("desk", "POST", f"{one}/handoff/clear", {"agent": theirs.ids["agent"]}),
        ("desk", "POST", f"{one}/handoff/confirm", {"person": visitor}),
        ("admin", "PUT", f"{mine.path}/agents/x", {"name": "x", "teams": [theirs.ids["team"]]}),
        ("admin", "PUT", f"{mine.path}/routing", {"rules": [{"when": {}, "then": {"team": theirs.ids["team"]}}]}),
        ("admin", "POST", f"{mine.path}/webhooks/{mine.ids['webhook']}/replay", {"event": theirs.ids["event"]}),
        ("admin", "POST", "/v1/keys", {"name": "x", "workspace": theirs.name, "scopes": ["read"]}),
        ("admin", "POST", "/v1/keys", {"name": "x", "workspace": None, "scopes": ["read"]}),
    ):
        answer = mine.request(method, path, scope, json=body)
        refused(theirs, f"{method} {path} {sorted(body)}", answer, 422, 404, 403, 409)


def test_nobody_is_written_to_first_from_an_account_of_theirs(pair: tuple[Tenant, Tenant]) -> None:
    theirs, mine = pair
    for channel in CHANNELS:
        for person in (f"{channel.name}:{theirs.ids['account']}:37120000001", theirs.ids["person"]):
            body = {"agent": mine.ids["agent"], "person": person, "text": "hello"}
            answer = mine.request("POST", f"{mine.path}/messages", "desk", json=body)
            # `main` is a name that both have: there it is my own account, on which nobody of that number has written.
            refused(theirs, f"POST messages to {person}", answer, 404, 409, 422)


def test_the_same_idempotency_key_is_another_request_in_another_workspace(pair: tuple[Tenant, Tenant]) -> None:
    theirs, mine = pair
    key, text = theirs.idempotency, f"my own note {uuid4()}"
    path = f"{mine.path}/conversations/{mine.ids['conversation']}/notes"
    answer = mine.request("POST", path, "desk", json={"text": text}, headers={"idempotency-key": f"{key}-{mine.name}"})
    assert answer.status_code == 200
    taken = mine.request("POST", path, "desk", json={"text": text}, headers={"idempotency-key": key})
    ATTEMPTS.append("their idempotency key")
    # Its outcome is mine, whether it was mine before or not: never what theirs was answered.
    assert taken.status_code == 200, taken.text
    assert taken.json()["workspace"] == mine.name
    clean(theirs, "their idempotency key", taken)


@pytest.mark.after_all
def test_so_much_was_tried() -> None:
    assert len(ATTEMPTS) >= FLOOR, f"{len(ATTEMPTS)} tries; this counts what the whole file does"
