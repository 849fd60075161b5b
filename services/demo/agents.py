"""The simulated agents of the demo shop: they read, wait, answer in the customer's language, and resolve."""

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
FILE_PROBABILITY = 0.15
MAX_TRIES = 3
MAX_RESPONSE_DELAY_SECONDS = 75.0
SILENCE_SECONDS = (8.0, 30.0)
"""After how long without a word of the customer a conversation is resolved."""


@dataclass(frozen=True, slots=True)
class AgentAction:
    """An action of an agent. A repeated action has the same `key`. `text` None: the text must be chosen first.

    `has_file`: a picture goes with the reply; `file` is its id once it is uploaded, the same at a repeat.
    """

    conversation: str
    action: Action
    agent: str
    key: str
    text: str | None = None
    has_file: bool = False
    file: str | None = None


@dataclass(slots=True)
class _Case:
    status: str
    due: datetime
    replies: int = 0
    failures: int = 0
    action: AgentAction | None = None


@dataclass(slots=True)
class AgentSimulator:
    """The open work of all agents. It is built anew at every start from the open conversations."""

    random: Random
    run: str
    people: frozenset[str] = frozenset()
    """Agents whom somebody plays: nothing is done in their name."""
    _cases: dict[str, _Case] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=count)

    def poll(self, conversations: Iterable[Mapping[str, Any]], now: datetime) -> list[AgentAction]:
        """The actions that are due now. `conversations` are all that are assigned or pending, as REST returns them."""
        seen = {
            conversation["id"]: conversation
            for conversation in conversations
            if conversation["status"] in ACTION_OF and conversation.get("agent") not in (None, *self.people)
        }
        self._cases = {i: case for i, case in self._cases.items() if i in seen}
        return [self._action(conversation) for conversation in seen.values() if self._is_due(conversation, now)]

    def worded(self, action: AgentAction, question: str, language: str | None) -> AgentAction:
        """The reply with its text, which a repeat keeps. `question` is the customer's last message."""
        if action.action == "reply" and action.text is None:
            action = replace(action, text=answer_to(question, language))
            self._cases[action.conversation].action = action
        return action

    def uploaded(self, action: AgentAction, file: str) -> AgentAction:
        """The reply with the id of its file, which a repeat keeps."""
        action = replace(action, file=file)
        self._cases[action.conversation].action = action
        return action

    def failed(self, action: AgentAction, now: datetime) -> None:
        """The action failed: repeat it later, and give up after some attempts."""
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
        # REST may show the effect a moment later. Until then the conversation gets no other action.
        case.due += timedelta(seconds=60)
        if case.action is None:
            case.action = self._new_action(case, conversation)
        return case.action

    def _new_action(self, case: _Case, conversation: Mapping[str, Any]) -> AgentAction:
        talks = case.replies < MAX_REPLIES and not _must_not_reply_publicly(conversation)
        action = ACTION_OF[case.status] if talks else "resolve"
        case.replies += action == "reply"
        key = f"demo-{self.run}-{next(self._numbers)}"
        # Comments take no files on most platforms.
        has_file = (
            action == "reply" and conversation.get("surface") == "private" and self.random.random() < FILE_PROBABILITY
        )
        return AgentAction(conversation["id"], action, conversation["agent"], key, has_file=has_file)

    def _response_delay(self, conversation: Mapping[str, Any]) -> timedelta:
        """The delay of an agent: usually about eight seconds, sometimes a minute, and longer while the customer is awaited."""
        if _must_not_reply_publicly(conversation):
            return timedelta(seconds=self.random.uniform(60, 120))
        if conversation["status"] == "pending":
            return timedelta(seconds=self.random.uniform(*SILENCE_SECONDS))
        return timedelta(seconds=min(self.random.lognormvariate(2.1, 0.7), MAX_RESPONSE_DELAY_SECONDS))


def _must_not_reply_publicly(conversation: Mapping[str, Any]) -> bool:
    """Whether the agent waits for the customer in private, because a sensitive conversation is not answered in
    public.
    """
    return bool(conversation.get("sensitive")) and conversation.get("surface") == "public"
