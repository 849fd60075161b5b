"""One fact of a conversation heard: as the stage and the auditor do it, on the clocks as they rest."""

from collections.abc import Callable, Mapping
from operator import attrgetter

from schemas.configuration import SlaBody
from schemas.conversation import Conversation, ConversationFact
from schemas.sla import ClockMetric
from schemas.values import Instant
from services.domain.sla_state import Terms, Watch
from services.records.clocks import ClockRecord
from services.sla.domain.clocks import promised
from services.sla.domain.defaults import default_policies
from services.sla.domain.policies import Pick, choose, terms_of
from services.sla.domain.rules import Story, follow, meet, watched

DESCRIBED = ("channel", "account", "surface", "team", "priority")
"""What a clock repeats of its conversation, as it was last said."""
_described = attrgetter(*DESCRIBED)
_NOT_YET = dict.fromkeys(("stopped_at", "late_by_seconds", "ended_at", "paused_at", "next_at"))


def heard(
    word: str,
    fact: ConversationFact,
    known: Watch | None,
    clocks: Mapping[ClockMetric, ClockRecord],
    partition: int,
    pick: Callable[[ConversationFact], Pick],
) -> Story[ClockRecord]:
    """What follows from a fact: the watch after it, the clocks that it may have changed, what is to be told.

    `clocks` are those of what is waited for; `known` None: the conversation is heard of for the first time.
    """

    def make(told: ConversationFact, metric: ClockMetric, run: int, since: Instant, terms: Terms) -> ClockRecord:
        return _clock(partition, told, metric, run, since, terms)

    now = {metric: _redescribed(clock, fact) for metric, clock in clocks.items()}
    changed = {(clock.metric, clock.run): clock for clock in now.values()}
    story = Story(known or watched(fact, pick(fact)), now, make, pick, changed=changed)
    if known is None:
        meet(story, fact)
    follow(story, word, fact)
    return story


def _description(fact: ConversationFact) -> dict[str, object]:
    return dict(zip(DESCRIBED, _described(fact.snapshot), strict=True))


def _redescribed(clock: ClockRecord, fact: ConversationFact) -> ClockRecord:
    same = _described(clock) == _described(fact.snapshot)
    return clock if same else clock.model_copy(update=_description(fact))


def _clock(
    partition: int, fact: ConversationFact, metric: ClockMetric, run: int, since: Instant, terms: Terms
) -> ClockRecord:
    return ClockRecord.made(
        metric=metric,
        target_seconds=terms.targets.of(metric),
        started_at=since,
        due_at=since,
        state="running",
        run=run,
        conversation=fact.conversation,
        workspace=fact.snapshot.workspace,
        key=fact.key,
        partition=partition,
        warned=[],
        answers=[],
        pauses=[],
        **_NOT_YET,
        **promised(terms),
        **_description(fact),
    )


def picked(written: SlaBody | None, version: int, timezone: str, case: Conversation) -> Terms | None:
    """The terms that hold for a conversation: by what was written in that version, else the defaults (version 0)."""
    if written is not None:
        return terms_of(choose(written.policies, case), version)
    return terms_of(choose(default_policies(timezone), case), 0)
