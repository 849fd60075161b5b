"""A page with every ability of a public place, through the whole of one process: webhook, log, router, sender, REST.

The channel is a script: bodies are lists of activities, and what is sent and done is recorded instead of called.
"""

import hmac
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from pydantic import SecretStr

from schemas.activity import Activity, Address
from schemas.channel import Capabilities, PrivateReply
from schemas.outbound import ChannelAction, OutboundMessage
from schemas.values import RequestModel
from services.channels.account_settings import (
    AccountModelRules,
    AccountSettings,
    HandoffSettings,
    Secret,
    account_example,
)
from services.channels.port import Account, InvalidSignature, Request, SendReceipt, WebhookResponse
from services.composition import COLLECTIONS, GROUP_TOPICS, locate_file, process_for
from services.delivery.wiring import open_delivery
from services.domain.channel_capabilities import ChannelCapabilities
from services.ingest.wiring import open_ingest
from services.platform.core.settings import Settings
from services.platform.host.process import Process, run_process
from services.platform.http.outgoing import HttpClient
from services.platform.http.service import DeclaredService
from services.router.wiring import open_router
from services.workspaces.wiring import open_workspaces
from tests.live.waiting import eventually

ADMIN_KEY = "an-admin-key-for-tests-0123456789abcdef"
SHOP = "/v1/workspaces/shop"
CARD = "4539 5787 6362 1486"


class PageCredentials(RequestModel):
    secret: Secret


class PageAccount(AccountSettings):
    model_config = account_example(credentials={"secret": "a secret of this page"})

    credentials: PageCredentials
    settings: HandoffSettings = HandoffSettings()


class ScriptedPage:
    """Comments in public, private replies that reach `psid-…` of the comment's author, and every action."""

    name = "page"
    account_model = PageAccount
    capabilities = Capabilities(
        surfaces=("private", "public"),
        text_limits=(),
        private_reply=PrivateReply(seconds=7 * 86400, once=True),
        actions=("hide", "unhide", "edit", "delete", "react"),
    )

    def __init__(self) -> None:
        self.log: list[tuple[str, str | None]] = []
        self.sent: list[OutboundMessage] = []
        self.actions: list[ChannelAction] = []

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        return None

    def verify(self, request: Request, account: Account) -> None:
        presented = request.headers.get("x-secret", "").encode()
        if not any(hmac.compare_digest(presented, secret.encode()) for secret in account.secrets("secret")):
            raise InvalidSignature("wrong")

    def parse(self, request: Request, account: Account) -> list[Activity]:
        return [self._activity(request, account, fields) for fields in orjson.loads(request.body)]

    def _activity(self, request: Request, account: Account, fields: dict[str, Any]) -> Activity:
        known = {"workspace": account.workspace, "channel": self.name, "account": account.id, "kind": "message"}
        return Activity.model_validate({**known, "received_at": request.received_at, **fields})

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        self.log.append(("private_reply" if message.private_reply else message.surface, message.address.chat))
        self.sent.append(message)
        if message.private_reply:
            return SendReceipt("pr-1", person="psid-1", address=Address(chat="psid-1"))
        return SendReceipt(f"sent-{len(self.sent)}")

    async def perform(self, action: ChannelAction, account: Account, http: HttpClient) -> SendReceipt:
        self.log.append((action.kind, action.platform_id))
        self.actions.append(action)
        return SendReceipt(action.platform_id)


def process_of(channel: ScriptedPage) -> Process:
    """One process with this channel alone: ingest, workspaces, router, and the sender."""
    rules = {channel.name: AccountModelRules(channel.name, channel.account_model)}
    services = (
        open_ingest(channels=(channel,)),
        open_workspaces(rules, GROUP_TOPICS, lambda: COLLECTIONS),
        open_router(
            ChannelCapabilities({channel.name: channel.capabilities}), lambda: COLLECTIONS, locate_file, GROUP_TOPICS
        ),
        partial(open_delivery, channels=(channel,)),
    )
    every = tuple(collection for service in process_for("up").services for collection in service.writes)
    return Process(
        "up",
        tuple(DeclaredService(service, writes=every) for service in services),
        COLLECTIONS,
        process_for("up").find_caller,
        process_for("up").find_session,
    )


