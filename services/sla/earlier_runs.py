"""What the auditor can replay of a conversation with facts of a version that gave no response runs.

Then each process decided by rules of its own who waits for whom, and these rules are not known here. The clocks
`first_response` and `next_response` that began by such facts are therefore not replayed; the auditor compares each with
its own due time, stop and facts. Clocks of runs that began later are replayed like all others.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.conversation import ConversationFact, ResponseRun
from schemas.sla import ClockMetric
from services.sla.domain.response_runs import RESPONSE_METRICS
from services.sla.replay import Run


@dataclass(frozen=True, slots=True)
class ReplayedFacts:
    """The facts to replay, without the runs that began earlier; `earlier_runs` has the number of clocks of those.

    Clocks are numbered from 1 by metric: an earlier one has at most the number that its metric has in `earlier_runs`.
    `gives_runs`: every fact gives its runs, so that no clock is an earlier one.
    """

    facts: Sequence[ConversationFact]
    earlier_runs: Mapping[ClockMetric, int]
    gives_runs: bool

    def is_earlier(self, run: Run) -> bool:
        """Whether a clock began by facts without runs, so that it is not replayed."""
        metric, number = run
        return number <= self.earlier_runs.get(metric, 0)


def without_earlier_runs(facts: Sequence[ConversationFact], starts: Mapping[Run, datetime]) -> ReplayedFacts:
    """The facts of a conversation, in order, as far as they can be replayed. `starts`: when each of its clocks began."""
    lacking = [position for position, fact in enumerate(facts) if fact.ended_responses is None]
    if not lacking:
        return ReplayedFacts(facts, {}, gives_runs=True)
    earlier, later = facts[: lacking[-1] + 1], facts[lacking[-1] + 1 :]
    first_number = _first_later_run(later[0]) if later else 0
    replayed = _run_starts(later, first_number)
    stripped = [fact.model_copy(update={"response": None, "ended_responses": []}) for fact in earlier]
    replayed_facts = [*stripped, *(_with_runs_from(fact, first_number) for fact in later)]
    return ReplayedFacts(replayed_facts, _last_earlier_numbers(starts, replayed), gives_runs=False)


def _run_starts(facts: Sequence[ConversationFact], first_number: int) -> set[tuple[ClockMetric, datetime]]:
    """Metric and start of each run from `first_number` on, by the last fact that names it: an open run's start moves."""
    runs = {run.run: run for fact in facts for run in _named(fact) if run.run >= first_number}
    return {(run.kind, run.started_at) for run in runs.values()}


def _last_earlier_numbers(
    starts: Mapping[Run, datetime], replayed: Container[tuple[ClockMetric, datetime]]
) -> dict[ClockMetric, int]:
    """The number of the last response clock of each metric that belongs to no replayed run, by its start."""
    numbers = dict[ClockMetric, int]()
    for (metric, number), started_at in starts.items():
        if metric in RESPONSE_METRICS and (metric, started_at) not in replayed:
            numbers[metric] = max(number, numbers.get(metric, 0))
    return numbers


def _first_later_run(fact: ConversationFact) -> int:
    """The number of the first run that cannot have begun before `fact`, the first one that gives runs."""
    numbers = [run.run for run in _named(fact)]
    # A run with one message, that of the fact, began with it. Other runs that it names may have begun before.
    begun = fact.response
    if begun is not None and begun.messages == 1 and begun.last_message == fact.message:
        return begun.run
    return max(numbers, default=0) + 1


def _with_runs_from(fact: ConversationFact, number: int) -> ConversationFact:
    response = fact.response if fact.response is not None and fact.response.run >= number else None
    ended = [run for run in fact.ended_responses or () if run.run >= number]
    return fact.model_copy(update={"response": response, "ended_responses": ended})


def _named(fact: ConversationFact) -> list[ResponseRun]:
    return [*(fact.ended_responses or ()), *([fact.response] if fact.response is not None else [])]
