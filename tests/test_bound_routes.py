"""What a caller who is bound to an agent may do: one row for each route, held for every route of the OpenAPI document.

The conversation `c1` is with Reza of the team `support`. It is tried by an agent of another team, by a colleague of Reza's,
by a lead of the team, and by a key that is bound to nobody. What may not be seen is answered as if it did not exist.
"""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx2
import orjson
import pytest
from pydantic import SecretStr

from schemas.commands import CommandResult
from schemas.configuration import AgentBody, KeyBody, Visibility
from schemas.conversation import Author
from schemas.values import EncryptedText
from services.composition import SINGLE_PROCESS, process_for
from services.domain.customer_state import CustomerRecord
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host.engine import open_engine
from services.platform.http.app import open_app
from services.platform.http.service import Context
from services.platform.store.collections import OUTCOMES
from services.platform.store.port import Changes, Collection, Key, Put, Store
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS
from services.records.customers import CUSTOMERS
from services.records.keys import KEYS, format_key, new_key
from tests.fakes import START

ADMIN_KEY = "an-admin-key-for-tests-0123456789abcdef"
W = "/v1/workspaces/{workspace}"
ONE, MESSAGE = f"{W}/conversations/{{conversation}}", f"{W}/messages/{{message}}"
MARK = "zebra"
"""Part of every text, name and id of the conversation and its customer: nobody else may read it anywhere."""

Rule = Literal[
    "workspace", "filtered", "conversation", "agent", "presence", "write", "not for agents", "admin", "lead", "mine"
]
"""What a bound caller may do on a route.

- `workspace`: as any caller with the scope; nothing of it is of one conversation.
- `filtered`: a list of what the agent may see.
- `conversation`: 404, unless the agent may see the conversation.
- `agent`: 404, unless the agent is a colleague.
- `presence`: as `agent`, and 403 unless it is the caller's own, or the caller is a lead.
- `write`: as `conversation`, with the scope `write`.
- `not for agents`: 403; with the scope `admin` as any caller.
- `admin`: 403 without the scope `admin`.
- `lead`: 403 without the scope `admin`, unless the caller is a lead.
- `mine`: about the caller's own agent or session.
"""

