"""The whole graph of real stages in a seeded world: customers write, agents answer, Telegram is moody, processes die.

The customers, the agents' desk and Telegram never die; what they do reaches Pasokh as it would outside: repeated, late,
or not at all.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry

from schemas.activity import Activity, Address, PersonIdentity
from schemas.channel import Capabilities, TextLimit
from schemas.commands import Reply, Resolve
from schemas.configuration import (
    AccountBody,
    AgentBody,
    Policy,
    RoutingBody,
    Rule,
    RuleActions,
    SlaBody,
    Targets,
    Versioned,
    WorkspaceBody,
    WorkspaceConfiguration,
)
from schemas.envelope import Event
from schemas.outbound import OutboundMessage
from schemas.routing import AgentPut, PresenceSet
from schemas.values import Contract, EncryptedText, instant
from services.channels.abilities import find_abilities
from services.channels.account_settings import AccountSettings
from services.channels.port import Account, CredentialsRejected, SendReceipt
from services.delivery.attempt import SendDependencies
from services.delivery.instruments import DeliveryInstruments
from services.delivery.processor import PROCESSOR as SENDER
from services.domain.channel_capabilities import ChannelCapabilities
from services.metrics.processor import PROCESSOR as METRICS
from services.platform.core.identifiers import hashed_id
from services.platform.http.outgoing import HttpClient, PermanentSendError, SendOutcomeUnknown, TransientSendError
from services.platform.processing.processor import AnyProcessor
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS
from services.router.conversations.context import ConversationsDependencies
from services.router.conversations.domain.handoff import Handoffs
from services.router.conversations.processor import PROCESSOR as CONVERSATIONS
from services.router.customers.processor import PROCESSOR as CUSTOMERS
from services.router.dispatch.context import DispatchDependencies
from services.router.dispatch.processor import PROCESSOR as DISPATCH
from services.sla.processor import PROCESSOR as SLA
from tests.simulator.process import Process
from tests.simulator.run import publish_until_known
from tests.simulator.world import World

WORKSPACE = "w"
TARGET_SECONDS = 15.0
CAPABILITIES = Capabilities(surfaces=("private", "public"), text_limits=(TextLimit(limit=4096),))
LANGUAGES = ("fa", "ar", "lv", "en")
GRAPH = {
    "conversations": ("inbound", "commands", "assignments", "sla", "deliveries"),
    "dispatch": ("routing",),
    "customers": ("customers",),
    "sla": ("conversations",),
    "sender": ("outbound",),
    "metrics": ("inbound", "conversations", "sla", "deliveries"),
}


class BotAccount(AccountSettings):
    credentials: dict[str, str]
    settings: dict[str, str] = {}


@dataclass(slots=True)
class Telegram:
    """The platform: what reached it, and how it answers. `arrived` counts per message id."""

    world: World
    name: str = "telegram"
    account_model: type[AccountSettings] = BotAccount
    capabilities: Capabilities = CAPABILITIES
    arrived: Counter[str] = field(default_factory=Counter)
    order: dict[str, list[str]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """`http` is the process that sends: it may die before, or after the message arrived."""
        process = http
        assert isinstance(process, Process)
        await process.step("send")
        self._answer_badly(message)
        self.arrived[message.id] += 1
        self.order.setdefault(message.key, []).append(message.id)
        if self.world.happens(0.05):
            raise SendOutcomeUnknown
        await process.step("sent")
        return SendReceipt(f"t-{message.id}")

    def _answer_badly(self, message: OutboundMessage) -> None:
        if self.world.happens(0.1):
            raise self.world.rng.choice(
                (
                    TransientSendError("no connection"),
                    TransientSendError("too many requests", 1.0, "chat"),
                    TransientSendError("unavailable", 4.0, "account"),
                )
            )
        if self.world.happens(0.02):
            raise CredentialsRejected("the bot token is not accepted", 401)
        if self.world.happens(0.03):
            self.refused.add(message.id)
            raise PermanentSendError("blocked", "the customer blocked the bot")
        if self.world.happens(0.03):
            raise SendOutcomeUnknown


def stages_of(process: Process, telegram: Telegram) -> Sequence[AnyProcessor]:
    """Every stage of Pasokh, in one process."""
    outside = SendDependencies(
        channels={"telegram": telegram},  # type: ignore[dict-item]  # only what the sender asks of a channel
        abilities=find_abilities([]),
        http=process,  # type: ignore[arg-type]  # the way back to the process, see Telegram.send
        store=process,
        time_source=process,
        instruments=DeliveryInstruments(CollectorRegistry()),
    )
    return [
        CONVERSATIONS.bind(
            ConversationsDependencies(
                ChannelCapabilities({"telegram": CAPABILITIES}), Handoffs(b"a secret of the simulation")
            )
        ),
        DISPATCH.bind(DispatchDependencies()),
        CUSTOMERS.bind(None),
        SLA.bind(None),
        SENDER.bind(outside),
        METRICS.bind(None),
    ]


def configure(world: World) -> None:
    """A workspace with four languages and one promise, as REST would have written it."""
    at = world.now()
    rule = Rule(then=RuleActions(skills={"lang:{language}": 3}))
    policy = Policy(id="quick", targets=Targets(first_response_seconds=TARGET_SECONDS), warn_at=[0.5])
    configuration = WorkspaceConfiguration(
        workspace=WORKSPACE,
        version=1,
        profile=Versioned(body=WorkspaceBody(name="Shop", languages=list(LANGUAGES)), version=1, at=at),
        accounts={"telegram/main": Versioned(body=AccountBody(credentials={}), version=1, at=at)},
        routing=Versioned(body=RoutingBody(rules=[rule]), version=1, at=at),
        sla=Versioned(body=SlaBody(policies=[policy]), version=1, at=at),
    )
    world.documents[CONFIGURATIONS.name][f"{WORKSPACE}/1"] = configuration.model_dump(mode="json")
    world.documents[CONFIGURATION_HEADS.name][WORKSPACE] = {"workspace": WORKSPACE, "version": 1}


def event_of(world: World, event_type: str, key: str, identity: str, data: Contract) -> Event:
    """An event of a writer without a row."""
    return Event(
        id=identity,
        source="rest",
        type=event_type,
        time=world.now(),
        workspace=WORKSPACE,
        partitionkey=key,
        data=data.model_dump(mode="json"),
    )


async def staff(client: Process) -> None:
    """Two agents per language, online; each command is sent twice, as a client that lost the answer would."""
    for language in LANGUAGES:
        for number in (1, 2):
            agent = f"{language}{number}"
            body = AgentBody(name=agent, teams=["default"], skills={f"lang:{language}": 5}, capacity=3)
            put, presence = AgentPut(agent=agent, body=body), PresenceSet(agent=agent, status="online")
            for kind, data in (("agent_put", put), ("presence_set", presence)):
                event = event_of(client.world, f"pasokh.routing.{kind}", WORKSPACE, f"{kind}-{agent}", data)
                await publish_until_known(client, "routing", event)
                await publish_until_known(client, "routing", event)


@dataclass(frozen=True, slots=True)
class Customer:
    """One person with a language, who writes some messages."""

    number: int
    messages: int

    @property
    def person(self) -> str:
        """As Pasokh names them."""
        return f"telegram:main:{self.number}"

    @property
    def language(self) -> str:
        """What they speak."""
        return LANGUAGES[self.number % len(LANGUAGES)]

    @property
    def platform_id(self) -> str:
        """What the platform calls them elsewhere: of two customers the same, because they are one."""
        return f"p{self.number // 2}"

    def message_id(self, number: int) -> str:
        """The id of their message of this number."""
        return hashed_id(WORKSPACE, "main", str(self.number), str(number))


async def write(client: Process, customer: Customer) -> None:
    """Send the messages in order, some of them several times."""
    world = client.world
    for number in range(customer.messages):
        now = world.now()
        activity = Activity(
            id=f"a-{customer.number}-{number}",
            workspace=WORKSPACE,
            channel="telegram",
            account="main",
            kind="message",
            surface="private",
            person=customer.person,
            message=customer.message_id(number),
            text=EncryptedText(text=f"message {number}"),
            language=customer.language,
            address=Address(chat=str(customer.number)),
            identities=[PersonIdentity(kind="platform", value=customer.platform_id, proven=True)],
            received_at=now,
        )
        event = event_of(world, "pasokh.inbound.message", f"{WORKSPACE}/{customer.person}", activity.id, activity)
        for _ in range(world.rng.choice((1, 1, 2, 3))):
            await publish_until_known(client, "inbound", event)
        await asyncio.sleep(world.rng.uniform(0, 4))


@dataclass(slots=True)
class AgentActor:
    """The agents: they answer what is theirs after a while, and resolve what was answered."""

    client: Process
    answered: dict[str, str] = field(default_factory=dict)
    resolved: set[str] = field(default_factory=set)
    pending: set[asyncio.Task[None]] = field(default_factory=set)

    async def work(self, conversations: int) -> None:
        """Until every conversation was answered and resolved once."""
        world = self.client.world
        while len(self.resolved) < conversations:
            for identity, document in sorted(world.documents["conversations"].items()):
                self._look(identity, str(document["status"]), str(document["key"]), document.get("agent"))
            await asyncio.sleep(0.5)
        await asyncio.gather(*self.pending)

    def _look(self, identity: str, status: str, key: str, agent: object) -> None:
        if status == "assigned" and identity not in self.answered and isinstance(agent, str):
            self.answered[identity] = f"reply-{identity}"
            self._begin(self._reply(identity, key, agent))
        elif identity in self.answered and identity not in self.resolved and self._outcome(identity):
            self.resolved.add(identity)
            self._begin(self._resolve(identity, key))

    def _begin(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self.pending.add(task)

    def _outcome(self, identity: str) -> bool:
        """Whether the reply was answered by Pasokh, and every message of it is settled."""
        documents = self.client.world.documents
        if self.answered[identity] not in documents["outcomes"]:
            return False
        mine = [m for m in documents["messages"].values() if m["conversation"] == identity]
        return all(m["state"] != "queued" for m in mine)

    async def _reply(self, identity: str, key: str, agent: str) -> None:
        world = self.client.world
        await asyncio.sleep(self._hesitation(identity))
        text = EncryptedText(text="answer")
        reply = Reply(conversation=identity, agent=agent, text=text, accepted_at=world.now(), request_hash="h")
        await self._twice("pasokh.command.reply", key, self.answered[identity], reply)

    def _hesitation(self, identity: str) -> float:
        """Seconds until the agent answers: any time, or just before the promise runs out, where judging is hard."""
        world = self.client.world
        if world.rng.random() < 0.4:
            return world.rng.uniform(0, 25)
        clocks = world.documents["clocks"].values()
        first = [c for c in clocks if c["conversation"] == identity and c["metric"] == "first_response"]
        due = next((instant(str(c["due_at"])) for c in first), world.now())
        return max(0.0, (due - world.now()).total_seconds() - world.rng.uniform(0.01, 0.5))

    async def _resolve(self, identity: str, key: str) -> None:
        world = self.client.world
        await asyncio.sleep(world.rng.uniform(0, 3))
        resolve = Resolve(conversation=identity, accepted_at=world.now(), request_hash="h")
        await self._twice("pasokh.command.resolve", key, f"resolve-{identity}", resolve)

    async def _twice(self, event_type: str, key: str, identity: str, data: Contract) -> None:
        event = event_of(self.client.world, event_type, key, identity, data)
        await publish_until_known(self.client, "commands", event)
        await publish_until_known(self.client, "commands", event)
