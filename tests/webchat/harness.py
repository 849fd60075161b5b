"""Live chat over fakes: a shop with one webchat account, and a stand-in for the owner of conversations."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2

from schemas.activity import Activity
from schemas.conversation import Author, Status
from schemas.envelope import Event, decode, encode
from schemas.identity import HandoffToken, PersonKey
from schemas.values import EncryptedText
from services.channels.registry import account_rules
from services.channels.webchat import Webchat
from services.domain.conversation_state import Contact, ConversationState
from services.ingest.accounts import AccountCache
from services.ingest.instruments import IngestInstruments
from services.platform.bus.port import ProducerRecord, partition_for
from services.platform.http.app import open_app
from services.platform.http.open_streams import OpenStreams
from services.platform.http.rate_limits import RateLimits
from services.platform.http.service import Context, ServiceComponents
from services.platform.store.port import Collection
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.records.keys import ApiKeyAuthenticator
from services.records.secrets import SECRETS
from services.rest.uploads import open_uploads
from services.webchat import page, plain_form
from services.webchat.message_stream import stream_shares
from services.webchat.notifier import ChangeNotifier
from services.webchat.routes import build_router
from services.webchat.session_auth import SigningKeys, WebchatAuthenticator
from services.webchat.session_check import SessionStream, open_session_streams
from services.webchat.session_context import WebchatDependencies
from services.webchat.status import PresenceCache
from tests.fakes import START, ManualTimeSource, MemoryBus, MemoryStore
from tests.rest import ADMIN_KEY, COLLECTIONS, routers_over, settings_with
from tests.router.harness import StreamClient

PATH = "/webchat/shop/main"
IDENTITY_SECRET = "a-secret-of-the-shop"
ORIGIN = "https://shop.example"
LINK, OLD_LINK = "a-hand-off-link", "a-hand-off-link-of-before"
# Any: of several kinds.
KEPT: Sequence[Collection[Any]] = (*COLLECTIONS, PERSONS, SECRETS)


CHECKS = {"webchat": account_rules(Webchat())}


@dataclass
class WebchatHarness:
    """`keeps`: whether the stand-in puts what comes in into a conversation at once."""

    client: httpx2.AsyncClient
    app: Any
    store: MemoryStore
    bus: MemoryBus
    time_source: ManualTimeSource
    instruments: IngestInstruments
    streams: OpenStreams[SessionStream]
    keeps: bool = True
    orders: int = 0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def activities(self) -> list[Activity]:
        """What is on the log, in order."""
        found = [decode(one.value) for place, log in self.bus.logs.items() if place[0] == "inbound" for one in log]
        return [Activity.model_validate(event.data) for event in found]

    async def open_workspace(self, workspace: str) -> None:
        """One more workspace, with the same accounts and secrets."""
        await _configured(self.client, workspace)

    async def changed(self, credentials: dict[str, Any] | None, account: str = "main") -> None:
        """Write the account anew; None: delete it."""
        admin, path = {"authorization": f"Bearer {ADMIN_KEY}"}, f"/v1/workspaces/shop/accounts/webchat/{account}"
        self.time_source.move(1)
        if credentials is None:
            answer = await self.client.delete(path, headers=admin)
        else:
            answer = await self.client.put(path, json={"credentials": credentials}, headers=admin)
        assert answer.status_code in (200, 201, 204), answer.text

    async def session(self, **body: Any) -> dict[str, Any]:
        answer = await self.client.post(f"{PATH}/sessions", json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def holder(self, **body: Any) -> dict[str, str]:
        """The headers of a new visitor."""
        return {"authorization": f"Bearer {(await self.session(**body))['token']}"}

    async def write(self, holder: dict[str, str], text: str = "Hello", identity: str | None = None) -> httpx2.Response:
        body = {"id": identity or str(uuid4()), "text": text}
        return await self.client.post(f"{PATH}/messages", json=body, headers=holder)

    async def messages(self, holder: dict[str, str], **asked: Any) -> list[dict[str, Any]]:
        answer = await self.client.get(f"{PATH}/messages", headers=holder, params=asked)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def stream(self, holder: dict[str, str], **headers: str) -> StreamClient:
        """A client whose stream has begun."""
        client = StreamClient()
        client.reads.set()
        given = {**holder, **{name.replace("_", "-"): value for name, value in headers.items()}}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": f"{PATH}/stream",
            "raw_path": f"{PATH}/stream".encode(),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 5000),
            "server": ("pasokh", 80),
        }
        self.tasks.append(asyncio.create_task(self.app(scope, client.receive, client.send)))
        await client.wait_until(lambda: client.body or client.ended)
        return client

    async def process_activity(self, outgoing: ProducerRecord) -> None:
        """Keep a message as its owner would."""
        event = decode(outgoing.value)
        if not self.keeps or event.type != "pasokh.inbound.message":
            return
        activity = Activity.model_validate(event.data)
        identity = activity.message or activity.id
        if self.store.find(MESSAGES, identity) is None:
            key = str(activity.person_key)
            await self.store_message(key, conversation_of(activity.person), identity, said_by=activity)

    async def store_message(
        self, key: str, conversation: str, identity: str, *, said_by: Activity | None = None, **given: Any
    ) -> None:
        """Store a message, the agent's unless it is an activity, and tell of it."""
        self.orders += 1
        fields: dict[str, Any] = {
            "id": identity,
            "conversation": conversation,
            "workspace": "shop",
            "key": key,
            "order": f"{self.orders:012d}.000000",
            "direction": "outbound",
            "surface": "private",
            "channel": "webchat",
            "author": Author(kind="agent", id="sara"),
            "text": EncryptedText(text="Good morning"),
            "received_at": self.time_source.now() + timedelta(seconds=self.orders),
            "state": "queued",
        }
        if said_by is not None:
            fields |= {
                "direction": "inbound",
                "author": Author(kind="customer", id=said_by.person, name=said_by.person_name),
                "text": said_by.text,
                "masked": said_by.masked,
                "attachments": said_by.attachments,
                "received_at": said_by.received_at,
                "state": "received",
                "platform_id": said_by.platform_id,
            }
        self.store.insert(MESSAGES, identity, MessageRecord(**{**fields, **given}))
        await self.publish_change(key)

    async def publish_change(self, key: str) -> None:
        """A fact about a person, on the log."""
        self.orders += 1
        fact = Event(
            id=str(uuid4()),
            source="conversations/0",
            type="pasokh.conversation.replied",
            time=START,
            workspace="shop",
            partitionkey=key,
            seq=self.orders,
            index=0,
            data={},
        )
        partition = partition_for(key, self.bus.partitions)
        await self.bus.publish([ProducerRecord("conversations", partition, key, encode(fact))])

    def hand_over(self, visitor: str, *, status: Status = "assigned", private_person: str | None = None) -> str:
        """Somebody's case, whose private side is with a visitor; its key."""
        key, person = "shop/api:main:7", f"webchat:main:{visitor}"
        case = ConversationState(
            id="case",
            workspace="shop",
            key=key,
            status=status,
            channel="api",
            account="main",
            surface="private",
            person="api:main:7",
            team="default",
            opened_at=START,
            updated_at=START,
            private_person=PersonKey("shop", private_person or person),
        )
        self.store.insert(CONVERSATIONS, "case", case)
        whoever = Contact(key=f"shop/{person}", workspace="shop", person=person, seen_at=START, forwarded_to="case")
        self.store.insert(PERSONS, whoever.key, whoever)
        return key


