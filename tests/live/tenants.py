"""Two workspaces with something of every kind under the same names, for the test that tries the one's in the other."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.channels.port import Channel
from services.channels.registry import CHANNELS
from services.platform.http.standard_webhooks import signed_headers
from tests.live.installation import update_of
from tests.live.waiting import eventually_sync
from tests.webchat.harness import proof_of

CARD = "4111 1111 1111 1111"
SCOPES = ("read", "desk", "write", "admin")
USER = "user-u1"
GET_LISTS = ("agents", "teams", "accounts", "webhooks", "conversations", "persons")


PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(100)


@dataclass
class Tenant:
    """A workspace, and all that it was given: ids of paths, keys, cursors, versions, places in streams, tokens."""

    name: str
    client: httpx2.Client
    keys: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)
    etags: dict[str, str] = field(default_factory=dict)
    place: str = ""
    visitor_place: str = ""
    handoff: str = ""
    visitors: dict[str, str] = field(default_factory=dict)
    idempotency: str = field(default_factory=lambda: str(uuid4()))

    @property
    def canary(self) -> str:
        """Stands in everything that this workspace wrote and no other did."""
        return f"canary-of-{self.name}"

    @property
    def customer(self) -> int:
        """The Telegram chat of a customer that the other workspace does not know."""
        return {"shop": 7_700, "other": 8_800}[self.name]

    @property
    def path(self) -> str:
        return f"/v1/workspaces/{self.name}"

    @property
    def telegram_secret(self) -> str:
        return f"telegram-secret-of-{self.name}"

    @property
    def signing_secret(self) -> str:
        return "whsec_" + {"shop": "c2hvcA==", "other": "b3RoZXI="}[self.name].replace("=", "") + "A" * 37 + "="

    @property
    def identity_secret(self) -> str:
        return f"identity-secret-of-{self.name}"

    def headers(self, scope: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.keys[scope]}"}

    def request(self, method: str, path: str, scope: str = "admin", **more: Any) -> httpx2.Response:
        headers = {**self.headers(scope), **more.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **more)

    def get(self, path: str) -> Any:
        answer = self.request("GET", f"{self.path}{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def posts(self, text: str, to: "Tenant | None" = None, secret: str | None = None) -> httpx2.Response:
        """The customer writes in public, by the channel `api` of a workspace."""
        item = {"id": str(uuid4()), "type": "message", "person": {"id": "neda", "name": self.canary}}
        body = json.dumps({**item, "surface": "public", "thread": "post", "text": text}).encode()
        headers = signed_headers([secret or self.signing_secret], str(uuid4()), datetime.now(UTC), body)
        return self.client.post(f"/webhooks/api/{(to or self).name}/main", content=body, headers=headers)

    def telegram(
        self, update: Mapping[str, Any], to: "Tenant | None" = None, secret: str | None = None
    ) -> httpx2.Response:
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret or self.telegram_secret}
        return self.client.post(f"/webhooks/telegram/{(to or self).name}/main", json=dict(update), headers=headers)

    def session(self, to: "Tenant | None" = None, **body: Any) -> httpx2.Response:
        return self.client.post(f"/webchat/{(to or self).name}/main/sessions", json=body)

    def begun(self, path: str, headers: Mapping[str, str]) -> tuple[int, str]:
        """How a stream begins: its status, and its first lines."""
        with self.client.stream("GET", path, headers=dict(headers)) as answer:
            if answer.status_code != 200:
                return answer.status_code, answer.read().decode()
            return 200, next(answer.iter_text())


def examples() -> dict[str, dict[str, Any]]:
    """Channel → the account that OpenAPI shows as an example of its."""
    return {channel.name: _example_of(channel) for channel in CHANNELS}


def _example_of(channel: Channel) -> dict[str, Any]:
    extra: Any = channel.account_model.model_config["json_schema_extra"]
    [example] = extra["examples"]
    return dict(example)


def furnish(admin: httpx2.Client, name: str, versions: int) -> Tenant:
    """A workspace with something of every kind, written `versions` times over, so that its versions are its own."""
    tenant = Tenant(name, httpx2.Client(base_url=admin.base_url, timeout=30, trust_env=False))

    def put(path: str, body: Mapping[str, Any]) -> None:
        answer = admin.put(f"{tenant.path}{path}", json=dict(body))
        assert answer.status_code in (200, 201), answer.text

    for number in range(versions):
        put("", {"name": f"{tenant.canary}-{number}"})
    put("", {"name": tenant.canary, "languages": ["en"]})
    bot = {"bot_token": "7000001:AAtest", "secret_token": tenant.telegram_secret}
    webchat = {"identity_secret": tenant.identity_secret, "allowed_origins": ["*"]}
    api = {"secret": tenant.signing_secret, "callback_url": "https://hooks.example/replies"}
    for account, credentials in (
        ("telegram/main", bot),
        ("webchat/main", webchat),
        ("api/main", api),
    ):
        put(f"/accounts/{account}", {"name": tenant.canary, "credentials": credentials})
    for channel, body in examples().items():
        put(f"/accounts/{channel}/bot-of-{name}", {**body, "name": tenant.canary})
    for number in (1, 2):
        put(f"/teams/team-of-{name}-{number}", {"name": tenant.canary})
        put(f"/webhooks/hook-of-{name}-{number}", {"url": f"https://hooks.example/{tenant.canary}"})
    put(f"/canned/answer-of-{name}", {"title": tenant.canary, "text": f"{tenant.canary} thank you"})
    put("/routing", {"rules": [{"when": {"channel": "telegram"}, "then": {"priority": "high"}}]})
    targets = {"first_response_seconds": 600, "resolution_seconds": 6000}
    put("/sla", {"policies": [{"id": f"policy-{tenant.canary}", "targets": targets}]})
    for number in (1, 2):
        agent = f"/agents/agent-of-{name}-{number}"
        for capacity in range(100, 101 + versions):
            put(agent, {"name": tenant.canary, "teams": ["default"], "capacity": capacity})
        for status in ("away", "online") * versions:
            put(f"{agent}/presence", {"status": status})
    for scope in (*SCOPES, "doomed"):
        body = {"name": tenant.canary, "workspace": name, "scopes": ["read" if scope == "doomed" else scope]}
        made = admin.post("/v1/keys", json=body).json()
        tenant.keys[scope] = made["secret"]
        tenant.ids["key"] = made["id"]
    _sign_in(admin, tenant)
    _take_notifications(tenant)
    _talk(tenant)
    _name(tenant)
    _offer(tenant)
    _places(tenant, f"/conversations/{tenant.ids['conversation']}")
    return tenant


def _sign_in(admin: httpx2.Client, tenant: Tenant) -> None:
    """An agent has a key, and a session by a link."""
    agent = f"agent-of-{tenant.name}-1"
    body = {"name": tenant.canary, "workspace": tenant.name, "agent": agent, "scopes": ["admin"]}
    tenant.keys["agent"] = admin.post("/v1/keys", json=body).json()["secret"]
    link = admin.post(f"{tenant.path}/agents/{agent}/sign-in").json()["url"]
    opened = tenant.client.post(
        "/v1/desk/sessions", json={"code": link.partition("#code=")[2]}, headers={"user-agent": tenant.canary}
    )
    assert opened.status_code == 201, opened.text
    tenant.client.cookies.clear()
    [session] = tenant.request("GET", "/v1/desk/sessions", "agent").json()["items"]
    tenant.ids["session"] = session["id"]


def _take_notifications(tenant: Tenant) -> None:
    """A browser of the agent takes notifications."""
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    keys = {"p256dh": urlsafe_b64encode(point).decode(), "auth": urlsafe_b64encode(bytes(16)).decode()}
    body = {"endpoint": f"https://push.example/{tenant.canary}", "keys": keys}
    device = f"device-of-{tenant.name}"
    answer = tenant.request("PUT", f"{tenant.path}/agents/agent-of-{tenant.name}-1/push/{device}", json=body)
    assert answer.status_code == 201, answer.text
    tenant.ids["device"] = device


def _talk(tenant: Tenant) -> None:
    """Customers of every channel write, agents answer."""
    for number in range(3):
        update = update_of(number + 1, tenant.customer + number, f"{tenant.canary} hello, where is my order")
        assert tenant.telegram(update).status_code == 200
    assert tenant.posts(f"{tenant.canary} my card is {CARD}").status_code == 200
    opened = tenant.session(identity=proof_of("u1", tenant.identity_secret), name=tenant.canary)
    anonymous = tenant.session(name=tenant.canary)
    for who, session in (("identified", opened), ("anonymous", anonymous)):
        assert session.status_code == 201, session.text
        tenant.visitors[who] = session.json()["token"]
        holder = {"authorization": f"Bearer {tenant.visitors[who]}"}
        for number in (1, 2):
            body = {"id": str(uuid4()), "text": f"{tenant.canary} message {number}"}
            written = tenant.client.post(f"/webchat/{tenant.name}/main/messages", json=body, headers=holder)
            assert written.status_code == 201, written.text


def _name(tenant: Tenant) -> None:
    """What the workspace's things are called, and where one may go on reading them."""
    path = tenant.path
    eventually_sync(lambda: len(tenant.get("/conversations?status=assigned")["items"]) == 6)
    mine = tenant.get(f"/conversations?person=telegram:main:{tenant.customer}")["items"][0]
    named = {"content-disposition": f'attachment; filename="{tenant.canary}.png"'}
    file = tenant.request("POST", f"{path}/attachments", content=PICTURE, headers=named)
    assert file.status_code == 201, file.text
    agent = {"agent": mine["agent"], "text": f"{tenant.canary} we look at it", "attachments": [file.json()["id"]]}
    replied = tenant.request("POST", f"{path}/conversations/{mine['id']}/replies", json=agent)
    assert replied.status_code == 201, replied.text
    for number in range(3):
        note = {"text": f"{tenant.canary} note {number}"}
        assert tenant.request("POST", f"{path}/conversations/{mine['id']}/notes", json=note).status_code == 200
    later = tenant.request(
        "POST",
        f"{path}/conversations/{mine['id']}/notes",
        json={"text": f"{tenant.canary} later"},
        headers={"prefer": "respond-async", "idempotency-key": tenant.idempotency},
    )
    eventually_sync(lambda: len(tenant.get(f"/conversations/{mine['id']}/clocks")["items"]) >= 2)
    moved = eventually_sync(
        lambda: [one for one in tenant.get("/conversations?person=api:main:neda")["items"] if one["handoff"]]
    )[0]
    person = f"telegram:main:{tenant.customer}"
    joined = tenant.request("POST", f"{path}/customers", json={"persons": [person, "api:main:neda"]})
    assert joined.status_code == 200, joined.text
    tenant.ids |= {
        "workspace": tenant.name,
        "customer": joined.json()["id"],
        "channel": "telegram",
        "account": f"bot-of-{tenant.name}",
        "agent": f"agent-of-{tenant.name}-1",
        "team": f"team-of-{tenant.name}-1",
        "webhook": f"hook-of-{tenant.name}-1",
        "answer": f"answer-of-{tenant.name}",
        "idempotency_key": tenant.idempotency,
        "conversation": mine["id"],
        "command": later.headers["location"].rpartition("/")[2],
        "dead_letter": f"letter-of-{tenant.name}",
        "person": person,
        "message": replied.json()["id"],
        "number": "0",
        "event": tenant.get(f"/conversations/{mine['id']}/events")["items"][0]["id"],
        "moved": moved["id"],
    }
    said = tenant.get(f"/conversations/{moved['id']}/messages")["items"]
    notice = next(one["text"] for one in said if one["author"]["kind"] == "system")
    tenant.handoff = notice.partition("handoff=")[2].split()[0]
    eventually_sync(lambda: tenant.get(f"/webhooks/{tenant.ids['webhook']}/deliveries?limit=1")["next"])


