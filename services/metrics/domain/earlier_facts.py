"""Response runs for facts of a version that gave none: they are tracked from the facts themselves.

Reports use it for stored facts, counters for facts that were on the log and not counted at the upgrade, and for a run
that was open then.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from schemas.conversation import PEOPLE_OF_OURS, ConversationFact
from services.domain import response_tracking
from services.domain.response_tracking import Answer, ResponseTracking, Tracked

Step = Callable[[ResponseTracking, ConversationFact], Tracked]


def with_runs(
    tracking: ResponseTracking | None, event_name: str, fact: ConversationFact
) -> tuple[ResponseTracking | None, ConversationFact]:
    """The fact with its runs, and the tracking to go on with; None: facts give their runs themselves from here on.

    A fact that gives runs is left as it is. A fact that gives an empty list gets the run that was open before the
    upgrade, as long as that run is open.
    """
    # A resolve of before the upgrade ended a run that the version of then did not count: the first fact after it does.
    settled = response_tracking.settle(tracking or ResponseTracking())
    if fact.ended_responses is not None and (tracking is None or fact.response is not None or fact.ended_responses):
        ended = [*settled.ended, *fact.ended_responses]
        return None, fact.model_copy(update={"ended_responses": ended}) if settled.ended else fact
    step = STEPS.get(event_name)
    tracked = step(settled.tracking, fact) if step else Tracked(settled.tracking)
    runs = {"response": tracked.tracking.open_run(), "ended_responses": [*settled.ended, *tracked.ended]}
    # A fact without runs may be followed by more of them, so that the tracking goes on; else it ends with the open run.
    is_over = fact.ended_responses is not None and not tracked.tracking.log
    return None if is_over else tracked.tracking, fact.model_copy(update=runs)


def _received(tracking: ResponseTracking, fact: ConversationFact) -> Tracked:
    if not fact.needs_answer:
        return Tracked(tracking)
    return response_tracking.message_received(tracking, fact.message or "", fact.at)


def _replied(tracking: ResponseTracking, fact: ConversationFact) -> Tracked:
    if fact.author not in PEOPLE_OF_OURS:
        return Tracked(tracking)
    return response_tracking.answer_accepted(tracking, fact.message or "", fact.at)


def _delivered(tracking: ResponseTracking, fact: ConversationFact) -> Tracked:
    if fact.author not in PEOPLE_OF_OURS:
        return response_tracking.notice_delivered(tracking, fact.at)
    return response_tracking.answer_delivered(_with_acceptance(tracking, fact), fact.message or "")


def _with_acceptance(tracking: ResponseTracking, fact: ConversationFact) -> ResponseTracking:
    """The tracking with the time at which the answer was accepted: migrated states lack it, the fact of the delivery has it."""
    log = tuple(
        replace(entry, at=fact.at) if isinstance(entry, Answer) and entry.message == fact.message else entry
        for entry in tracking.log
    )
    return replace(tracking, log=log)


STEPS: Mapping[str, Step] = {
    "message_received": _received,
    "replied": _replied,
    "reply_delivered": _delivered,
    "reply_failed": lambda tracking, fact: response_tracking.answer_failed(tracking, fact.message or ""),
    "resolved": lambda tracking, fact: response_tracking.resolved(tracking, fact.at),
    "closed": lambda tracking, fact: response_tracking.closed(tracking, fact.at),
}
"""What each fact does to runs, by the last word of its type."""


@dataclass(slots=True)
class EarlierFacts:
    """Gives facts their runs while whole histories are read."""

    trackings: dict[str, ResponseTracking | None] = field(default_factory=dict)

    def fill(self, event_name: str, fact: ConversationFact) -> ConversationFact:
        """The fact with its runs; those of a conversation come in their order."""
        tracking, filled = with_runs(self.trackings.get(fact.conversation), event_name, fact)
        # None is stored too, for a conversation whose facts give runs from here on; others need no entry.
        if tracking is not None or fact.conversation in self.trackings:
            self.trackings[fact.conversation] = tracking
        return filled
