"""A sender with fakes of all that is not under test: store, timers, platform, and a time source that tests move."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from schemas.accounts import ACCOUNT_CHANGED, AccountChanged
from schemas.activity import Activity, Address
from schemas.channel import ActionKind, Capabilities, RateLimit
from schemas.configuration import AccountBody, Credential, Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.conversation import Author
from schemas.envelope import Event
from schemas.outbound import ChannelAction, Outbound, OutboundMessage
from schemas.values import Contract, EncryptedText, Json, RequestModel
from services.channels.abilities import find_abilities
from services.channels.account_settings import AccountSettings, HandoffSettings, Secret
from services.channels.port import Account, Request, SendReceipt, WebhookResponse
from services.delivery.attempt import SendDependencies
from services.delivery.instruments import DeliveryInstruments
from services.delivery.processor import PROCESSOR
from services.domain.account_sends import AccountSends
from services.platform.http.outgoing import HttpClient
from services.platform.processing.inputs import ReceivedEvent
from services.platform.store.collections import TIMERS
from services.platform.store.port import Key
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS
from services.records.sends import ACCOUNT_SENDS, SEND_QUEUES, SENDS, SendQueue, SendRecord
from tests.configuration import configure
from tests.driver import Driver
from tests.fakes import START, FakeHttp, ManualTimeSource, MemoryStore

NO_LIMITS = Capabilities(surfaces=("private", "public"), text_limits=())
COLLECTIONS = (ACCOUNT_SENDS, CONFIGURATION_HEADS, CONFIGURATIONS, SEND_QUEUES, SENDS, TIMERS)
LIKE_TELEGRAM = NO_LIMITS.model_copy(
    update={
        "rate_limits": (
            RateLimit(scope="chat", count=1, seconds=1),
            RateLimit(scope="group", count=20, seconds=60),
            RateLimit(scope="account", count=30, seconds=1),
        )
    }
)


class BotCredentials(RequestModel):
    bot_token: Secret


class BotAccount(AccountSettings):
    credentials: BotCredentials
    settings: HandoffSettings = HandoffSettings()


@dataclass
class ScriptedChannel:
    """A channel whose `send` does what `script` says: returns a receipt's id or raises."""

    capabilities: Capabilities = NO_LIMITS
    name: str = "telegram"
    account_model: type[AccountSettings] = BotAccount
    script: Callable[[OutboundMessage, Account], Awaitable[str | None]] | None = None
    attempted: list[str] = field(default_factory=list)

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        return None

    def verify(self, request: Request, account: Account) -> None:
        return None

    def parse(self, request: Request, account: Account) -> list[Activity]:
        return []

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        self.attempted.append(message.id)
        return SendReceipt(await self.script(message, account) if self.script else f"tg-{message.id}")


@dataclass
class ActingChannel(ScriptedChannel):
    """A channel that performs actions: `perform` does what `act` says, and else succeeds."""

    act: Callable[[ChannelAction], Awaitable[None]] | None = None
    performed: list[ChannelAction] = field(default_factory=list)

    async def perform(self, action: ChannelAction, account: Account, http: HttpClient) -> SendReceipt:
        self.attempted.append(action.id)
        if self.act:
            await self.act(action)
        self.performed.append(action)
        return SendReceipt(action.platform_id)


