"""A page of a platform where customers comment in public, with what its channel can do; conversations and sender together.

Events go from one processor to the other until nobody has anything to do. What the customer reads is recorded.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry

from schemas.activity import Activity, Address
from schemas.channel import Capabilities, PrivateReply
from schemas.commands import ClearHandoff, CommandResult, PerformAction, Reply
from schemas.configuration import (
    AccountBody,
    HandoffTexts,
    Versioned,
    WorkspaceBody,
    WorkspaceConfiguration,
    WorkspaceSettings,
)
from schemas.outbound import ChannelAction, OutboundMessage
from schemas.values import Contract, EncryptedText, Surface
from services.channels.abilities import find_abilities
from services.channels.port import Account, SendReceipt
from services.delivery.attempt import SendDependencies
from services.delivery.instruments import DeliveryInstruments
from services.delivery.processor import PROCESSOR as SENDER
from services.domain.channel_capabilities import ChannelCapabilities
from services.domain.conversation_state import ConversationState
from services.platform.http.outgoing import HttpClient
from services.platform.processing.inputs import ReceivedEvent
from services.platform.store.collections import OUTCOMES, TIMERS
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS, ConfigurationHead
from services.records.conversations import ACTIVITIES, CONVERSATIONS, MESSAGES, MOVED_CHATS, PERSONS, MessageRecord
from services.records.sends import ACCOUNT_SENDS, SEND_QUEUES, SENDS
from services.router.conversations.context import ConversationsDependencies
from services.router.conversations.processor import PROCESSOR as CONVERSATIONS_PROCESSOR
from tests.delivery.harness import ActingChannel
from tests.driver import Driver
from tests.fakes import FakeHttp, ManualTimeSource, MemoryStore
from tests.router.conversations.harness import HANDOFFS, assigned_to

PLAIN = Capabilities(surfaces=("private", "public"), text_limits=())
WITH_PRIVATE_REPLY = PLAIN.model_copy(
    update={"private_reply": PrivateReply(seconds=7 * 86400, once=True), "actions": ("hide", "unhide")}
)
WITH_DEEP_LINK = PLAIN.model_copy(update={"deep_link": "https://page.example/{username}?start={token}"})
WITH_INVITATION = PLAIN.model_copy(update={"invitation": True})
COMMENTER, IN_PRIVATE = "page:main:commenter", "page:main:psid-1"
COLLECTIONS = (
    *(ACCOUNT_SENDS, SEND_QUEUES, SENDS, CONVERSATIONS, MESSAGES, MOVED_CHATS, PERSONS, ACTIVITIES, OUTCOMES),
    *(CONFIGURATION_HEADS, CONFIGURATIONS, TIMERS),
)


@dataclass
class PageChannel(ActingChannel):
    """A channel whose private replies reach the person `psid-1`. `refusals` are raised first, one for each send."""

    name: str = "page"
    refusals: list[Exception] = field(default_factory=list)
    reached: SendReceipt = SendReceipt("p-1", person="psid-1", address=Address(chat="psid-1"))  # noqa: RUF009 -- frozen
    taken: list[OutboundMessage] = field(default_factory=list)

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        if self.refusals:
            raise self.refusals.pop(0)
        self.taken.append(message)
        return self.reached if message.private_reply else SendReceipt(f"sent-{len(self.taken)}")


class Page:
    """The page, a customer who comments, and an agent."""

    def __init__(
        self,
        capabilities: Capabilities,
        *,
        username: str | None = None,
        webchat: bool = False,
        texts: HandoffTexts | None = None,
        channel: PageChannel | None = None,
        by_account: Mapping[str, Callable[[AccountBody], Capabilities]] | None = None,
    ) -> None:
        self.channel = channel or PageChannel()
        self.channel.capabilities = capabilities
        self.webchat = PageChannel(name="webchat")
        time_source = ManualTimeSource()
        sender_store = MemoryStore(*COLLECTIONS)
        dependencies = SendDependencies(
            channels={"page": self.channel, "webchat": self.webchat},
            abilities=find_abilities([self.channel, self.webchat]),
            http=FakeHttp(),
            store=sender_store,
            time_source=time_source,
            instruments=DeliveryInstruments(CollectorRegistry()),
        )
        self.sender = Driver(SENDER.bind(dependencies), store=sender_store, time_source=time_source)
        bound = CONVERSATIONS_PROCESSOR.bind(
            ConversationsDependencies(
                ChannelCapabilities({"page": capabilities, "webchat": PLAIN}, by_account or {}), HANDOFFS
            )
        )
        self.driver = Driver(bound, store=MemoryStore(*COLLECTIONS), time_source=time_source)
        self._moved, self._number = {id(self.driver): 0, id(self.sender): 0}, 0
        self._configure(username, webchat=webchat, texts=texts)

    def _configure(self, username: str | None, *, webchat: bool, texts: HandoffTexts | None) -> None:
        at, settings = self.driver.now, WorkspaceSettings(handoff_texts=texts)
        accounts = {"page/main": AccountBody(credentials={"bot_token": "1:a"}, settings={"handoff_seconds": 600})}
        if username is not None:
            accounts["page/main"].settings["username"] = username
        if webchat:
            accounts["webchat/main"] = AccountBody(credentials={"bot_token": "1:a"})
        configuration = WorkspaceConfiguration(
            workspace="w",
            version=1,
            profile=Versioned(body=WorkspaceBody(name="Shop", settings=settings), version=1, at=at),
            accounts={name: Versioned(body=body, version=1, at=at) for name, body in accounts.items()},
        )
        for driver in (self.driver, self.sender):
            driver.put(CONFIGURATIONS, "w/1", configuration)
            driver.put(CONFIGURATION_HEADS, "w", ConfigurationHead(workspace="w", version=1))

    # -- what people do ------------------------------------------------------------------------------------------------

    async def comment(self, **more: Any) -> None:
        """The customer writes something sensitive below a post."""
        public: dict[str, Any] = {
            "surface": "public",
            "thread": "post-1",
            "person": COMMENTER,
            "address": Address(chat="page", thread="post-1", reply_to=f"comment-{self._number + 1}"),
            "platform_id": f"comment-{self._number + 1}",
            "sensitive": True,
            "masked": ["card"],
        }
        await self._write({**public, **more})

    async def private_message(self, person: str = IN_PRIVATE, **more: Any) -> None:
        """A person writes to the page in private."""
        chat = person.rsplit(":", 1)[1]
        private: dict[str, Any] = {"surface": "private", "person": person, "address": Address(chat=chat)}
        await self._write({**private, **more})

    async def _write(self, fields: dict[str, Any]) -> None:
        """One activity. `settled` False: what follows from it waits."""
        is_settled = fields.pop("settled", True)
        self._number += 1
        known: dict[str, Any] = {
            "id": f"a{self._number}",
            "workspace": "w",
            "channel": "page",
            "account": "main",
            "kind": "message",
            "message": f"m{self._number}",
            "text": EncryptedText(text=f"text {self._number}"),
            "received_at": self.driver.now,
        }
        activity = Activity.model_validate({**known, **fields})
        await self._arrive("inbound", f"pasokh.inbound.{activity.kind}", activity, f"w/{activity.person}")
        if is_settled:
            await self.settle()

    async def assign(self, agent: str = "sara") -> None:
        case = self.case()
        assigned = assigned_to(case, agent, self.driver.now)
        await self._arrive("assignments", "pasokh.assignment.assigned", assigned, case.key)

    async def reply(self, text: str, surface: Surface | None = None) -> CommandResult:
        reply = Reply(
            conversation=self.case().id,
            agent="sara",
            text=EncryptedText(text=text),
            surface=surface,
            accepted_at=self.driver.now,
            request_hash="h",
        )
        outcome = await self._command("reply", reply)
        await self.settle()
        return outcome

    async def act(self, kind: str, message: str | None, agent: str = "sara", **more: Any) -> CommandResult:
        """An agent does something to a message, and the platform answers."""
        outcome = await self.ask(kind, message, agent, **more)
        await self.settle()
        return outcome

    async def ask(self, kind: str, message: str | None, agent: str = "sara", **more: Any) -> CommandResult:
        """The same, before the platform has heard of it."""
        fields = {"conversation": self.case().id, "kind": kind, "message": message, "agent": agent, **more}
        command = PerformAction.model_validate({**fields, "accepted_at": self.driver.now, "request_hash": "h"})
        return await self._command("perform_action", command)

    async def clear(self) -> CommandResult:
        """An agent allows answers in public again."""
        command = ClearHandoff(conversation=self.case().id, agent="sara", accepted_at=self.driver.now, request_hash="h")
        outcome = await self._command("clear_handoff", command)
        await self.settle()
        return outcome

    async def _command(self, verb: str, data: Contract) -> CommandResult:
        event = await self._arrive("commands", f"pasokh.command.{verb}", data, self.case().key)
        outcome = self.driver.get(OUTCOMES, event.event.id)
        assert outcome is not None, "a command without an outcome"
        return outcome

    async def _arrive(self, topic: str, event_type: str, data: Contract, key: str) -> ReceivedEvent:
        event = self.driver.arrived(topic, event_type, data, key)
        await self.driver.batch([event])
        return event

    # -- the machinery -------------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Let the two processors hear of each other, and the platform answer, until nothing is left to do."""
        while await self._pass_on() or self.sender.effects:
            await self.sender.complete_all_effects()

    async def _pass_on(self) -> bool:
        is_busy = False
        for source in (self.driver, self.sender):
            for event in source.sent[self._moved[id(source)] :]:
                self._moved[id(source)] += 1
                topic = event.type.split(".")[1]
                target, name = {
                    "command": (self.driver, "commands"),
                    "outbound": (self.sender, "outbound"),
                    "delivery": (self.driver, "deliveries"),
                }.get(topic, (None, ""))
                if target is not None:
                    is_busy = True
                    await target.batch([ReceivedEvent(event, name, self._moved[id(source)])])
        return is_busy

    async def wait(self, seconds: float) -> None:
        """Let time pass for both."""
        until = self.driver.now + timedelta(seconds=seconds)
        await self.sender.advance_to(until)
        await self.driver.advance_to(until)
        await self.settle()

    # -- what came of it -----------------------------------------------------------------------------------------------

    def cases(self) -> list[ConversationState]:
        """Every conversation, by opening."""
        return sorted(self.driver.store.all(CONVERSATIONS), key=lambda case: (case.opened_at, case.id))

    def case(self) -> ConversationState:
        """The conversation that began with the comment."""
        return self.cases()[0]

    def messages(self) -> list[MessageRecord]:
        """The messages of all conversations, in order."""
        return sorted(self.driver.store.all(MESSAGES), key=lambda message: message.order)

    def message(self, identity: str) -> MessageRecord:
        """One message."""
        found = self.driver.get(MESSAGES, identity)
        assert found is not None
        return found

    def read_by_customer(self) -> list[tuple[Surface, str]]:
        """What the platform showed the customer of ours, in order: where, and the text."""
        return [(message.surface, message.text.text) for message in self.channel.taken]

    def performed(self) -> list[tuple[str, str | None]]:
        """What the platform did for us, in order: the action, and its id of the message."""
        return [(action.kind, action.platform_id) for action in self.channel.performed]

    def actions(self) -> list[ChannelAction]:
        """The actions as the platform got them."""
        return self.channel.performed

    def verbs(self) -> list[str]:
        """The facts of conversations, shortened."""
        prefix = "pasokh.conversation."
        return [event.type.removeprefix(prefix) for event in self.driver.sent if event.type.startswith(prefix)]