def _offer(tenant: Tenant) -> None:
    """An agent accepts the offer of a conversation."""
    workspace = {"name": tenant.canary, "languages": ["en"]}
    offering = {**workspace, "settings": {"offer_mode": "offer", "offer_seconds": 300}}
    assert tenant.request("PUT", tenant.path, json=offering).status_code == 200
    update = update_of(10, tenant.customer + 10, f"{tenant.canary} hello, is it in stock")
    assert tenant.telegram(update).status_code == 200
    [offered] = eventually_sync(lambda: tenant.get("/conversations?status=offered")["items"])
    offer = offered["offer"]
    accepted = tenant.request("POST", f"{tenant.path}/offers/{offer['id']}/accept", json={"agent": offer["agent"]})
    assert accepted.status_code == 200, accepted.text
    assert tenant.request("PUT", tenant.path, json=workspace).status_code == 200
    tenant.ids["offer"] = offer["id"]


def _places(tenant: Tenant, one: str) -> None:
    lists = [f"/{kind}" for kind in GET_LISTS]
    lists += [f"{one}/{kind}" for kind in ("messages", "events", "clocks")]
    lists.append(f"/webhooks/{tenant.ids['webhook']}/deliveries")
    for path in lists:
        found = tenant.get(f"{path}?limit=1")["next"]
        assert found, path
        tenant.cursors[f"{tenant.path}{path}"] = found
    found = tenant.request("GET", "/v1/keys?limit=1").json()["next"]
    assert found
    tenant.cursors["/v1/keys"] = found
    for path in ("", f"/agents/{tenant.ids['agent']}", f"/agents/{tenant.ids['agent']}/presence", "/routing", "/sla"):
        tenant.etags[path] = tenant.request("GET", f"{tenant.path}{path}").headers["etag"]
    for kind in ("team", "webhook"):
        path = f"/{kind}s/{tenant.ids[kind]}"
        tenant.etags[path] = tenant.request("GET", f"{tenant.path}{path}").headers["etag"]
    path = f"/accounts/telegram/{tenant.ids['account']}"
    tenant.etags[path] = tenant.request("GET", f"{tenant.path}{path}").headers["etag"]
    status, text = tenant.begun(f"{tenant.path}/events", tenant.headers("read"))
    assert status == 200
    tenant.place = text.partition("id: ")[2].partition("\n")[0]
    _visitor_places(tenant)