RULES: dict[str, Rule] = {
    "GET /v1/workspaces": "workspace",
    f"GET {W}": "workspace",
    f"PUT {W}": "admin",
    f"DELETE {W}": "admin",
    f"GET {W}/teams": "workspace",
    f"GET {W}/teams/{{team}}": "workspace",
    f"PUT {W}/teams/{{team}}": "admin",
    f"DELETE {W}/teams/{{team}}": "admin",
    f"GET {W}/routing": "workspace",
    f"PUT {W}/routing": "admin",
    f"POST {W}/routing/explain": "not for agents",
    f"GET {W}/sla": "workspace",
    f"PUT {W}/sla": "admin",
    f"POST {W}/sla/reapply": "admin",
    f"GET {W}/canned": "workspace",
    f"GET {W}/canned/{{answer}}": "workspace",
    # Leads write those of their teams: tests/desk/test_canned.py.
    f"PUT {W}/canned/{{answer}}": "lead",
    f"DELETE {W}/canned/{{answer}}": "lead",
    f"GET {W}/channels": "workspace",
    f"GET {W}/channels/{{channel}}": "workspace",
    f"GET {W}/accounts": "not for agents",
    f"GET {W}/accounts/{{channel}}/{{account}}": "not for agents",
    f"PUT {W}/accounts/{{channel}}/{{account}}": "admin",
    f"DELETE {W}/accounts/{{channel}}/{{account}}": "admin",
    f"GET {W}/accounts/{{channel}}/{{account}}/ledger": "not for agents",
    f"GET {W}/agents": "filtered",
    f"GET {W}/agents/{{agent}}": "agent",
    f"PUT {W}/agents/{{agent}}": "admin",
    f"DELETE {W}/agents/{{agent}}": "admin",
    # Of another agent 403: tests/router/test_push.py.
    f"GET {W}/agents/{{agent}}/push": "mine",
    f"PUT {W}/agents/{{agent}}/push/{{device}}": "mine",
    f"DELETE {W}/agents/{{agent}}/push/{{device}}": "mine",
    f"GET {W}/agents/{{agent}}/presence": "agent",
    f"PUT {W}/agents/{{agent}}/presence": "presence",
    # Nobody else, not even a lead: tests/router/test_leases.py.
    f"POST {W}/agents/{{agent}}/beat": "mine",
    f"POST {W}/agents/{{agent}}/wrap-up/end": "presence",
    # Of another agent's offer nothing is known: tests/router/test_offers.py.
    f"POST {W}/offers/{{offer}}/accept": "mine",
    f"POST {W}/offers/{{offer}}/decline": "mine",
    f"POST {W}/attachments": "workspace",
    f"GET {W}/commands": "workspace",
    f"GET {W}/commands/{{command}}": "workspace",
    f"GET {W}/conversations": "filtered",
    f"GET {W}/inbox": "filtered",
    f"GET {W}/inbox/counts": "filtered",
    f"GET {W}/inbox/night": "filtered",
    # What the agent may see: tests/router/live_inbox.
    f"GET {W}/inbox/stream": "filtered",
    f"GET {ONE}": "conversation",
    f"GET {ONE}/agents": "conversation",
    f"GET {ONE}/clocks": "conversation",
    f"GET {ONE}/decisions": "conversation",
    f"GET {ONE}/events": "conversation",
    f"GET {ONE}/messages": "conversation",
    f"GET {ONE}/messages/{{message}}/attachments/{{number}}": "conversation",
    f"PUT {ONE}/read": "conversation",
    f"POST {ONE}/handoff/clear": "conversation",
    f"POST {ONE}/handoff/confirm": "conversation",
    f"POST {ONE}/notes": "conversation",
    f"POST {ONE}/priority": "conversation",
    f"POST {ONE}/reopen": "conversation",
    f"POST {ONE}/replies": "conversation",
    f"POST {ONE}/resolve": "conversation",
    f"POST {ONE}/claim": "conversation",
    f"POST {ONE}/signal": "conversation",
    f"POST {ONE}/call": "conversation",
    f"POST {ONE}/snooze": "conversation",
    f"POST {ONE}/unsnooze": "conversation",
    f"POST {ONE}/sla/reapply": "write",
    f"POST {ONE}/transfer": "conversation",
    f"GET {MESSAGE}": "conversation",
    f"GET {MESSAGE}/attachments/{{number}}": "conversation",
    f"POST {MESSAGE}/delete": "conversation",
    f"POST {MESSAGE}/edit": "conversation",
    f"POST {MESSAGE}/hide": "conversation",
    f"POST {MESSAGE}/react": "conversation",
    f"POST {MESSAGE}/unhide": "conversation",
    # The person is in the body: tests/router/test_visibility.py.
    f"POST {W}/messages": "workspace",
    f"GET {W}/persons": "filtered",
    f"GET {W}/persons/{{person}}": "conversation",
    f"DELETE {W}/persons/{{person}}": "admin",
    f"POST {W}/customers": "lead",
    f"GET {W}/customers/{{customer}}": "conversation",
    f"GET {W}/customers/{{customer}}/timeline": "conversation",
    f"POST {W}/customers/{{customer}}/part": "lead",
    # Facts of what the agent may see: tests/router/test_visibility.py.
    f"GET {W}/events": "filtered",
    f"GET {W}/overview": "not for agents",
    f"GET {W}/overview/customers": "not for agents",
    f"GET {W}/overview/ledgers": "not for agents",
    f"GET {W}/overview/webhooks": "not for agents",
    f"GET {W}/reports/kpis": "not for agents",
    f"GET {W}/webhooks": "not for agents",
    f"GET {W}/webhooks/{{webhook}}": "not for agents",
    f"PUT {W}/webhooks/{{webhook}}": "admin",
    f"DELETE {W}/webhooks/{{webhook}}": "admin",
    f"GET {W}/webhooks/{{webhook}}/deliveries": "not for agents",
    f"POST {W}/webhooks/{{webhook}}/replay": "admin",
    "GET /v1/dead-letters": "admin",
    "POST /v1/dead-letters/{dead_letter}/drop": "admin",
    "POST /v1/dead-letters/{dead_letter}/retry": "admin",
    f"POST {W}/agents/{{agent}}/sign-in": "admin",
    # The next four need no key: tests/desk.
    "POST /v1/desk/sessions": "mine",
    "POST /v1/desk/first-run": "mine",
    "GET /v1/desk/oidc/start": "mine",
    "GET /v1/desk/oidc/callback": "mine",
    "GET /v1/desk/sessions": "mine",
    "DELETE /v1/desk/sessions/{session}": "mine",
    "GET /v1/keys": "admin",
    "POST /v1/keys": "admin",
    "DELETE /v1/keys/{key}": "admin",
}