def conversation_of(person: str) -> str:
    """The stand-in's conversation of a person."""
    return f"conversation of {person}"


def proof_of(user: str, secret: str = IDENTITY_SECRET) -> dict[str, str]:
    """What a shop's server gives to its page."""
    return {"user_id": user, "user_hash": hmac.new(secret.encode(), user.encode(), hashlib.sha256).hexdigest()}


def _read_link(secret: bytes, workspace: str, token: str) -> HandoffToken | None:
    """Two tokens: one of the workspace `shop`, and one of a version that bound none to a workspace."""
    if len(secret) != 32 or token not in (LINK, OLD_LINK) or (token == LINK and workspace != "shop"):
        return None
    return HandoffToken("case", is_bound=token == LINK)


@asynccontextmanager
async def open_webchat(*, wait_seconds: float = 5.0, **given: Any) -> AsyncIterator[WebchatHarness]:
    """Everything over fakes; `given` are settings."""
    store, bus, clock = MemoryStore(*KEPT), MemoryBus(), ManualTimeSource()
    context = Context(settings_with(**given), store, bus, clock)
    notifier, instruments = ChangeNotifier(bus), IngestInstruments()
    accounts = AccountCache(store, clock, spacing=0)
    authenticator = WebchatAuthenticator(
        context, accounts, RateLimits(context.settings), SigningKeys(context, {}), _read_link
    )
    streams, presences = open_session_streams(accounts, notifier), PresenceCache(store, clock)
    reception = WebchatDependencies(
        authenticator,
        notifier,
        streams,
        instruments,
        presences,
        stream_shares(context),
        open_uploads(context),
        wait_seconds,
    )
    part = ServiceComponents(routers=[plain_form.build_router(reception), build_router(reception), page.build_router()])
    configured = ServiceComponents(routers=routers_over(context, CHECKS))
    async with (
        open_app(context, [part, configured], ApiKeyAuthenticator(store, clock.monotonic).find) as app,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://pasokh") as client,
    ):
        found = WebchatHarness(client, app, store, bus, clock, instruments, streams)
        bus.on_publish = found.process_activity
        await _configured(client)
        found.tasks.append(asyncio.create_task(notifier.run()))
        try:
            yield found
        finally:
            for task in found.tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task


async def _configured(client: httpx2.AsyncClient, workspace: str = "shop") -> None:
    admin = {"authorization": f"Bearer {ADMIN_KEY}"}
    credentials = {"identity_secret": IDENTITY_SECRET, "allowed_origins": [ORIGIN, "https://other.example:8443"]}
    for path, body in (
        ("", {"name": "Shop", "languages": ["fa", "en"]}),
        ("/accounts/webchat/main", {"credentials": credentials}),
        ("/accounts/webchat/second", {"credentials": credentials}),
    ):
        answer = await client.put(f"/v1/workspaces/{workspace}{path}", json=body, headers=admin)
        assert answer.status_code == 201, answer.text
