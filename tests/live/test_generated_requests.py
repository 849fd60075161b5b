"""Requests that nobody wrote: made of the OpenAPI document by Schemathesis, valid and invalid, against a real process.

`PASOKH_CASES` sets how many are made at least; `PASOKH_CASES=5000` is what a release is held to. The same number makes
the same requests. Left out are the two endless streams. Checks that are off: `max_response_time`, which says more of
the machine than of the code, and `object_level_authorization`, which wants two users of one kind: here keys are told
apart by workspace, and tests/live/test_contract.py asks for each other's things.
"""

import itertools
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

from tests.live.dead_letter_fixtures import set_aside
from tests.live.installation import ADMIN_KEY, SECRET, SECRET_HEADER, Running, up, update_of
from tests.live.openapi_narrowing import Document, Known, narrowed

pytestmark = pytest.mark.slow

CASES = int(os.environ.get("PASOKH_CASES", "250"))
MANY = 2000
"""From here on every boundary of every parameter is tried as well, and walks from one request to the next."""
SHOP = "/v1/workspaces/shop"
AGENTS, TEAMS, DOOMED = ["sara", "omar"], ["vip"], [f"doomed-{n}" for n in range(8)]
CHATS = range(1, 13)
TALKING, SHAKING = "POST /webhooks/{channel}/{workspace}/{account}", "GET /webhooks/{channel}/{workspace}/{account}"
REFUSED = ["400", "401", "403", "404", "405", "409", "412", "413", "422"]
CHECKS = {
    "not_a_server_error": {"enabled": True},
    "status_code_conformance": {"enabled": True},
    "content_type_conformance": {"enabled": True},
    "response_schema_conformance": {"enabled": True},
    "response_headers_conformance": {"enabled": True},
    "negative_data_rejection": {"enabled": True, "expected-statuses": [*REFUSED]},
    # 409: not in this state; 412: the made-up `If-Match` names no version.
    "positive_data_acceptance": {"enabled": True, "expected-statuses": ["2xx", "404", "409", "412"]},
    "missing_required_header": {"enabled": True},
    "unsupported_method": {"enabled": True},
    "allow_header_conformance": {"enabled": True},
    "ignored_auth": {"enabled": True},
    "use_after_free": {"enabled": True},
    "ensure_resource_availability": {"enabled": True},
}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    often = {f"PASOKH_{name}": "1000000" for name in LIMITS}
    folder = tmp_path_factory.mktemp("generated")
    running = up(folder, PASOKH_ADMIN_KEY=ADMIN_KEY, **often)
    set_aside(folder / "data", *DOOMED)
    running.start()
    running.wait_ready()
    yield running
    ended, _ = running.stop()
    assert ended == 0


LIMITS = (
    "KEY_REQUESTS_PER_SECOND",
    "ADDRESS_REQUESTS_PER_SECOND",
    "VISITOR_REQUESTS_PER_SECOND",
    "ADDRESS_FAILURES_PER_MINUTE",
)


@pytest.fixture(scope="module")
def client(installation: Running) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    with httpx2.Client(base_url=installation.url, headers=headers, timeout=30, trust_env=False) as client:
        yield client


def put(client: httpx2.Client, path: str, body: Document) -> None:
    answer = client.put(f"{SHOP}{path}", json=body)
    assert answer.status_code in (200, 201), answer.text


def furnish(client: httpx2.Client) -> Known:
    """A shop with something of every kind, and what it is called."""
    telegram = {"bot_token": "7000001:AAtest", "secret_token": SECRET}
    put(client, "", {"name": "Shop", "languages": ["en", "fa"]})
    for team in (*TEAMS, *DOOMED):
        put(client, f"/teams/{team}", {"name": team})
    for agent in (*AGENTS, *DOOMED):
        put(client, f"/agents/{agent}", {"name": agent, "teams": ["default"], "capacity": 1000})
    for account in ("main", *DOOMED):
        put(client, f"/accounts/telegram/{account}", {"credentials": telegram})
    put(client, "/accounts/webchat/main", {"credentials": {"identity_secret": "s" * 32, "allowed_origins": ["*"]}})
    for webhook in ("desk", *DOOMED):
        put(client, f"/webhooks/{webhook}", {"url": "https://hooks.example/pasokh"})
    for agent in AGENTS:
        put(client, f"/agents/{agent}/presence", {"status": "online"})
    put(client, "/sla", {"policies": [{"id": "all", "targets": {"first_response_seconds": 60}}]})
    ids = {
        "workspace": ["shop"],
        "channel": ["telegram"],
        "account": ["main"],
        "agent": AGENTS,
        "team": TEAMS,
        "webhook": ["desk"],
        "conversation": conversations(client),
        "person": [f"telegram:main:{chat}" for chat in CHATS],
        "command": [command(client)],
        "dead_letter": DOOMED,
        "key": [key(client)["id"] for _ in DOOMED],
        "key of an agent": [key(client, agent="sara", scopes=["desk"])["secret"]],
    }
    return Known(ids, cursors(client))


def conversations(client: httpx2.Client) -> list[str]:
    for chat in CHATS:
        update = update_of(chat, chat, "hello, where is my order")
        answer = client.post("/webhooks/telegram/shop/main", json=update, headers=SECRET_HEADER)
        assert answer.status_code == 200, answer.text
    until = time.monotonic() + 20
    while True:
        found = client.get(f"{SHOP}/conversations?status=assigned").json()["items"]
        if len(found) == len(CHATS):
            return [one["id"] for one in found]
        assert time.monotonic() < until, found
        time.sleep(0.05)


