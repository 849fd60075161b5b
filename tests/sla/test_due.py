"""The due time by which dispatch orders a waiting conversation: the earliest of its open clocks."""

from schemas.configuration import Policy, SlaMatch, Targets
from schemas.sla import TaskDueChanged
from services.sla.domain.rules import earliest_due
from tests.sla.harness import SlaHarness, at

LONG = Targets(first_response_seconds=100, resolution_seconds=1000, pickup_seconds=300)
SHORT = Targets(first_response_seconds=40, resolution_seconds=400, pickup_seconds=200)
USUAL = Policy(id="usual", targets=LONG, warn_at=[])
URGENT = Policy(id="urgent", when=SlaMatch(priority="urgent"), targets=SHORT, warn_at=[])
NOTHING = Policy(id="vip", when=SlaMatch(team="vip"), targets=Targets())
POLICIES = [URGENT, NOTHING, USUAL]


def task_due_changes(sla: SlaHarness) -> list[TaskDueChanged]:
    """The commands with a new due time; clocks that start give it in their own fact."""
    return [TaskDueChanged.model_validate(e.data) for e in sla.sent if e.type == "pasokh.command.task_due_changed"]


async def waiting() -> SlaHarness:
    """A conversation in its queue."""
    sla = SlaHarness(POLICIES)
    await sla.receive_fact("opened", at(0))
    await sla.receive_message(at(0))
    await sla.receive_fact("queued", at(0))
    return sla


async def test_each_clock_that_starts_says_which_of_all_is_due_first() -> None:
    sla = await waiting()
    given = [(fact.metric, fact.earliest_due_at) for fact in sla.clock_facts("started")]
    assert given == [("resolution", at(1000)), ("first_response", at(100)), ("pickup", at(100))]
    assert task_due_changes(sla) == []


async def test_another_policy_says_its_own_due_time() -> None:
    sla = await waiting()
    await sla.receive_fact("priority_changed", at(5), priority="urgent")
    assert task_due_changes(sla) == [TaskDueChanged(conversation="c1", due_at=at(40))]
    await sla.receive_fact("noted", at(6))
    assert len(task_due_changes(sla)) == 1


async def test_reapplying_says_the_new_due_time() -> None:
    sla = await waiting()
    sla.configure([Policy(id="new", targets=SHORT, warn_at=[])], version=4)
    await sla.receive_fact("sla_reapplied", at(5))
    assert task_due_changes(sla) == [TaskDueChanged(conversation="c1", due_at=at(40))]


async def test_a_target_that_the_policy_lost_is_due_no_more() -> None:
    sla = await waiting()
    await sla.receive_fact("transferred", at(5), team="vip")
    assert task_due_changes(sla) == [TaskDueChanged(conversation="c1", due_at=None)]


async def test_once_the_first_target_is_met_the_next_one_counts() -> None:
    sla = await waiting()
    await sla.replied(at(10))
    await sla.delivered(at(10))
    assert task_due_changes(sla) == [TaskDueChanged(conversation="c1", due_at=at(300))]


async def test_no_command_while_an_agent_has_it_and_one_when_it_is_queued_again() -> None:
    sla = await waiting()
    await sla.receive_fact("assigned", at(5), status="assigned")
    await sla.receive_fact("priority_changed", at(6), priority="urgent")
    assert task_due_changes(sla) == []
    await sla.receive_fact("queued", at(20), status="waiting")
    assert sla.clock_facts("started")[-1].earliest_due_at == at(40)


async def test_a_return_into_the_queue_says_what_is_due_where_no_clock_starts() -> None:
    sla = SlaHarness([Policy(id="p", targets=Targets(resolution_seconds=500))])
    await sla.receive_fact("opened", at(0))
    await sla.receive_fact("queued", at(0))
    await sla.receive_fact("assigned", at(5), status="assigned")
    await sla.batch(
        [sla.fact("queued", at(9), case=sla.case.model_copy(update={"status": "waiting"}), before="assigned")]
    )
    assert task_due_changes(sla) == [TaskDueChanged(conversation="c1", due_at=at(500))]


async def test_a_breached_clock_that_is_not_met_yet_is_still_due_first() -> None:
    sla = await waiting()
    await sla.run_until(at(150))
    await sla.receive_fact("transferred", at(160), status="waiting")
    assert [clock.due_at for clock in (sla.clock(),)] == [at(100)]
    await sla.receive_fact("priority_changed", at(170), priority="urgent")
    assert task_due_changes(sla) == []


async def test_the_earliest_due_is_that_of_the_clocks_that_are_open() -> None:
    sla = SlaHarness([Policy(id="p", targets=Targets(first_response_seconds=60, resolution_seconds=600))])
    await sla.receive_message(at(0))
    first, resolution = sla.clock(), sla.clock(metric="resolution")
    assert earliest_due([resolution, first]) == at(60)
    await sla.replied(at(30))
    await sla.delivered(at(30))
    assert earliest_due([resolution, sla.clock()]) == at(600)
    assert earliest_due([sla.clock()]) is None
