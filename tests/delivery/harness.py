"""A sender with everything around it that is not under test: store, timers, platform and a clock that tests move."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry

from schemas.accounts import AccountWritten
from schemas.activity import Activity, Address
from schemas.channel import Capabilities
from schemas.configuration import AccountBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.conversation import Author
from schemas.envelope import Event, decode
from schemas.outbound import OutboundMessage
from schemas.values import Contract, EncryptedText, Json
from services.channels.port import Account, Request, SendReceipt, WebhookResponse
from services.delivery.attempt import SendDependencies
from services.delivery.instruments import DeliveryInstruments
from services.delivery.processor import ACCOUNT_WRITTEN, Sender, SenderMemory
from services.platform.http.outgoing import Http
from services.platform.processing.processor import EffectCompleted, Input, ReceivedEvent, TimerFired
from services.platform.processing.unit_of_work import Effect, PartitionContext, UnitOfWork
from services.platform.store.collections import TIMERS, Timer
from services.platform.store.port import Document, Key, Page, Query
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS, ConfigurationHead, version_id
from services.records.sends import ACCOUNT_SENDS, SEND_QUEUES, SENDS, AccountSends, SendQueue, SendRecord

START = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
NO_LIMITS = Capabilities(surfaces=("private", "public"), text_limit=4096)
LIKE_TELEGRAM = NO_LIMITS.model_copy(
    update={"chat_rate_per_second": 1.0, "group_rate_per_minute": 20.0, "account_rate_per_second": 30.0}
)


@dataclass
class MovedClock:
    """Stands still until a test moves it."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - START).total_seconds()

    def pass_seconds(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class FakeStore:
    """Documents by key, for reading."""

    def __init__(self) -> None:
        self.documents: dict[Key, Document] = {}

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Document]:
        return {key: self.documents[key] for key in keys if key in self.documents}

    async def query(self, query: Query) -> Page:
        assert (query.collection, query.index) == (SENDS.name, "hold"), query
        held = [(k.id, d) for k, d in self.documents.items() if k.collection == SENDS.name]
        found = sorted((i, d) for i, d in held if d.get("hold") == query.equals["hold"])
        return Page(found[: query.limit])


@dataclass
class ScriptedChannel:
    """A channel whose `send` does what `script` says: returns a receipt's id or raises."""

    capabilities: Capabilities = NO_LIMITS
    name: str = "telegram"
    status_for_malformed: int = 400
    script: Callable[[OutboundMessage, Account], Awaitable[str | None]] | None = None
    taken: list[str] = field(default_factory=list)

    def check_account(self, body: AccountBody) -> list[tuple[str, str]]:
        return [] if body.credentials.get("bot_token") else [("/credentials/bot_token", "is needed")]

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        return None

    def verify(self, request: Request, account: Account) -> None:
        return None

    def parse(self, request: Request, account: Account) -> list[Activity]:
        return []

    async def send(self, message: OutboundMessage, account: Account, http: Http) -> SendReceipt:
        self.taken.append(message.id)
        return SendReceipt(await self.script(message, account) if self.script else f"tg-{message.id}")


class NoHttp:
    """The scripted channel calls nobody."""

    async def post_json(self, url: str, body: object) -> None:
        raise AssertionError("no call was expected")