def key(client: httpx2.Client, **fields: Any) -> dict[str, str]:
    answer = client.post("/v1/keys", json={"name": "doomed", "workspace": "shop", "scopes": ["read"], **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


def command(client: httpx2.Client) -> str:
    body = {"name": "Sara", "teams": ["default"], "capacity": 1000}
    answer = client.put(f"{SHOP}/agents/sara", json=body, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202, answer.text
    return str(answer.headers["location"]).rpartition("/")[2]


def cursors(client: httpx2.Client) -> dict[str, str]:
    """A cursor of each list that has no filters: with others it would be no cursor of that list."""
    found = {}
    for kind in ("agents", "teams", "accounts", "webhooks"):
        page = client.get(f"{SHOP}/{kind}?limit=1").json()
        found[f"/v1/workspaces/{{workspace}}/{kind}"] = page["next"]
    return found


def named(ids: Mapping[str, Sequence[str]]) -> Document:
    """Paths name what is there, nine times of ten."""
    return {f"path.{name}": {"dictionary": name, "probability": 0.9} for name in ids}


def sparing(known: Known) -> Callable[..., None]:
    """A hook: what others still need is not deleted, however its id was come by, but what was made for that."""
    doomed = itertools.cycle(DOOMED)

    def before_call(_: Any, case: Any, __: Any) -> None:
        if case.method.upper() != "DELETE":
            return
        name = case.path.rpartition("/")[2].strip("{}")
        if name != "key" and (case.path_parameters or {}).get(name) in known.ids.get(name, ()):
            case.path_parameters[name] = next(doomed)

    return before_call


@contextmanager
def hooked(hook: Callable[..., None]) -> Iterator[None]:
    """Schemathesis asks the hook before each call. Such hooks are global: no other test shall find it."""
    schemathesis.hook(hook)
    try:
        yield
    finally:
        schemathesis.hooks.unregister(hook)


def configured(installation: Running, token: str, document: Document, known: Known) -> SchemathesisConfig:
    operations = sum(len(one) for one in document["paths"].values())
    phases = {"coverage": CASES >= MANY, "fuzzing": True, "stateful": CASES >= MANY, "examples": False}
    bearers = {"HTTPBearer": ADMIN_KEY, "VisitorToken": token}
    return SchemathesisConfig.from_dict(
        {
            "seed": CASES,
            # A slow machine is no finding.
            "suppress-health-check": ["all"],
            "base-url": installation.url,
            "workers": 1,
            "request-timeout": 30,
            "continue-on-failure": True,
            "cache": {"enabled": False},
            "output": {"sanitization": {"enabled": False}},
            "generation": {
                "deterministic": True,
                "max-examples": max(2, CASES // operations),
                "database": "none",
                "allow-x00": False,
            },
            "phases": {name: {"enabled": enabled} for name, enabled in phases.items()},
            "checks": CHECKS,
            "auth": {"openapi": {name: {"bearer": key} for name, key in bearers.items()}},
            "dictionaries": {name: {"values": list(ids)} for name, ids in {**known.ids, "doomed": DOOMED}.items()},
            "parameters": named(known.ids),
            "operations": [
                # Telegram is answered 200 whatever it sends: it would send it again for hours.
                {
                    "include-name": TALKING,
                    "headers": SECRET_HEADER,
                    "checks": {"negative_data_rejection": {"enabled": False}},
                },
                # No channel that there is has a handshake.
                {"include-name": SHAKING, "checks": {"positive_data_acceptance": {"enabled": False}}},
            ],
        }
    )


def found_wrong(schema: Any) -> tuple[int, dict[str, str]]:
    """How many requests were made; and of what is wrong, each kind once, with a request that shows it."""
    made, wrong = 0, dict[str, str]()
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError):
            wrong.setdefault(f"{event.label}: {event.info.title}", str(event.value))
        elif isinstance(event, events.FatalError):
            raise event.exception
        elif isinstance(event, events.ScenarioFinished):
            made += len(event.recorder.interactions)
            wrong.update({kind: shown for kind, shown in _failures(event.recorder) if kind not in wrong})
    return made, wrong


def _failures(recorder: Any) -> Iterator[tuple[str, str]]:
    for identity, checks in recorder.checks.items():
        for check in checks:
            if check.status is Status.FAILURE:
                failure, answer = check.failure_info.failure, recorder.interactions[identity].response
                body = answer.content.decode(errors="replace")[:600] if answer is not None else ""
                said = f"{failure.message}\n{check.failure_info.code_sample}\n{answer and answer.status_code} {body}"
                case = recorder.cases[identity].value
                yield f"{case.operation.label}: {check.name}: {failure.title}", said


@pytest.mark.timeout(3600)
def test_no_request_is_answered_otherwise_than_the_document_says(installation: Running, client: httpx2.Client) -> None:
    known = furnish(client)
    token = client.post("/webchat/shop/main/sessions", json={}).json()["token"]
    document = narrowed(client.get("/openapi.json").json(), known)
    schema = schemathesis.openapi.from_dict(document, config=configured(installation, token, document, known))
    began = time.monotonic()
    with hooked(sparing(known)):
        made, wrong = found_wrong(schema)
    report(installation.folder, made, time.monotonic() - began, wrong)
    assert list(wrong) == [], json.dumps(wrong, indent=1, ensure_ascii=False).replace("\\n", "\n")
    assert made >= CASES
    assert "Traceback" not in installation.log


def report(folder: Path, made: int, seconds: float, wrong: dict[str, str]) -> None:
    """Kept beside the log of the process, for a run by hand with many cases."""
    with suppress(OSError):
        (folder / "generated.json").write_text(json.dumps({"made": made, "seconds": seconds, "wrong": wrong}, indent=1))