IDS = {
    "workspace": "shop",
    "conversation": f"c1-{MARK}",
    "message": f"m1-{MARK}",
    "number": "0",
    "agent": "reza",
    "person": f"telegram:main:{MARK}",
    "customer": f"cu1-{MARK}",
    "command": "command1",
    "team": "support",
    "channel": "telegram",
    "account": "main",
}
NOTHING = {"person": "none", "customer": "none", "conversation": "none", "message": "none"}
STREAMS = {f"GET {W}/events", f"GET {W}/inbox/stream"}
SEEN = {"stranger": False, "colleague": None, "lead": True, "unbound": True}
"""Who may see the conversation; None: where agents see all of their teams."""


@dataclass
class Installation:
    """Every route of all services over a folder, and keys of all callers by their name."""

    client: httpx2.AsyncClient
    store: Store
    visibility: Visibility
    keys: dict[str, str] = field(default_factory=dict)

    async def call(self, caller: str, method: str, path: str, ids: dict[str, str]) -> httpx2.Response:
        """A request without a body, whose command nobody carries out."""
        named = re.sub(r"\{([a-z_]+)\}", lambda found: ids.get(found[1], "none"), path)
        headers = {"authorization": f"Bearer {self.keys[caller]}", "prefer": "respond-async"}
        return await self.client.request(method, named, headers=headers)

    def sees(self, caller: str) -> bool:
        """Whether a caller may see the conversation."""
        known = SEEN[caller.partition("/")[0]]
        return self.visibility == "team" if known is None else known


@pytest.fixture(params=["team", "own"])
async def shop(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path, request.param) as opened:
        yield opened


@asynccontextmanager
async def installation(folder: Path, visibility: Visibility) -> AsyncIterator[Installation]:
    often: dict[str, Any] = {"key_requests_per_second": 10**6, "address_requests_per_second": 10**6}
    settings = Settings(data=folder, bus=None, store=None, admin_key=SecretStr(ADMIN_KEY), **often)
    process, clock = process_for(SINGLE_PROCESS), SystemTimeSource()
    async with open_engine(settings, clock, process.collections) as (store, bus), AsyncExitStack() as stack:
        context = Context(settings, store, bus, clock)
        parts = [await stack.enter_async_context(service(context)) for service in process.services]
        app = await stack.enter_async_context(open_app(context, parts, process.find_caller(context)))
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://pasokh")
        found = Installation(await stack.enter_async_context(client), store, visibility)
        await furnish(found)
        yield found