class SenderHarness:
    """One partition of the sender, its processor's part played by hand: batches, commits, timers, effects."""

    def __init__(self, channel: ScriptedChannel | None = None, partitions: int = 1) -> None:
        self.clock, self.store, self.channel = MovedClock(), FakeStore(), channel or ScriptedChannel()
        self.partitions, self.seq, self.now = partitions, 0, START
        self.events: list[Event] = []
        self.effects: list[Effect] = []
        self.sender = Sender(
            SendDependencies(
                channels={self.channel.name: self.channel},
                http=NoHttp(),  # type: ignore[arg-type] # the fake refuses every call
                store=self.store,
                clock=self.clock,
                instruments=DeliveryInstruments(CollectorRegistry()),
            )
        )
        self.memory: SenderMemory = self.sender.new_memory()
        self.connect({"bot_token": "1:a"})

    # -- the world -----------------------------------------------------------------------------------------------------

    def connect(self, credentials: dict[str, str] | None) -> None:
        """Write the configuration of workspace `w`; None: without the account."""
        kept = Versioned(body=AccountBody(credentials=credentials or {}), version=1, at=START)
        configuration = WorkspaceConfiguration(
            workspace="w",
            version=self.seq + 1,
            itself=Versioned(body=WorkspaceBody(name="W"), version=1, at=START),
            accounts={} if credentials is None else {"telegram/main": kept},
        )
        head = ConfigurationHead(workspace="w", version=configuration.version)
        self.store.documents[Key(CONFIGURATION_HEADS.name, "w")] = head.model_dump(mode="json")
        key = Key(CONFIGURATIONS.name, version_id("w", configuration.version))
        self.store.documents[key] = configuration.model_dump(mode="json")

    def crash(self) -> None:
        """The process dies: memory, running effects and their results are gone; documents stay."""
        self.memory, self.effects = self.sender.new_memory(), []

    # -- batches -------------------------------------------------------------------------------------------------------

    async def batch(self, *inputs: Input) -> None:
        """One batch, committed."""
        self.seq += 1
        self.now = max(self.clock.now(), self.now)
        work = UnitOfWork(PartitionContext("sender", 0, self.partitions, self.seq), self.now, self.store)
        for one in inputs:
            if isinstance(one, TimerFired):
                work.cancel_timer(one.name)
        await self.sender.load(work, self.memory, inputs)
        for one in inputs:
            self.sender.decide(work, self.memory, one)
        self._commit(work)

    def _commit(self, work: UnitOfWork) -> None:
        for put in work.puts():
            self.store.documents[put.key] = put.document
        for key in work.deletes():
            self.store.documents.pop(key, None)
        self.events += [decode(event.value) for event in work.outbox]
        self.effects += work.effects

    async def arrive(self, *messages: OutboundMessage) -> None:
        await self.batch(*(arrived(message) for message in messages))

    async def perform(self, effect: Effect | None = None) -> EffectCompleted:
        """Run an effect (default: the oldest); its result is returned, not handed in."""
        one = effect or self.effects[0]
        if one in self.effects:
            self.effects.remove(one)
        return EffectCompleted(one.name, await self.sender.perform(one))

    async def deliver(self) -> None:
        """Run all effects and hand their results in, until nothing runs."""
        while self.effects:
            await self.batch(*[await self.perform(effect) for effect in list(self.effects)])

    async def write_account(self, credentials: dict[str, str]) -> None:
        """Connect the account anew, and tell the sender as REST does."""
        self.connect(credentials)
        written = AccountWritten(workspace="w", channel="telegram", account="main")
        await self.batch(ReceivedEvent(_event(ACCOUNT_WRITTEN, "w/telegram:main", written), "outbound", 0))

    # -- timers --------------------------------------------------------------------------------------------------------

    def timers(self) -> list[Timer]:
        documents = [d for k, d in self.store.documents.items() if k.collection == TIMERS.name]
        return sorted((Timer.model_validate(d) for d in documents), key=lambda t: (t.due_at, t.name))

    async def fire(self) -> None:
        """Hand in every timer that is due, in one batch."""
        due = [TimerFired(t.name, t.due_at, t.data) for t in self.timers() if t.due_at <= self.clock.now()]
        if due:
            await self.batch(*due)

    async def run_to_next_timer(self) -> None:
        """Move the clock to the next timer and hand it in."""
        self.clock.at = max(self.clock.at, self.timers()[0].due_at)
        await self.fire()

    async def settle_all(self, steps: int = 5_000) -> None:
        """Let time pass and effects succeed as the script says until nothing is left to do."""
        for _ in range(steps):
            await self.deliver()
            if not self.timers():
                return
            await self.run_to_next_timer()
        raise AssertionError("it never comes to rest")

    # -- what became of it ---------------------------------------------------------------------------------------------

    def send(self, message_id: str) -> SendRecord:
        return SendRecord.model_validate(self.store.documents[Key(SENDS.name, message_id)])

    def queue(self, key: str) -> SendQueue | None:
        document = self.store.documents.get(Key(SEND_QUEUES.name, key))
        return None if document is None else SendQueue.model_validate(document)

    def account(self) -> AccountSends:
        """What the partition knows of sending as the account."""
        return AccountSends.model_validate(self.store.documents[Key(ACCOUNT_SENDS.name, "0/w/telegram:main")])

    def facts(self) -> list[tuple[str, Json]]:
        """What was told: last word of the type and the message, in order."""
        told = [event for event in self.events if event.type.startswith("pasokh.delivery.")]
        return [(event.type.rsplit(".", 1)[1], event.data["message"]) for event in told]

    def accounts_told(self) -> int:
        """How often whoever watches accounts was told to look."""
        return len([event for event in self.events if event.type == "pasokh.control.account_held"])

    def error_of(self, message_id: str) -> str:
        failure = self.send(message_id).error
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


def arrived(message: OutboundMessage) -> ReceivedEvent:
    return ReceivedEvent(_event("pasokh.outbound.message", message.key, message), "outbound", 0)


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
