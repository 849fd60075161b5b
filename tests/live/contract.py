"""What the checks of the REST contract share: a desk over HTTP, the exact shapes, and how problems look."""

import itertools
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2

from tests.live.installation import SECRET, Shop, update_of
from tests.live.waiting import eventually

Found = TypeVar("Found")
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
NUMBERS = itertools.count(time.time_ns() % 10**9)

SHAPES = {
    "workspace": {"id", "name", "languages", "timezone"},
    "team": {"id", "name"},
    "account": {"id", "channel", "name", "credentials", "language", "api_base", "settings", "webhook_path", "health"},
    "agent": {
        *("id", "name", "teams", "skills", "capacity", "role", "presence", "load", "idle_since"),
        *("presence_declared", "presence_reason", "presence_since", "presence_next", "limits", "leased", "over"),
        *("wrap_ups",),
    },
    "conversation": {
        *("id", "workspace", "status", "channel", "account", "surface", "person", "team", "agent", "priority"),
        *("language", "sentiment", "intent", "sensitive", "requirement", "opened_at", "updated_at", "assigned_at"),
        *("first_response_at", "resolved_at", "tags", "handoff", "customer_id"),
    },
    "message": {
        *("id", "conversation", "direction", "surface", "channel", "author", "text", "masked", "attachments"),
        *("sent_at", "received_at", "state", "error", "platform_id"),
        *("reply_to", "quote", "forwarded_from", "links", "edits"),
    },
    "decision": {
        *("id", "conversation", "at", "outcome", "agent", "summary", "requirement", "rule", "candidates"),
        *("excluded", "config_version"),
    },
    "clock": {
        *("metric", "policy", "target_seconds", "started_at", "due_at", "state", "stopped_at", "late_by_seconds"),
    },
}
"""Every field of every shape: present, with null where nothing is known."""


def shaped(shape: str, item: Mapping[str, Any]) -> None:
    """Hold an item to its shape and its times to theirs."""
    assert set(item) == SHAPES[shape], set(item) ^ SHAPES[shape]
    times = {name: value for name, value in item.items() if name.endswith("_at") and value is not None}
    assert all(TIME.match(value) for value in times.values()), times


def problem(answer: httpx2.Response, status: int) -> dict[str, Any]:
    """The problem that an answer is. Fails for any other answer."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["status"] == status
    assert body["detail"]
    assert ("errors" in body) == (status == 422)
    assert all(set(error) == {"pointer", "detail"} for error in body.get("errors", []))
    return body


def pointers(answer: httpx2.Response) -> list[str]:
    """The pointers of a 422."""
    return [error["pointer"] for error in problem(answer, 422)["errors"]]


@dataclass
class Desk(Shop):
    """A workspace, its customers and its agents, told what to do over HTTP."""

    @property
    def path(self) -> str:
        return f"/v1/workspaces/{self.workspace}"

    def account(self, api_base: str) -> dict[str, Any]:
        return {"credentials": {"bot_token": "7000001:AAtest", "secret_token": SECRET}, "api_base": api_base}

    async def request(self, method: str, path: str, key: str | None = None, **more: Any) -> httpx2.Response:
        """Any request below the workspace, or from the root when the path begins with `/v1`; with another key."""
        headers = {**more.pop("headers", {}), **({"Authorization": f"Bearer {key}"} if key else {})}
        whole = path if path.startswith("/v1") else f"{self.path}{path}"
        return await self.client.request(method, whole, headers=headers, **more)

    async def anonymous(self, method: str, path: str, **more: Any) -> httpx2.Response:
        async with httpx2.AsyncClient(base_url=self.client.base_url, trust_env=False) as client:
            return await client.request(method, path if path.startswith("/v1") else f"{self.path}{path}", **more)

    async def key(self, *scopes: str, workspace: str | None = "") -> dict[str, Any]:
        body = {"name": "k", "workspace": self.workspace if workspace == "" else workspace, "scopes": list(scopes)}
        answer = await self.client.post("/v1/keys", json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def webhook(self, body: bytes | Mapping[str, Any], secret: str | None = SECRET) -> httpx2.Response:
        """One call of Telegram, with any body and any secret."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret is not None else {}
        content = {"content": body} if isinstance(body, bytes) else {"json": dict(body)}
        path = f"/webhooks/telegram/{self.workspace}/main"
        return await self.client.post(path, headers=headers, **content)

    async def agent(self, name: str, presence: str | None = "online", **body: Any) -> None:
        await self.put(f"/agents/{name}", {"name": name, "teams": ["default"], **body})
        if presence:
            await self.put(f"/agents/{name}/presence", {"status": presence})

    async def hears(self, chat: int, text: str = "hello, where is my order", **more: Any) -> dict[str, Any]:
        """A customer writes. Gives the update."""
        update = update_of(next(NUMBERS), chat, text)
        update["message"] |= more
        answer = await self.webhook(update)
        assert (answer.status_code, answer.content) == (200, b"")
        return update

    async def of(self, chat: int, **filters: str) -> list[dict[str, Any]]:
        return await self.items("/conversations", person=f"telegram:main:{chat}", **filters)

    async def assigned(self, chat: int) -> dict[str, Any]:
        """The conversation of a customer, once somebody has it."""
        return (await eventually(lambda: self.of(chat, status="assigned")))[0]

    async def waiting(self, chat: int) -> dict[str, Any]:
        """The conversation of a customer, once it was decided that nobody can take it."""
        [conversation] = await eventually(lambda: self.of(chat))
        await eventually(lambda: self.items(f"/conversations/{conversation['id']}/decisions"))
        [conversation] = await self.of(chat)
        assert conversation["status"] == "waiting"
        return conversation

    async def resolve(self, conversation: Mapping[str, Any], **body: Any) -> httpx2.Response:
        return await self.request("POST", f"/conversations/{conversation['id']}/resolve", json=body)

    async def messages(self, conversation: Mapping[str, Any], direction: str = "") -> list[dict[str, Any]]:
        found = await self.items(f"/conversations/{conversation['id']}/messages")
        return [one for one in found if direction in ("", one["direction"])]

    async def outcome(self, conversation: Mapping[str, Any], message: str, seconds: float = 30.0) -> dict[str, Any]:
        """A reply once it is no longer on its way."""

        async def done() -> list[dict[str, Any]]:
            sent = await self.messages(conversation, "outbound")
            return [one for one in sent if one["id"] == message and one["state"] != "queued"]

        return (await eventually(done, seconds))[0]

    async def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric over this workspace's series that have these labels."""
        text = (await self.client.get("/metrics")).text
        wanted = [f'{label}="{value}"' for label, value in {"workspace": self.workspace, **labels}.items()]
        lines = [line for line in text.splitlines() if re.match(rf"{name}[{{ ]", line)]
        return sum(float(line.rpartition(" ")[2]) for line in lines if all(one in line for one in wanted))
