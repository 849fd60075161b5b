"""What becomes of a reply after it was sent: from a platform's webhook over ingest, router and delivery and back."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from schemas.activity import Activity, Address, Reaction
from schemas.configuration import AccountBody, Credential, Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.outbound import OutboundMessage
from schemas.values import EncryptedText, Failure, RequestModel
from services.channels.abilities import find_abilities
from services.channels.account_settings import AccountSettings, Secret
from services.channels.api import Api
from services.channels.port import Account, Channel, Request, SendReceipt
from services.channels.telegram import Telegram
from services.delivery.attempt import SendDependencies
from services.delivery.instruments import DeliveryInstruments
from services.delivery.processor import PROCESSOR
from services.platform.core.identifiers import hashed_id
from services.platform.http.outgoing import HttpClient
from services.platform.http.standard_webhooks import signed_headers
from services.platform.processing.inputs import ReceivedEvent
from services.records.conversations import MessageRecord
from services.records.sends import ACCOUNT_SENDS, SEND_QUEUES, SENDS
from tests.configuration import configure
from tests.driver import Driver
from tests.fakes import START, FakeHttp, MemoryStore
from tests.fakes.channels import PlainChannel, sign
from tests.fakes.http import always
from tests.ingest.harness import SECRET_HEADER, Ingest
from tests.router.conversations.harness import ConversationsHarness

SECRET = "whsec_YW4gaW52ZW50ZWQgc2VjcmV0IG9mIHRlc3Rz"
HEART = "❤"
HELLO = "hello from the shop"
CONTENT: Mapping[str, dict[str, Any]] = {
    "receipt": {"receipt_state": "read"},
    "failure": {
        "kind": "receipt",
        "receipt_state": "failed",
        "failure": Failure(code="no_account", detail="No account."),
    },
    "reaction": {"reaction": Reaction(emoji=HEART)},
    "deletion": {},
    "echo": {"author": "account", "text": EncryptedText(text=HELLO)},
    "edit": {"author": "account", "text": EncryptedText(text="better")},
}


class StatesCredentials(RequestModel):
    secret: Secret


class StatesAccount(AccountSettings):
    credentials: StatesCredentials


class StatesChannel(PlainChannel):
    """A platform that reports everything about a message. It names the messages that it has taken `p-1`, `p-2`, ..."""

    name = "states"
    account_model: type[AccountSettings] = StatesAccount

    def parse(self, request: Request, account: Account) -> list[Activity]:
        entry = json.loads(request.body)
        message = self._message_id(account.workspace, account.id, entry["about"])
        content = {"kind": entry["report"], **CONTENT.get(entry["report"], {"text": EncryptedText(text="hi")})}
        return [
            Activity(
                id=hashed_id(message, entry["report"]),
                workspace=account.workspace,
                channel=self.name,
                account=account.id,
                surface="private",
                person=f"{self.name}:{account.id}:7",
                message=message,
                address=Address(chat="7"),
                received_at=request.received_at,
                **content,
            )
        ]

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        return SendReceipt("p-1", aliases=(self._message_id(message.workspace, message.account, "p-1"),))

    def _message_id(self, workspace: str, account: str, name: str) -> str:
        return hashed_id(workspace, self.name, account, name)


@dataclass(frozen=True)
class Platform:
    """A channel, its account, what signs a body, what it answers to a send, and its bodies by what they report."""

    channel: Channel
    credentials: dict[str, Credential]
    headers: Callable[[bytes], dict[str, str]]
    answer: bytes
    bodies: dict[str, Any]


def states() -> Platform:
    bodies = {report: {"report": report, "about": "p-1"} for report in CONTENT}
    return Platform(
        StatesChannel(),
        {"secret": "s3cret"},
        lambda body: {"x-signature": sign("s3cret", body)},
        b"",
        {**bodies, "message": {"report": "message", "about": "c-1"}},
    )


def api() -> Platform:
    about = {"person": {"id": "7"}, "message": "x-1"}
    return Platform(
        Api(),
        {"secret": SECRET, "callback_url": "https://shop.example.com/replies"},
        lambda body: signed_headers([SECRET], hashed_id(body.hex()), START, body),
        b'{"id": "x-1"}',
        {
            "message": {"type": "message", "id": "c-1", "person": {"id": "7"}, "text": "hi"},
            "receipt": {"type": "receipt", "state": "read", **about},
            "failure": {
                "type": "receipt",
                "state": "failed",
                "error": {"code": "no_account", "detail": "No account."},
                **about,
            },
            "reaction": {"type": "reaction", "emoji": HEART, **about},
            "deletion": {"type": "delete", **about},
            "edit": {"type": "edit", "text": "better", **about},
            "echo": {"type": "echo", "id": "x-1", "person": {"id": "7"}, "text": HELLO},
        },
    )


def telegram(**connection: str) -> Platform:
    chat = {"id": 7, "type": "private", "first_name": "Sara"}
    sara, owner = {"id": 7, "is_bot": False, "first_name": "Sara"}, {"id": 9, "is_bot": False, "first_name": "Owner"}
    date, prefix = int(START.timestamp()), "business_" if connection else ""
    ours = {"message_id": 77, "chat": chat, "from": owner, "date": date, **connection}
    reports: dict[str, dict[str, Any]] = {
        "message": {f"{prefix}message": {**ours, "message_id": 1, "from": sara, "text": "hi"}},
        "reaction": {"message_reaction": {**ours, "user": sara, "new_reaction": [{"type": "emoji", "emoji": HEART}]}},
        "echo": {"business_message": {**ours, "text": HELLO}},
        "edit": {"edited_business_message": {**ours, "text": "better", "edit_date": date + 5}},
        "deletion": {"deleted_business_messages": {"chat": chat, "message_ids": [77], **connection}},
    }
    had = ("message", "echo", "edit", "deletion") if connection else ("message", "reaction")
    return Platform(
        Telegram(),
        {"bot_token": "1001:AAA", "secret_token": "s3cret"},
        lambda body: {SECRET_HEADER: "s3cret"},
        b'{"ok": true, "result": {"message_id": 77}}',
        {name: {"update_id": number, **reports[name]} for number, name in enumerate(had, 1)},
    )


PLATFORMS: dict[str, Callable[[], Platform]] = {
    "states": states,
    "api": api,
    "telegram": telegram,
    "telegram business": lambda: telegram(business_connection_id="bc1"),
}


class Installation:
    """Ingest, a partition of conversations and one of the sender, with one account of a platform."""

    def __init__(self, platform: Platform) -> None:
        self.platform, channel = platform, platform.channel
        self.ingest, self.house, self.store = (
            Ingest(),
            ConversationsHarness(),
            MemoryStore(ACCOUNT_SENDS, SEND_QUEUES, SENDS),
        )
        account = Versioned(body=AccountBody(credentials=platform.credentials), version=1, at=START)
        configuration = WorkspaceConfiguration(
            workspace="w",
            version=1,
            profile=Versioned(body=WorkspaceBody(name="W"), version=1, at=START),
            accounts={f"{channel.name}/main": account},
        )
        configure(self.ingest.store, configuration)
        configure(self.store, configuration)
        self.ingest.serve({channel.name: channel})
        http = FakeHttp(always(200, platform.answer))
        instruments = DeliveryInstruments(CollectorRegistry())
        clock = self.house.driver.time_source
        dependencies = SendDependencies(
            {channel.name: channel}, find_abilities([channel]), http, self.store, clock, instruments
        )
        self.sender = Driver(PROCESSOR.bind(dependencies), store=self.store, time_source=clock)

    async def report(self, name: str) -> list[str]:
        """The platform reports something: the events that follow."""
        body = json.dumps(self.platform.bodies[name]).encode()
        known = len(self.ingest.events)
        path = f"/webhooks/{self.platform.channel.name}/w/main"
        answer = await self.ingest.call(body, path=path, headers=self.platform.headers(body))
        assert answer.status == 200, answer.body
        emitted = []
        for event in self.ingest.events[known:]:
            emitted += await self.house.driver.batch([ReceivedEvent(event, "inbound", known)])
        return [event.type.rsplit(".", 1)[1] for event in emitted]

    async def accept_reply(self) -> None:
        await self.report("message")
        await self.house.assign()
        assert (await self.house.reply(text=HELLO)).status == "applied"

    async def deliver(self) -> None:
        """The sender sends what was accepted, and the router learns the result."""
        [message] = [event for event in self.house.driver.sent if event.type == "pasokh.outbound.message"]
        await self.sender.batch([ReceivedEvent(message, "outbound", 1)])
        await self.sender.complete_all_effects()
        [result] = [event for event in self.sender.sent if event.type == "pasokh.delivery.sent"]
        await self.house.driver.batch([ReceivedEvent(result, "deliveries", 1)])

    def reply(self) -> MessageRecord:
        [reply] = [message for message in self.house.messages() if message.direction == "outbound"]
        return reply


def cases() -> list[tuple[str, str, bool]]:
    every = [(name, report) for name, made in PLATFORMS.items() for report in made().bodies if report != "message"]
    # An edit of the channel `api` has no author: of a message that is not known yet it is taken for a customer's.
    return [
        (*case, is_first) for case in every for is_first in (False, True) if (*case, is_first) != ("api", "edit", True)
    ]


@pytest.mark.parametrize(("name", "report", "is_first"), cases())
async def test_a_report_finds_its_reply_before_and_after_the_result_of_the_send(
    name: str, report: str, is_first: bool
) -> None:
    at = Installation(PLATFORMS[name]())
    await at.accept_reply()
    if is_first:
        await at.report(report)
        await at.deliver()
    else:
        await at.deliver()
        await at.report(report)
    await at.report(report)
    found = at.reply()
    text = found.text.text if found.text else None
    expected: dict[str, tuple[object, ...]] = {
        "receipt": ("read", HELLO, None, []),
        "failure": ("failed", HELLO, "no_account", []),
        "reaction": ("sent", HELLO, None, [HEART]),
        "deletion": ("deleted", None, None, []),
        "edit": ("sent", "better", None, []),
        "echo": ("sent", HELLO, None, []),
    }
    shown = (found.state, text, found.error and found.error.code, [one.emoji for one in found.reactions])
    assert shown == expected[report]
    assert len(at.house.messages()) == 2
    assert at.house.case().status == ("assigned" if report == "failure" else "pending")
