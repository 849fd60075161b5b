"""What happened to a conversation: countable facts, hand-offs, first contact resolution, sentiment."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.kpis import CONTACT_WINDOW
from services.metrics.domain.recount.history import PEOPLE, Finding, History, Step
from services.metrics.domain.recount.status_times import is_closed, is_resolved_for_good

SENTIMENTS: Mapping[str, float] = {"positive": 1.0, "neutral": 0.0, "negative": -1.0}

# -- countable facts ---------------------------------------------------------------------------------------------------


def _is_automatic(step: Step) -> bool:
    return step.author == "system"


COUNTED: dict[str, Callable[[Step], str]] = {
    "opened": lambda _: "opened",
    "message_received": lambda _: "message_inbound",
    "assigned": lambda _: "assigned",
    "transferred": lambda _: "transferred",
    "priority_changed": lambda _: "priority_changed",
    "noted": lambda _: "noted",
    "resolved": lambda _: "resolved",
    "reopened": lambda _: "reopened",
    "closed": lambda _: "closed",
    "reply_delivered": lambda step: "notice_delivered" if _is_automatic(step) else "message_outbound",
    "reply_failed": lambda step: "notice_failed" if _is_automatic(step) else "reply_failed",
    "handoff_started": lambda _: "handoff_started",
    "handoff_completed": lambda _: "handoff_completed",
    "handoff_expired": lambda _: "handoff_expired",
}
"""The name under which a fact is counted, by the last word of its type."""


def counts(known: History) -> Iterator[Finding]:
    """Each fact that is counted, on the surface of the message that it is about."""
    for step in known.steps:
        if (name := COUNTED.get(step.name)) is not None:
            yield Finding("count", name(step), "", _on_surface(step), step.time, step.time)
        for rating in step.ratings:
            yield Finding("count", f"survey_{rating}", "", _on_surface(step), step.time, step.time)


def _on_surface(step: Step) -> Mapping[str, str | None]:
    return {**step.dimensions, "surface": step.surface}


def handoffs(known: History) -> Iterator[Finding]:
    """The time from each invitation to a private chat to the arrival there. One that expired has no duration."""
    for step in known.steps:
        handoff = step.handoff
        if step.name == "handoff_completed" and handoff is not None:
            spent = [(handoff.started_at, handoff.completed_at or step.at)]
            yield Finding(
                "duration", "handoff", "completed", step.dimensions, handoff.started_at, step.time, counted=spent
            )
    # The last snapshot has the hand-off that has not ended: a conversation has one at a time.
    last = known.steps[-1]
    if last.handoff is not None and last.handoff.state == "started":
        yield Finding("duration", "handoff", "completed", last.dimensions, last.handoff.started_at, None)


# -- first contact resolution ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PersonConversation:
    """A conversation of a person: when it was opened and what it was about."""

    conversation: str
    opened_at: datetime
    intent: str | None


def to_person_conversation(conversation: str, history: History) -> PersonConversation:
    """The conversation as a contact of its person; its intent is the first one that was known within the window."""
    steps = history.steps
    # The intent may become known after the opening; one that changes after the window belongs to another contact.
    until = steps[0].time + CONTACT_WINDOW
    intent = next((step.intent for step in steps if step.intent is not None and step.time < until), None)
    return PersonConversation(conversation, steps[0].time, intent)


def first_contact(
    known: History, whole: History, contacts: Sequence[PersonConversation], now: datetime
) -> Iterator[Finding]:
    """Whether it was resolved on first contact, placed at its last resolve. `contacts`: the others of its person.

    `strict`: one resolve, one answering agent, no transfer, and no other conversation of the same customer with the
    same intent within the window; open until that has passed. `one_touch`: exactly one message of an agent.
    """
    if not is_resolved_for_good(known, whole):
        return
    place = max(place for place, step in enumerate(known.steps) if step.name == "resolved")
    steps, resolve = known.steps[: place + 1], known.steps[place]
    is_provisional = not is_closed(whole)

    def finding(variant: str, settled_at: datetime | None, *, is_met: bool) -> Finding:
        return Finding(
            "rate",
            "first_contact_resolution",
            variant,
            resolve.dimensions,
            steps[0].time,
            settled_at,
            value=float(is_met),
            provisional=is_provisional,
        )

    # The answers decide both variants; a failed one was never a touch.
    answers = _answers(steps, whole)
    yield finding("one_touch", resolve.time, is_met=len(answers) == 1)
    if not _was_handled_once(steps, answers) or _came_back(resolve, contacts):
        yield finding("strict", resolve.time, is_met=False)
    else:
        # As long as the customer may come back within the window, the rate is open.
        is_decided = now >= resolve.time + CONTACT_WINDOW
        yield finding("strict", resolve.time if is_decided else None, is_met=True)


def _answers(steps: Sequence[Step], whole: History) -> list[Step]:
    """The human answers that were accepted by the resolve and did not fail, some of them delivered only after it."""
    failed = {step.message for step in whole.steps if step.name == "reply_failed"}
    return [step for step in steps if step.name == "replied" and step.author in PEOPLE and step.message not in failed]


def _was_handled_once(steps: Sequence[Step], answers: Sequence[Step]) -> bool:
    # By those who answered, not by those who were assigned: a supervisor may only look in.
    names = [step.name for step in steps]
    by = {step.agent for step in answers}
    return names.count("resolved") == 1 and "transferred" not in names and len(by) == 1


def _came_back(resolve: Step, contacts: Sequence[PersonConversation]) -> bool:
    until = resolve.time + CONTACT_WINDOW
    return any(resolve.time <= one.opened_at < until and one.intent == resolve.intent for one in contacts)


# -- sentiment ---------------------------------------------------------------------------------------------------------


def sentiments(known: History, whole: History) -> Iterator[Finding]:
    """Customer messages by the sentiment that is known after each, and how that changed until the last resolve."""
    messages = [step for step in known.steps if step.name == "message_received" and step.sentiment in SENTIMENTS]
    for step in messages:
        name = step.sentiment or ""
        yield Finding("sentiment", step.surface, name, _on_surface(step), step.time, step.time)
    if is_resolved_for_good(known, whole):
        yield from _sentiment_shift(known, whole, messages)


def _sentiment_shift(known: History, whole: History, messages: Sequence[Step]) -> Iterator[Finding]:
    """From the first message to the last one before the last resolve; nothing where no message came before it."""
    resolve = [step for step in known.steps if step.name == "resolved"][-1]
    values = [SENTIMENTS[step.sentiment or ""] for step in messages if step.time <= resolve.time]
    if values:
        yield Finding(
            "sentiment",
            resolve.dimensions["surface"] or "",
            "shift",
            resolve.dimensions,
            known.steps[0].time,
            resolve.time,
            value=values[-1] - values[0],
            provisional=not is_closed(whole),
        )
