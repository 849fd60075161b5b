"""The agents of the demo shop: they read, think, answer in the customer's language, and resolve."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Literal

from services.demo.corpus import answer_to

Action = Literal["reply", "resolve"]
ACTION_OF: Mapping[str, Action] = {"assigned": "reply", "pending": "resolve"}
MAX_REPLIES = 3
MAX_TRIES = 3
MAX_RESPONSE_DELAY_SECONDS = 75.0


@dataclass(frozen=True, slots=True)
class AgentAction:
    """What an agent does now. `key` is the same when it has to be done again. `text` None: it is to be worded first."""

    conversation: str
    action: Action
    agent: str
    key: str
    text: str | None = None


@dataclass(slots=True)
class _Case:
    status: str
    due: datetime
    replies: int = 0
    failures: int = 0
    action: AgentAction | None = None


@dataclass(slots=True)
class AgentSimulator:
    """What all agents have on their desks. Made anew at every start: what is open is seen again, and gets done."""

    random: Random
    run: str
    _cases: dict[str, _Case] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=count)

    def poll(self, conversations: Iterable[Mapping[str, Any]], now: datetime) -> list[AgentAction]:
        """`conversations` are all that are assigned or pending, as REST shows them; returns what is done now."""
        seen = {
            conversation["id"]: conversation
            for conversation in conversations
            if conversation["status"] in ACTION_OF and conversation.get("agent")
        }
        self._cases = {i: case for i, case in self._cases.items() if i in seen}
        return [self._action(conversation) for conversation in seen.values() if self._is_due(conversation, now)]

    def worded(self, action: AgentAction, question: str, language: str | None) -> AgentAction:
        """The reply with its words, which it keeps when it has to be done again. `question`: what was written last."""
        if action.action == "reply" and action.text is None:
            action = replace(action, text=answer_to(question, language))
            self._cases[action.conversation].action = action
        return action

    def failed(self, action: AgentAction, now: datetime) -> None:
        """It was refused or did not arrive: the same again in a while, and after some tries an end of it."""
        case = self._cases.get(action.conversation)
        if case is None or case.action != action:
            return
        case.failures += 1
        case.due = now + timedelta(seconds=10 * case.failures)
        if case.failures == MAX_TRIES:
            case.action, case.replies = None, MAX_REPLIES

    def _is_due(self, conversation: Mapping[str, Any], now: datetime) -> bool:
        case = self._cases.get(conversation["id"])
        if case is None or case.status != conversation["status"]:
            case = _Case(conversation["status"], now + self._response_delay(conversation), case.replies if case else 0)
            self._cases[conversation["id"]] = case
        return case.due <= now

    def _action(self, conversation: Mapping[str, Any]) -> AgentAction:
        case = self._cases[conversation["id"]]
        # Its effect may be seen only a moment later; until then nothing more is done about it.
        case.due += timedelta(seconds=60)
        if case.action is None:
            case.action = self._new_action(case, conversation)
        return case.action

    def _new_action(self, case: _Case, conversation: Mapping[str, Any]) -> AgentAction:
        talks = case.replies < MAX_REPLIES and not _must_not_reply_publicly(conversation)
        action = ACTION_OF[case.status] if talks else "resolve"
        case.replies += action == "reply"
        key = f"demo-{self.run}-{next(self._numbers)}"
        return AgentAction(conversation["id"], action, conversation["agent"], key)

    def _response_delay(self, conversation: Mapping[str, Any]) -> timedelta:
        """Mostly about eight seconds, now and then a minute; a customer who is silent is given a little time."""
        if _must_not_reply_publicly(conversation):
            return timedelta(seconds=self.random.uniform(60, 120))
        if conversation["status"] == "pending":
            return timedelta(seconds=self.random.uniform(8, 30))
        return timedelta(seconds=min(self.random.lognormvariate(2.1, 0.7), MAX_RESPONSE_DELAY_SECONDS))


def _must_not_reply_publicly(conversation: Mapping[str, Any]) -> bool:
    """What is sensitive is not answered in public: the customer is awaited in private, for a while."""
    return bool(conversation.get("sensitive")) and conversation.get("surface") == "public"
