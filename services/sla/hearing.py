"""One fact of a conversation heard: as the stage and the auditor do it, on the clocks as they rest."""

from collections.abc import Callable, Mapping

from schemas.configuration import SlaBody
from schemas.conversation import Conversation, ConversationFact
from schemas.promise import Terms, Watch
from schemas.sla import ClockMetric
from schemas.values import Instant
from services.records.clocks import ClockRecord
from services.sla.clocks import promised
from services.sla.defaults import default_policies
from services.sla.policies import Pick, choose, terms_of
from services.sla.promises import Story, follow, meet, watched

DESCRIBED = ("channel", "account", "surface", "team", "priority")
"""What a clock repeats of its conversation, as it was last said."""


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

    described = _described(fact)
    now = {metric: _redescribed(clock, described) for metric, clock in clocks.items()}
    changed = {(clock.metric, clock.run): clock for clock in now.values()}
    story = Story(known or watched(fact, pick(fact)), now, make, pick, changed=changed)
    if known is None:
        meet(story, fact)
    follow(story, word, fact)
    return story


def _described(fact: ConversationFact) -> dict[str, object]:
    return {name: getattr(fact.snapshot, name) for name in DESCRIBED}


def _redescribed(clock: ClockRecord, described: Mapping[str, object]) -> ClockRecord:
    told = {name: getattr(clock, name) for name in DESCRIBED}
    return clock if told == described else clock.model_copy(update=described)


def _clock(
    partition: int, fact: ConversationFact, metric: ClockMetric, run: int, since: Instant, terms: Terms
) -> ClockRecord:
    fields: dict[str, object] = {
        "metric": metric,
        "target_seconds": terms.targets.of(metric),
        "started_at": since,
        "due_at": since,
        "state": "running",
        "run": run,
        "conversation": fact.conversation,
        "workspace": fact.snapshot.workspace,
        "key": fact.key,
        "partition": partition,
    }
    return ClockRecord.model_validate({**fields, **promised(terms), **_described(fact)})


def picked(written: SlaBody | None, version: int, timezone: str, case: Conversation) -> Terms | None:
    """The terms that hold for a conversation: by what was written in that version, else the defaults (version 0)."""
    if written is not None:
        return terms_of(choose(written.policies, case), version)
    return terms_of(choose(default_policies(timezone), case), 0)