async def furnish(shop: Installation) -> None:
    """The workspace with its agents, the conversation of Reza, and a key of each caller."""
    admin = {"authorization": f"Bearer {ADMIN_KEY}"}
    body = {"name": "Shop", "settings": {"visibility": shop.visibility}}
    await shop.client.put("/v1/workspaces/shop", json=body, headers=admin)
    for team in ("support", "billing"):
        await shop.client.put(f"/v1/workspaces/shop/teams/{team}", json={"name": team}, headers=admin)
    agents = [
        agent("reza", "support"),
        agent("colleague", "support"),
        agent("stranger", "billing"),
        agent("lead", "support", role="lead"),
    ]
    await put(shop.store, AGENTS, {agent_id("shop", record.id): record for record in agents})
    await put(shop.store, CONVERSATIONS, {IDS["conversation"]: CONVERSATIONS.decode(CONVERSATION)})
    await put(shop.store, MESSAGES, {IDS["message"]: MESSAGES.decode(SAID)})
    await put(shop.store, PERSONS, {f"shop/{IDS['person']}": PERSONS.decode(CUSTOMER)})
    customer = CustomerRecord(
        workspace="shop", id=IDS["customer"], persons=[IDS["person"]], graph="g1", updated_at=START
    )
    await put(shop.store, CUSTOMERS, {customer.id: customer})
    known = CommandResult(id="command1", workspace="shop", status="applied", request_hash="", at=START)
    await put(shop.store, OUTCOMES, {"command1": known})
    for record in agents:
        for scope in ("desk", "write", "admin"):
            await make_key(shop, f"{record.id}/{scope}", scope, record)
    for scope in ("desk", "write", "admin"):
        await make_key(shop, f"unbound/{scope}", scope, None)


def agent(name: str, team: str, role: str = "agent") -> AgentRecord:
    body = AgentBody.model_validate({"name": name.title(), "teams": [team], "role": role})
    return AgentRecord(workspace="shop", id=name, body=body, generation=1, at=START)


async def put(store: Store, collection: Collection[Any], records: dict[str, Any]) -> None:
    await store.commit(Changes(puts=[Put(Key(collection.name, identity), one) for identity, one in records.items()]))


async def make_key(shop: Installation, name: str, scope: str, record: AgentRecord | None) -> None:
    body = KeyBody.model_validate(
        {"name": name, "workspace": "shop", "agent": record.id if record else None, "scopes": [scope]}
    )
    made, secret = new_key(body, START, record)
    await put(shop.store, KEYS, {made.id: made})
    shop.keys[name] = format_key(made.id, secret)


AT = "2026-03-02T09:00:00.000000Z"
CONVERSATION: dict[str, Any] = {
    "id": IDS["conversation"],
    "workspace": "shop",
    "status": "assigned",
    "channel": "telegram",
    "account": "main",
    "surface": "private",
    "person": IDS["person"],
    "team": "support",
    "agent": "reza",
    "key": f"shop/{IDS['person']}",
    "subject": f"about a {MARK}",
    "opened_at": AT,
    "updated_at": AT,
}
SAID: dict[str, Any] = {
    "id": IDS["message"],
    "conversation": IDS["conversation"],
    "direction": "inbound",
    "surface": "private",
    "channel": "telegram",
    "author": Author(kind="customer", id=IDS["person"]).model_dump(),
    "text": EncryptedText(text=f"my {MARK} is ill").model_dump(),
    "received_at": AT,
    "state": "received",
    "workspace": "shop",
    "key": f"shop/{IDS['person']}",
    "order": "1",
}
CUSTOMER: dict[str, Any] = {
    "key": f"shop/{IDS['person']}",
    "workspace": "shop",
    "person": IDS["person"],
    "name": f"Mrs {MARK}",
    "seen_at": AT,
    "open": {"": IDS["conversation"]},
}


_routes: list[tuple[str, str, str]] = []


async def routes_of(shop: Installation) -> list[tuple[str, str, str]]:
    """Row, method and path of every route that takes a key. They are asked for once: the document takes half a second."""
    if not _routes:
        document = (await shop.client.get("/openapi.json")).json()
        _routes.extend(
            (f"{method.upper()} {path}", method.upper(), path)
            for path, operations in document["paths"].items()
            for method in operations
            if path.startswith("/v1/")
        )
    return _routes