def _visitor_places(tenant: Tenant) -> None:
    holder = {"authorization": f"Bearer {tenant.visitors['identified']}"}
    path = f"/webchat/{tenant.name}/main"
    page = tenant.client.get(f"{path}/messages?limit=1", headers=holder)
    tenant.cursors[f"{path}/messages"] = page.json()["next"]
    with tenant.client.stream("GET", f"{path}/stream", headers=holder) as answer:
        lines = answer.iter_lines()
        next(lines)
        body = {"id": str(uuid4()), "text": f"{tenant.canary} once more"}
        assert tenant.client.post(f"{path}/messages", json=body, headers=holder).status_code == 201
        tenant.visitor_place = next(line for line in lines if line.startswith("id: "))[4:]


def everything(tenant: Tenant) -> Iterator[tuple[str, Any]]:
    """What the workspace's configuration and conversations are, to be compared with later."""
    for kind in ("", "/routing", "/sla", *(f"/{kind}?limit=200" for kind in GET_LISTS)):
        found = tenant.get(kind)
        for item in found.get("items", []):
            item.pop("health", None)  # calls that were refused are noted there
        yield kind, found
    for conversation in tenant.get("/conversations?limit=200")["items"]:
        path = f"/conversations/{conversation['id']}/messages?limit=200"
        yield path, tenant.get(path)
