"""One account of a channel in a whole installation in memory: ingest, a partition of conversations and one of the sender."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from prometheus_client import CollectorRegistry

from schemas.activity import Activity
from schemas.configuration import AccountBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.envelope import decode
from services.channels.abilities import find_abilities
from services.channels.port import Account, Channel
from services.delivery.attempt import SendDependencies
from services.delivery.instruments import DeliveryInstruments
from services.delivery.processor import PROCESSOR
from services.platform.http.outgoing import HttpResponse
from services.platform.processing.inputs import ReceivedEvent
from services.records.accounts import account_id
from services.records.conversations import MessageRecord
from services.records.sends import ACCOUNT_SENDS, SEND_QUEUES, SENDS
from services.records.tokens import ACCOUNT_TOKENS, AccountTokens, credentials_digest
from tests.channels.places import HELLO, SENT, WRITTEN, Place, Update
from tests.configuration import configure
from tests.driver import Driver
from tests.fakes import FakeHttp, MemoryStore
from tests.fakes.http import HttpCall, refuse_calls
from tests.ingest.harness import SECRET_HEADER, Ingest
from tests.router.conversations.harness import ConversationsHarness


class Installation:
    """What a platform posts goes through ingest into the router; replies go through the sender to the platform."""

    def __init__(
        self, channel: Channel, account: Account, place: Place, others: Mapping[str, AccountBody] = MappingProxyType({})
    ) -> None:
        """`others` are further accounts of the workspace, by `channel/account`."""
        self.channel, self.place, self.account = channel, place, account
        self.ingest = Ingest(at=WRITTEN)
        capabilities = find_abilities([channel]).capabilities_of(channel, account.body)
        self.house = ConversationsHarness(
            capabilities={channel.name: capabilities}, at=WRITTEN, workspace=account.workspace
        )
        configuration = WorkspaceConfiguration(
            workspace=account.workspace,
            version=4,
            profile=Versioned(body=WorkspaceBody(name="Shop"), version=1, at=WRITTEN),
            accounts={
                name: Versioned(body=body, version=1, at=WRITTEN)
                for name, body in {**others, f"{channel.name}/{account.id}": account.body}.items()
            },
        )
        configure(self.ingest.store, configuration)
        configure(self.house.driver.store, configuration)
        self.ingest.serve({channel.name: channel})
        self.http = place.http or FakeHttp(refuse_calls if place.accepted is None else _each_in_turn(place.accepted))
        self.house.driver.store.collections[ACCOUNT_TOKENS.name] = ACCOUNT_TOKENS
        self._store_tokens()
        dependencies = SendDependencies(
            {channel.name: channel},
            find_abilities([channel]),
            self.http,
            self.house.driver.store,
            self.house.driver.time_source,
            DeliveryInstruments(CollectorRegistry()),
        )
        self.sender = Driver(
            PROCESSOR.bind(dependencies),
            store=MemoryStore(ACCOUNT_SENDS, SEND_QUEUES, SENDS),
            time_source=self.house.driver.time_source,
        )
        self._handed_over = 0

    def _store_tokens(self) -> None:
        """The access tokens of the account, as the collector stores them."""
        workspace, channel, account = self.account.workspace, self.channel.name, self.account.id
        tokens = AccountTokens(
            workspace=workspace,
            channel=channel,
            account=account,
            credentials=credentials_digest(self.account.body),
            tokens=dict(self.account.tokens),
        )
        if tokens.tokens:
            self.house.driver.store.insert(ACCOUNT_TOKENS, account_id(workspace, channel, account), tokens)

    @property
    def now(self) -> datetime:
        """The time everywhere in the installation."""
        return self.house.driver.now

    @now.setter
    def now(self, moment: datetime) -> None:
        self.house.driver.now = self.ingest.clock.at = moment

    @property
    def calls(self) -> list[HttpCall]:
        """The calls to the platform; of one that is no HTTP service there are none."""
        assert isinstance(self.http, FakeHttp)
        return self.http.calls

    async def post(self, *updates: Update) -> list[str]:
        """The platform posts updates, each call with as many as it takes: the types of the events that follow."""
        emitted: list[str] = []
        size = self.place.updates_per_call
        for start in range(0, len(updates), size):
            emitted += await self._call(updates[start : start + size])
        return emitted

    async def _call(self, updates: Sequence[Update]) -> list[str]:
        known, request = len(self.ingest.bus.published), self.place.post(updates)
        headers = {SECRET_HEADER: "", **request.headers}
        answer = await self.ingest.call(request.body, path=request.path, query=request.raw_query, headers=headers)
        assert answer.status // 100 == 2, answer.body
        events = [decode(published.value) for published in self.ingest.bus.published[known:]]
        assert events, "an authentic call gives at least one activity"
        emitted = await self.house.driver.batch(
            [ReceivedEvent(event, "inbound", known + n) for n, event in enumerate(events)]
        )
        await self.house.settle()
        return [event.type.rsplit(".", 1)[1] for event in emitted]

    async def accept_reply(self, text: str = HELLO) -> None:
        """The customer writes, and an agent answers them."""
        await self.post(self.place.message(1))
        self.now = SENT
        await self.house.assign()
        accepted = await self.house.reply(text=text)
        assert accepted.status == "applied", accepted.problem

    async def deliver(self) -> None:
        """The sender sends what was accepted, and the router learns the results."""
        await self.send()
        await self.learn_results()

    async def send(self) -> None:
        """The sender sends what was accepted; the router does not know the results yet."""
        messages = [event for event in self.house.driver.sent if event.type == "pasokh.outbound.message"]
        await self.sender.batch([ReceivedEvent(event, "outbound", n) for n, event in enumerate(messages)])
        await self.sender.complete_all_effects()

    async def learn_results(self) -> None:
        """The results of what was sent arrive at the router, each once."""
        results = [event for event in self.sender.sent if event.type.startswith("pasokh.delivery.")]
        for number, event in enumerate(results[self._handed_over :], self._handed_over):
            await self.house.driver.batch([ReceivedEvent(event, "deliveries", number)])
        self._handed_over = len(results)

    def reply(self) -> MessageRecord:
        """The one message of our side."""
        [reply] = [message for message in self.house.messages() if message.direction == "outbound"]
        return reply

    def parse(self, *updates: Update) -> list[Activity]:
        """The activities of a call with these updates."""
        return self.channel.parse(replace(self.place.post(updates), received_at=WRITTEN), self.account)


def _each_in_turn(accepted: Callable[[int], HttpResponse]) -> Callable[[HttpCall], HttpResponse]:
    taken: list[HttpCall] = []

    def respond(call: HttpCall) -> HttpResponse:
        taken.append(call)
        return accepted(len(taken))

    return respond
