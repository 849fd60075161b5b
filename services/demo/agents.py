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
MOST_REPLIES = 3
MOST_TRIES = 3
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
    deed: AgentAction | None = None


@dataclass(slots=True)
class AgentSimulator:
    """What all agents have on their desks. Made anew at every start: what is open is seen again, and gets done."""

    random: Random
    run: str
    _cases: dict[str, _Case] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=count)

    def look(self, conversations: Iterable[Mapping[str, Any]], now: datetime) -> list[AgentAction]:
        """`conversations` are all that are assigned or pending, as REST shows them; returns what is done now."""
        seen = {one["id"]: one for one in conversations if one["status"] in ACTION_OF and one.get("agent")}
        self._cases = {i: case for i, case in self._cases.items() if i in seen}
        return [self._deed(one) for one in seen.values() if self._is_due(one, now)]

    def worded(self, deed: AgentAction, question: str, language: str | None) -> AgentAction:
        """The reply with its words, which it keeps when it has to be done again. `question`: what was written last."""
        if deed.action == "reply" and deed.text is None:
            deed = replace(deed, text=answer_to(question, language))
            self._cases[deed.conversation].deed = deed
        return deed

    def failed(self, deed: AgentAction, now: datetime) -> None:
        """It was refused or did not arrive: the same again in a while, and after some tries an end of it."""
        case = self._cases.get(deed.conversation)
        if case is None or case.deed != deed:
            return
        case.failures += 1
        case.due = now + timedelta(seconds=10 * case.failures)
        if case.failures == MOST_TRIES:
            case.deed, case.replies = None, MOST_REPLIES

    def _is_due(self, one: Mapping[str, Any], now: datetime) -> bool:
        case = self._cases.get(one["id"])
        if case is None or case.status != one["status"]:
            case = _Case(one["status"], now + self._response_delay(one), case.replies if case else 0)
            self._cases[one["id"]] = case
        return case.due <= now

    def _deed(self, one: Mapping[str, Any]) -> AgentAction:
        case = self._cases[one["id"]]
        # Its effect may be seen only a moment later; until then nothing more is done about it.
        case.due += timedelta(seconds=60)
        if case.deed is None:
            case.deed = self._new_deed(case, one)
        return case.deed

    def _new_deed(self, case: _Case, one: Mapping[str, Any]) -> AgentAction:
        talks = case.replies < MOST_REPLIES and not _must_not_reply_publicly(one)
        action = ACTION_OF[case.status] if talks else "resolve"
        case.replies += action == "reply"
        key = f"demo-{self.run}-{next(self._numbers)}"
        return AgentAction(one["id"], action, one["agent"], key)

    def _response_delay(self, one: Mapping[str, Any]) -> timedelta:
        """Mostly about eight seconds, now and then a minute; a customer who is silent is given a little time."""
        if _must_not_reply_publicly(one):
            return timedelta(seconds=self.random.uniform(60, 120))
        if one["status"] == "pending":
            return timedelta(seconds=self.random.uniform(8, 30))
        return timedelta(seconds=min(self.random.lognormvariate(2.1, 0.7), MAX_RESPONSE_DELAY_SECONDS))


def _must_not_reply_publicly(one: Mapping[str, Any]) -> bool:
    """What is sensitive is not answered in public: the customer is awaited in private, for a while."""
    return bool(one.get("sensitive")) and one.get("surface") == "public"