class Running:
    """The process and a client of it."""

    def __init__(self, channel: ScriptedPage, client: httpx2.AsyncClient) -> None:
        self.channel, self.client = channel, client

    async def request(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"authorization": f"Bearer {ADMIN_KEY}"}
        answer = await self.client.request(method, f"{SHOP}{path}", json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def post(self, *items: dict[str, Any]) -> None:
        headers = {"x-secret": "a secret of this page"}
        answer = await self.client.post("/webhooks/page/shop/main", json=list(items), headers=headers)
        assert answer.status_code == 200, answer.text

    async def conversations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.request("GET", "/conversations"))["items"]
        return found


@pytest.fixture
async def page(tmp_path: Path, socket_enabled: None) -> AsyncIterator[Running]:
    async with running_page(tmp_path) as running:
        yield running


@asynccontextmanager
async def running_page(folder: Path) -> AsyncIterator[Running]:
    channel = ScriptedPage()
    settings = Settings(data=folder, bus=None, store=None, admin_key=SecretStr(ADMIN_KEY))
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        async with (
            run_process(process_of(channel), settings, bound),
            httpx2.AsyncClient(base_url=url, trust_env=False) as client,
        ):
            running = Running(channel, client)
            await running.request("PUT", "", {"name": "Shop"})
            await running.request("PUT", "/accounts/page/main", {"credentials": {"secret": "a secret of this page"}})
            await running.request("PUT", "/agents/sara", {"name": "Sara", "teams": ["default"]})
            await running.request("PUT", "/agents/sara/presence", {"status": "online"})
            yield running


COMMENT = {
    "id": "comment-1",
    "message": "m1",
    "platform_id": "c-1",
    "surface": "public",
    "thread": "post-1",
    "person": "page:main:author",
    "address": {"chat": "page", "thread": "post-1", "reply_to": "c-1"},
    "text": {"text": f"Where is my order? My card is {CARD}"},
}
ANSWER = {
    "id": "dm-1",
    "message": "m2",
    "platform_id": "d-1",
    "surface": "private",
    "person": "page:main:psid-1",
    "address": {"chat": "psid-1"},
    "text": {"text": "It is order 7"},
}


async def test_card_in_a_comment_is_hidden_and_goes_on_in_private_in_the_same_conversation(page: Running) -> None:
    log = page.channel.log
    await page.post(COMMENT)
    await eventually(lambda: _true(len(log) == 3))
    assert log == [("hide", "c-1"), ("private_reply", "page"), ("public", "page")]
    assert CARD not in str(page.channel.sent)

    # The answer may come before the result of the private reply has reached its partition: then it moves.
    await page.post(ANSWER)

    async def is_in_private() -> bool:
        case = next(one for one in await page.conversations() if one["person"] == "page:main:author")
        return (case["handoff"]["state"], case["status"]) == ("completed", "assigned")

    await eventually(is_in_private)
    case = next(one for one in await page.conversations() if one["person"] == "page:main:author")
    one = f"/conversations/{case['id']}"

    # The agent answers in private, corrects the answer, and takes it back.
    reply = await page.request("POST", f"{one}/replies", {"agent": "sara", "text": "It left tody."})
    await page.request("POST", f"/messages/{reply['id']}/edit", {"agent": "sara", "text": "It left today."})

    async def shown(identity: str) -> dict[str, Any]:
        items = (await page.request("GET", f"{one}/messages"))["items"]
        return next(item for item in items if item["id"] == identity)

    async def is_edited() -> bool:
        return bool((await shown(reply["id"]))["text"] == "It left today.")

    await eventually(is_edited)
    after = await shown(reply["id"])
    assert (after["state"], after["edits"][0]["text"], after.get("actions")) == ("sent", "It left tody.", None)
    assert log[3:] == [("private", "psid-1"), ("edit", "sent-3")]

    await page.request("POST", f"/messages/{reply['id']}/delete", {"agent": "sara"})

    async def is_deleted() -> bool:
        return bool((await shown(reply["id"]))["state"] == "deleted")

    await eventually(is_deleted)

    # Cleared, the comment is shown again.
    assert (await shown("m1"))["hidden"]
    await page.request("POST", f"{one}/handoff/clear", {"agent": "sara"})
    await eventually(lambda: _true(log[-1] == ("unhide", "c-1")))
    facts = {event["type"] for event in (await page.request("GET", f"{one}/events?limit=200"))["items"]}
    assert {"message_hidden", "message_edited", "message_deleted", "handoff_completed"} <= {
        kind.removeprefix("pasokh.conversation.") for kind in facts
    }


async def _true(value: bool) -> bool:
    return value
