"""A partition of conversations in memory, with a customer, an agent and what they do."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from schemas.activity import Activity, Address
from schemas.channel import Capabilities, MediaLimit, TextLimit
from schemas.commands import CommandResult, Reply, Resolve
from schemas.configuration import RoutingBody, Rule, TeamBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.conversation import ConversationFact
from schemas.envelope import Event
from schemas.outbound import DeliveryFailed, DeliverySent
from schemas.routing import Assigned
from schemas.values import Contract, EncryptedText, Failure
from services.domain.channel_capabilities import ChannelCapabilities
from services.domain.conversation_state import ConversationState
from services.platform.processing.inputs import ReceivedEvent
from services.platform.store.collections import OUTCOMES
from services.records.calls import CALLS
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS, ConfigurationHead
from services.records.conversations import ACTIVITIES, CONVERSATIONS, MESSAGES, MOVED_CHATS, PERSONS, MessageRecord
from services.records.mentions import MENTIONS
from services.router.conversations.context import ConversationsDependencies
from services.router.conversations.domain.handoff import Handoffs
from services.router.conversations.processor import PROCESSOR
from tests.driver import Driver
from tests.fakes import START, ManualTimeSource

LINK = "https://t.me/{username}?start={token}"
CAPABILITIES = {
    "telegram": Capabilities(
        surfaces=("private", "public"),
        text_limits=(TextLimit(limit=20),),
        deep_link=LINK,
        media=(MediaLimit(kind="image", max_bytes=100), MediaLimit(kind="file", max_bytes=500)),
        max_files=3,
        caption_limit=10,
    )
}
HANDOFFS = Handoffs(b"a secret of these tests", "https://help.example")
COLLECTIONS = (CALLS, CONVERSATIONS, MENTIONS, MESSAGES, MOVED_CHATS, PERSONS, ACTIVITIES, OUTCOMES)
CONVERSATION = "pasokh.conversation."


class ConversationsHarness:
    """Does one thing after the other and tells what came of it."""

    def __init__(
        self,
        *rules: Rule,
        capabilities: Mapping[str, Capabilities] = CAPABILITIES,
        at: datetime = START,
        workspace: str = "w",
    ) -> None:
        self.driver = Driver(
            PROCESSOR.bind(ConversationsDependencies(ChannelCapabilities(capabilities), HANDOFFS)),
            COLLECTIONS,
            time_source=ManualTimeSource(at),
        )
        self.workspace, self.key = workspace, f"{workspace}/telegram:main:1"
        self._settled = 0
        configuration = WorkspaceConfiguration(
            workspace=workspace,
            version=3,
            profile=Versioned(body=WorkspaceBody(name="Shop"), version=1, at=at),
            teams={"billing": Versioned(body=TeamBody(name="Billing"), version=1, at=at)},
            routing=Versioned(body=RoutingBody(rules=list(rules)), version=3, at=at),
        )
        self.driver.put(CONFIGURATIONS, f"{workspace}/3", configuration)
        self.driver.put(CONFIGURATION_HEADS, workspace, ConfigurationHead(workspace=workspace, version=3))

    # -- what people do ------------------------------------------------------------------------------------------------

    def activity(self, number: int = 1, kind: str = "message", **more: Any) -> Activity:
        """An activity of the customer about their message of this number, in private unless said otherwise."""
        known: dict[str, Any] = {
            "id": f"{kind}-{number}",
            "workspace": self.workspace,
            "channel": "telegram",
            "account": "main",
            "kind": kind,
            "surface": "private",
            "person": "telegram:main:1",
            "message": f"m{number}",
            "text": EncryptedText(text=f"text {number}"),
            "language": "fa",
            "address": Address(chat="1"),
            "received_at": self.driver.now,
        }
        return Activity.model_validate({**known, **more})

    async def customer(self, number: int = 1, kind: str = "message", **more: Any) -> list[str]:
        """The customer does something; returns what the conversation tells."""
        activity = self.activity(number, kind, **more)
        return await self.arrives("inbound", f"pasokh.inbound.{kind}", activity)

    async def arrives(self, topic: str, event_type: str, data: Contract) -> list[str]:
        """One event in a batch of its own; the types of what follows, shortened."""
        return _types(await self.driver.batch([self._arrived(topic, event_type, data)]))

    async def settle(self) -> None:
        """Deliver what the conversations asked of each other, until nobody asks any more."""
        while self._settled < len(self.driver.sent):
            event = self.driver.sent[self._settled]
            self._settled += 1
            if event.type.startswith("pasokh.command."):
                await self.driver.batch([ReceivedEvent(event, "commands", self._settled)])

    async def assign(self, agent: str = "sara") -> list[str]:
        """Dispatch gives the conversation to an agent."""
        assigned = assigned_to(self.case(), agent, self.driver.now)
        return await self.arrives("assignments", "pasokh.assignment.assigned", assigned)

    async def reply(self, agent: str = "sara", text: str = "hello", **more: Any) -> CommandResult:
        """The agent answers; the outcome of that command."""
        reply = Reply(
            conversation=more.pop("conversation", None) or self.case().id,
            agent=agent,
            text=EncryptedText(text=text),
            accepted_at=self.driver.now,
            request_hash="h",
            **more,
        )
        return await self.command("reply", reply)

    async def resolve(self, agent: str | None = None) -> CommandResult:
        """Somebody resolves; the outcome of that command."""
        resolve = Resolve(conversation=self.case().id, agent=agent, accepted_at=self.driver.now, request_hash="h")
        return await self.command("resolve", resolve)

    async def command(self, verb: str, data: Contract) -> CommandResult:
        """A command and its outcome."""
        # As REST does: in the partition of the customer.
        case = self.driver.get(CONVERSATIONS, str(getattr(data, "conversation", None)))
        key = case.key if case is not None else self.key
        arrived = self.driver.arrived("commands", f"pasokh.command.{verb}", data, key)
        await self.driver.batch([arrived])
        outcome = self.driver.get(OUTCOMES, arrived.event.id)
        assert outcome is not None, "a command without an outcome"
        return outcome

    def _arrived(self, topic: str, event_type: str, data: Contract) -> ReceivedEvent:
        return self.driver.arrived(topic, event_type, data, self.key)

    async def delivered(self, message: str) -> list[str]:
        """Telegram took the reply."""
        case = self.case()
        sent = DeliverySent(
            message=message, conversation=case.id, key=case.key, platform_id="77", attempts=1, at=self.driver.now
        )
        return await self.arrives("deliveries", "pasokh.delivery.sent", sent)

    async def undelivered(self, message: str) -> list[str]:
        """Telegram refused the reply."""
        case, error = self.case(), Failure(code="blocked", detail="the customer blocked the bot")
        failed = DeliveryFailed(
            message=message, conversation=case.id, key=case.key, error=error, attempts=1, at=self.driver.now
        )
        return await self.arrives("deliveries", "pasokh.delivery.failed", failed)

    # -- what came of it -----------------------------------------------------------------------------------------------

    def cases(self) -> list[ConversationState]:
        """Every conversation, by opening."""
        documents = self.driver.store.documents
        found = [CONVERSATIONS.decode(d) for k, d in documents.items() if k.collection == CONVERSATIONS.name]
        return sorted(found, key=lambda case: (case.opened_at, case.id))

    def case(self) -> ConversationState:
        """The latest conversation."""
        return self.cases()[-1]

    def messages(self) -> list[MessageRecord]:
        """Every message, in order."""
        documents = self.driver.store.documents
        found = [MESSAGES.decode(d) for k, d in documents.items() if k.collection == MESSAGES.name]
        return sorted(found, key=lambda message: message.order)

    def facts(self, verb: str) -> list[ConversationFact]:
        """The facts of a verb, oldest first."""
        emitted = [e for e in self.driver.sent if e.type == f"{CONVERSATION}{verb}"]
        return [ConversationFact.model_validate(event.data) for event in emitted]


def assigned_to(case: ConversationState, agent: str, at: datetime) -> Assigned:
    """The decision of dispatch that an agent has a conversation."""
    return Assigned(
        conversation=case.id,
        key=case.key,
        workspace=case.workspace,
        agent=agent,
        team=case.team,
        at=at,
        decision="d",
        summary="s",
    )


def _types(events: list[Event]) -> list[str]:
    return [event.type.removeprefix(CONVERSATION).removeprefix("pasokh.") for event in events]


EARLIER = START - timedelta(seconds=30)
