"""The collector on one partition, with ingest behind it in memory. Effects run, and time passes, when a test says so."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry

from schemas.accounts import ACCOUNT_CHANGED, CHECK_ACCOUNTS, POLL_NOW, AccountChanged, AccountFact, CheckAccounts
from schemas.activity import Activity, Address
from schemas.channel import Capabilities, TextLimit
from schemas.configuration import AccountBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.envelope import Event, decode
from schemas.outbound import OutboundMessage
from schemas.values import EncryptedText, RequestModel
from services.channels.abilities import find_abilities
from services.channels.account_settings import AccountSettings, Secret
from services.channels.port import (
    Account,
    Channel,
    CredentialsRejected,
    PollResult,
    RefreshedTokens,
    Request,
    SendReceipt,
    WebhookResponse,
)
from services.collector.context import CollectorDependencies
from services.collector.instruments import CollectorInstruments
from services.collector.processor import PROCESSOR
from services.composition import COLLECTIONS
from services.ingest.account_activity import AccountActivityRecorder
from services.ingest.accounts import AccountCache
from services.ingest.instruments import IngestInstruments
from services.ingest.webhooks import WebhookDependencies, Webhooks
from services.platform.core.identifiers import hashed_id
from services.platform.http.outgoing import HttpClient
from services.platform.processing.inputs import EffectCompleted, TimerFired
from services.platform.store.collections import RUNTIME_COLLECTIONS
from services.records.accounts import ACCOUNT_CHECKS, AccountCheck
from services.records.polls import POLLS, Poll
from tests.configuration import configure
from tests.driver import Driver
from tests.fakes import FakeHttp, ManualTimeSource, MemoryBus, MemoryStore

PAGE_SIZE = 2


class ReviewCredentials(RequestModel):
    access_token: Secret


class ReviewAccount(AccountSettings):
    credentials: ReviewCredentials


class ReviewSite:
    """A channel with a platform inside: it is polled page by page, and its access token expires.

    `reviews` are what customers have written. `failure` is what every call raises while it is set. `refusal`: why no new
    token is given. `used` are the tokens that calls were made with.
    """

    name = "reviews"
    account_model = ReviewAccount
    capabilities = Capabilities(surfaces=("public",), text_limits=(TextLimit(limit=1000),))
    interval = timedelta(minutes=5)

    def __init__(self) -> None:
        self.reviews: list[str] = []
        self.failure: Exception | None = None
        self.refusal: Exception | None = None
        self.token = "first"
        self.expires: datetime | None = None
        self.lifetime = timedelta(days=60)
        self.used: list[str] = []
        self.polls: list[str | None] = []
        self.refreshes = 0

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        return None

    def verify(self, request: Request, account: Account) -> None:
        return

    def parse(self, request: Request, account: Account) -> list[Activity]:
        review = json.loads(request.body)
        return [
            Activity(
                id=hashed_id(account.workspace, account.id, str(review["number"])),
                workspace=account.workspace,
                channel=self.name,
                account=account.id,
                kind="message",
                surface="public",
                person=f"{self.name}:{account.id}:{review['number']}",
                text=EncryptedText(text=review["text"]),
                address=Address(chat=str(review["number"])),
                received_at=request.received_at,
            )
        ]

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        self._call(account)
        return SendReceipt(platform_id="1")

    def is_polled(self, body: AccountBody) -> bool:
        return True

    async def begin_polling(self, account: Account, http: HttpClient) -> None:
        return

    async def poll(self, account: Account, http: HttpClient, cursor: str | None) -> PollResult:
        self.polls.append(cursor)
        self._call(account)
        after = int(cursor or 0)
        page = list(enumerate(self.reviews, 1))[after : after + PAGE_SIZE]
        bodies = [json.dumps({"number": number, "text": text}).encode() for number, text in page]
        return PollResult(bodies, str(after + len(page)), has_more=after + len(page) < len(self.reviews))

    def announces(self, request: Request, account: Account) -> bool:
        return request.query.get("notice") == "1"

    def expires_at(self, account: Account, now: datetime) -> datetime | None:
        return self.expires

    async def refresh(self, account: Account, now: datetime, http: HttpClient) -> RefreshedTokens:
        if self.refusal is not None:
            raise self.refusal
        self.refreshes += 1
        self.token, self.expires = f"token {self.refreshes}", now + self.lifetime
        return RefreshedTokens({"access_token": self.token}, self.expires)

    def _call(self, account: Account) -> None:
        token = account.token("access_token")
        self.used.append(token)
        if self.failure is not None:
            raise self.failure
        if token != self.token:
            raise CredentialsRejected("the access token is not accepted", 401)


class CollectorHarness:
    """An installation with one workspace `shop`, the collector on its only partition, and what ingest publishes."""

    def __init__(self, channels: Sequence[Channel], http: HttpClient | None = None, partitions: int = 1) -> None:
        self.clock = ManualTimeSource()
        self.store, self.bus = MemoryStore(*RUNTIME_COLLECTIONS, *COLLECTIONS), MemoryBus()
        by_name, abilities, http = (
            {channel.name: channel for channel in channels},
            find_abilities(channels),
            http or FakeHttp(),
        )
        accounts = AccountCache(self.store, self.clock, spacing=0, refreshing=frozenset(abilities.refreshes))
        self.recorder = AccountActivityRecorder(self.store, self.clock)
        self.webhooks = Webhooks(
            WebhookDependencies(
                channels=by_name,
                abilities=abilities,
                accounts=accounts,
                store=self.store,
                bus=self.bus,
                http=http,
                time_source=self.clock,
                instruments=IngestInstruments(),
                recorder=self.recorder,
            )
        )
        self.registry = CollectorRegistry()
        self.dependencies = CollectorDependencies(
            channels=by_name,
            abilities=abilities,
            accounts=accounts,
            http=http,
            time_source=self.clock,
            publish_body=self.webhooks.publish_body,
            instruments=CollectorInstruments(self.registry),
        )
        self.driver = Driver(
            PROCESSOR.bind(self.dependencies), store=self.store, time_source=self.clock, partitions=partitions
        )
        self.accounts: dict[str, Versioned[AccountBody]] = {}
        self.profile = WorkspaceBody(name="Shop")
        self.version = 0

    # -- configuration -------------------------------------------------------------------------------------------------

    def write(self, name: str, body: AccountBody | None) -> None:
        """Write the account `channel/account`, or remove it, without an event."""
        self.version += 1
        self.accounts.pop(name, None)
        if body is not None:
            self.accounts[name] = Versioned(body=body, version=self.version, at=self.clock.now())
        self.write_profile()

    def write_profile(self) -> None:
        """Write the workspace with its accounts."""
        self.version += 1
        profile = Versioned(body=self.profile, version=1, at=self.clock.now())
        configuration = WorkspaceConfiguration(
            workspace="shop", version=self.version, profile=profile, accounts=dict(self.accounts)
        )
        configure(self.store, configuration)

    async def connect(self, name: str, body: AccountBody | None) -> None:
        """Write an account, or remove it, as REST does."""
        self.write(name, body)
        await self.emit(ACCOUNT_CHANGED, name)

    async def emit(self, event_type: str, name: str, **more: Any) -> None:
        """An event about the account `channel/account`."""
        channel, account = name.split("/")
        data = AccountChanged(workspace="shop", channel=channel, account=account, **more)
        await self.driver.batch([self.driver.arrived("accounts", event_type, data, key=data.name)])

    async def start_process(self) -> None:
        """A process starts; it becomes the owner of the partition, or another one that does not."""
        await self.driver.batch(
            [self.driver.arrived("accounts", CHECK_ACCOUNTS, CheckAccounts(at=self.clock.now()), key="pasokh")]
        )

    async def poll_now(self, name: str, **more: Any) -> None:
        """The platform has something for the account."""
        await self.emit(POLL_NOW, name, **more)

    # -- effects -------------------------------------------------------------------------------------------------------

    def waiting(self, kind: str) -> list[str]:
        """The names of the effects of this kind that are scheduled and not yet performed."""
        return [one.name for one in self.driver.effects if one.name.startswith(kind)]

    async def perform(self, kind: str) -> EffectCompleted:
        """Perform the scheduled effect of this kind; no batch has decided its result."""
        [due] = [one for one in self.driver.effects if one.name.startswith(kind)]
        return await self.driver.perform(due)

    async def complete(self, kind: str, times: int = 1) -> None:
        """Perform the scheduled effects of this kind, and decide their results; so many times."""
        for _ in range(times):
            due = [one for one in self.driver.effects if one.name.startswith(kind)]
            results = [await self.driver.perform(one) for one in due]
            if results:
                await self.driver.batch(results)

    async def advance(self, seconds: float, *kinds: str) -> None:
        """Move time from timer to timer; after each, the effects of these kinds run."""
        until = self.clock.now() + timedelta(seconds=seconds)
        while (timers := self.driver.timers()) and timers[0].due_at <= until:
            await self.driver.advance_to(timers[0].due_at)
            for kind in kinds:
                while self.waiting(kind):
                    await self.complete(kind)
        self.driver.now = until

    async def fire(self, kind: str) -> None:
        """Decide the timers of this kind that are due."""
        due = [one for one in self.driver.timers() if one.name.startswith(kind) and one.due_at <= self.clock.now()]
        await self.driver.batch([TimerFired(one.name, one.due_at, dict(one.data)) for one in due])

    async def jump(self, seconds: float, kind: str) -> None:
        """Move time from one timer of this kind to the next, and run its effects; probes and sweeps are left out."""
        until = self.clock.now() + timedelta(seconds=seconds)
        while due := [one.due_at for one in self.driver.timers() if one.name.startswith(kind) and one.due_at <= until]:
            self.driver.now = max(self.clock.now(), due[0])
            await self.fire(kind)
            await self.complete(kind)
        self.driver.now = until

    # -- what came of it -----------------------------------------------------------------------------------------------

    def events(self) -> list[Event]:
        """What ingest published."""
        logs = [log for (topic, _), log in self.bus.logs.items() if topic == "inbound"]
        return [decode(record.value) for log in logs for record in log]

    def texts(self) -> list[str]:
        """The texts that ingest published."""
        read = [Activity.model_validate(event.data).text for event in self.events()]
        return [text.text for text in read if text is not None]

    def poll(self, identity: str) -> Poll:
        found = self.store.find(POLLS, identity)
        assert found is not None
        return found

    def check(self, identity: str) -> AccountCheck:
        found = self.store.find(ACCOUNT_CHECKS, identity)
        assert found is not None
        return found

    def timer(self, name: str) -> float | None:
        """The seconds until the timer of this name; None: there is none."""
        due = [one.due_at for one in self.driver.timers() if one.name == name]
        return (due[0] - self.clock.now()).total_seconds() if due else None

    def facts(self, *nouns: str) -> list[tuple[str, str]]:
        """The facts of accounts that were emitted: the last word of their type, and the state."""
        found = [(event.type.rsplit(".", 1)[1], event) for event in self.driver.sent if ".account." in event.type]
        named = [(noun, AccountFact.model_validate(event.data).state) for noun, event in found]
        return [one for one in named if not nouns or one[0] in nouns]


def body(settings: Mapping[str, Any] | None = None, **credentials: str) -> AccountBody:
    """An account with these credentials."""
    return AccountBody(credentials=dict(credentials), settings=dict(settings or {}))