async def test_every_route_has_a_row_and_every_row_a_route(shop: Installation) -> None:
    assert {row for row, _, _ in await routes_of(shop)} == set(RULES)


async def test_what_may_not_be_seen_is_answered_as_if_it_did_not_exist(shop: Installation) -> None:
    tried = 0
    for row, method, path in await routes_of(shop):
        if RULES[row] not in ("conversation", "write", "agent", "presence"):
            continue
        scope = "write" if RULES[row] == "write" else "desk"
        named = next(
            name for name in ("conversation", "message", "person", "customer", "agent") if f"{{{name}}}" in path
        )
        missing = await shop.call(f"unbound/{scope}", method, path, {**IDS, named: "missing"})
        known = await shop.call(f"unbound/{scope}", method, path, IDS)
        assert missing.status_code == 404, row
        assert known.json() != same(missing, "missing", IDS[named]), f"{row}: nothing is there to be seen"
        for name in ("stranger", "colleague", "lead"):
            # Agents of one team see each other, whoever has the conversations.
            seen = shop.sees(name) or (RULES[row] in ("agent", "presence") and name == "colleague")
            answer = await shop.call(f"{name}/{scope}", method, path, IDS)
            tried += 1
            if not seen:
                assert (answer.status_code, answer.json()) == (404, same(missing, "missing", IDS[named])), (row, name)
            elif RULES[row] == "presence" and name == "colleague":
                assert (answer.status_code, answer.json()["code"]) == (403, "another_agent"), (row, name)
            elif row == f"POST {ONE}/unsnooze" and name == "colleague":
                # It is seen, and somebody else's.
                assert (answer.status_code, answer.json()["code"]) == (409, "not_assignee"), (row, name)
            else:
                assert answer.status_code == known.status_code, (row, name, answer.text)
    assert tried >= 3 * 25


def same(answer: httpx2.Response, name: str, other: str) -> Any:
    """The body of an answer, as it were about another id."""
    return orjson.loads(answer.text.replace(name, other))


async def test_nothing_of_it_is_in_any_answer_to_who_may_not_see_it(shop: Installation) -> None:
    for row, method, path in await routes_of(shop):
        if method != "GET" or row in STREAMS:
            continue
        for name in ("stranger", "colleague"):
            answer = await shop.call(f"{name}/desk", method, path, {**IDS, **NOTHING})
            assert shop.sees(name) or MARK not in answer.text, (row, name)
        seen = await shop.call("lead/desk", method, path, IDS)
        if row == f"GET {W}/conversations":
            assert MARK in seen.text


async def test_what_is_about_the_workspace_is_for_agents_or_is_not(shop: Installation) -> None:
    for row, method, path in await routes_of(shop):
        if row in STREAMS:
            continue
        known = await shop.call("unbound/admin", method, path, {**IDS, "team": "none", "workspace": "shop"})
        for name in ("stranger", "colleague", "lead"):
            answer = await shop.call(f"{name}/desk", method, path, {**IDS, "team": "none"})
            match RULES[row]:
                case "not for agents":
                    assert (answer.status_code, answer.json()["code"]) == (403, "not_for_agents"), (row, name)
                case "admin" | "write":
                    assert answer.status_code == 403, (row, name)
                case "lead":
                    expected = known.status_code if name == "lead" else 403
                    assert answer.status_code == expected, (row, name, answer.text)
                case "workspace":
                    assert answer.status_code == known.status_code, (row, name, answer.text)
                case _:
                    pass
            if RULES[row] in ("not for agents", "admin") and method == "GET":
                # The scope `admin` could give itself everything: it sees the workspace, and still speaks as its agent.
                admin = await shop.call(f"{name}/admin", method, path, IDS)
                everything = await shop.call("unbound/admin", method, path, IDS)
                assert admin.status_code == everything.status_code, (row, name)