class SenderHarness(Driver):
    """One partition of the sender, with the account `main` and a platform that does what a script says."""

    def __init__(self, channel: ScriptedChannel | None = None, partitions: int = 1) -> None:
        time_source, store, self.channel = ManualTimeSource(), MemoryStore(*COLLECTIONS), channel or ScriptedChannel()
        dependencies = SendDependencies(
            channels={self.channel.name: self.channel},
            abilities=find_abilities([self.channel]),
            http=FakeHttp(),
            store=store,
            time_source=time_source,
            instruments=DeliveryInstruments(CollectorRegistry()),
        )
        super().__init__(PROCESSOR.bind(dependencies), store=store, time_source=time_source, partitions=partitions)
        self.connect({"bot_token": "1:a"})

    # -- the world -----------------------------------------------------------------------------------------------------

    def connect(self, credentials: Mapping[str, Credential] | None) -> None:
        """Write the configuration of workspace `w`; None: without the account."""
        account = Versioned(body=AccountBody(credentials=dict(credentials or {})), version=1, at=START)
        configuration = WorkspaceConfiguration(
            workspace="w",
            version=self.seq + 1,
            profile=Versioned(body=WorkspaceBody(name="W"), version=1, at=START),
            accounts={} if credentials is None else {"telegram/main": account},
        )
        configure(self.store, configuration)

    async def arrive(self, *messages: Outbound) -> None:
        await self.batch([arrived(message) for message in messages])

    async def write_account(self, credentials: dict[str, str]) -> None:
        """Connect the account anew, and tell the sender as REST does."""
        self.connect(credentials)
        written = AccountChanged(workspace="w", channel="telegram", account="main")
        await self.batch([ReceivedEvent(_event(ACCOUNT_CHANGED, "w/telegram:main", written), "outbound", 0)])

    # -- what became of it ---------------------------------------------------------------------------------------------

    def record(self, message_id: str) -> SendRecord:
        return SENDS.decode(self.store.documents[Key(SENDS.name, message_id)])

    def queue(self, key: str) -> SendQueue | None:
        return self.get(SEND_QUEUES, key)

    def account(self) -> AccountSends:
        """What the partition knows of sending as the account."""
        return ACCOUNT_SENDS.decode(self.store.documents[Key(ACCOUNT_SENDS.name, "0/w/telegram:main")])

    def facts(self) -> list[tuple[str, Json]]:
        """The facts about deliveries, in order: the last word of the type, and the message."""
        facts = [event for event in self.sent if event.type.startswith("pasokh.delivery.")]
        return [(event.type.rsplit(".", 1)[1], event.data.get("action", event.data["message"])) for event in facts]

    def sending_changes(self) -> int:
        """How many events let the processor `accounts` decide the account's health anew."""
        return len([event for event in self.sent if event.type == "pasokh.control.account_sending_changed"])

    def error_code(self, message_id: str) -> str:
        failure = self.record(message_id).error
        return failure.code if failure else ""


def outbound(
    identity: str, person: str = "42", *, chat: str | None = None, public: bool = False, workspace: str = "w"
) -> OutboundMessage:
    """A message to a person's chat, or to a group's."""
    return OutboundMessage(
        id=identity,
        conversation=f"c-{person}",
        key=f"{workspace}/telegram:main:{person}",
        workspace=workspace,
        channel="telegram",
        account="main",
        surface="public" if public else "private",
        address=Address(chat=chat or person),
        author=Author(kind="agent", id="sara"),
        text=EncryptedText(text=f"text of {identity}"),
        accepted_at=START,
    )


def action(
    identity: str,
    kind: ActionKind,
    person: str = "42",
    *,
    message: str | None = None,
    platform_id: str | None = None,
    text: str | None = None,
) -> ChannelAction:
    """An action on a message of a person, or in their chat."""
    return ChannelAction(
        id=identity,
        conversation=f"c-{person}",
        key=f"w/telegram:main:{person}",
        workspace="w",
        channel="telegram",
        account="main",
        surface="private",
        address=Address(chat=person),
        kind=kind,
        message=message,
        platform_id=platform_id,
        text=EncryptedText(text=text) if text is not None else None,
        accepted_at=START,
    )


def arrived(message: Outbound) -> ReceivedEvent:
    event_type = "pasokh.outbound.action" if isinstance(message, ChannelAction) else "pasokh.outbound.message"
    return ReceivedEvent(_event(event_type, message.key, message), "outbound", 0)


def _event(event_type: str, key: str, data: Contract) -> Event:
    return Event(
        id=f"event-{data}",
        source="conversations/0",
        type=event_type,
        time=START,
        workspace=key.split("/", 1)[0],
        partitionkey=key,
        seq=1,
        index=0,
        data=data.model_dump(mode="json"),
    )


def run(coroutine: Awaitable[None]) -> None:
    """Run a scenario in a loop of its own (for Hypothesis)."""

    async def _run() -> None:
        await coroutine

    asyncio.run(_run())
