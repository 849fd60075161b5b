"""Facts of a version that gave no response runs, which an upgrade finds on the log: clocks go on without a gap."""

from schemas.configuration import Policy, Targets
from tests.sla.harness import SlaHarness, at

POLICY = Policy(id="both", targets=Targets(first_response_seconds=60, next_response_seconds=30))


def older() -> SlaHarness:
    sla = SlaHarness([POLICY])
    sla.gives_runs = False
    return sla


async def test_clocks_start_and_stop_by_facts_alone() -> None:
    sla = older()
    await sla.receive_message(at(0))
    await sla.replied(at(10))
    await sla.delivered(at(10))
    await sla.receive_message(at(20))
    await sla.run_until(at(51))
    assert sla.names_of_run("first_response") == ["started", "fulfilled"]
    assert sla.names_of_run("next_response") == ["started", "warned", "warned", "breached"]


async def test_clock_that_runs_goes_on_by_the_run_of_a_newer_fact() -> None:
    sla = older()
    await sla.receive_message(at(0))
    # Conversations learns of the message from what it stores, and gives the run from now on.
    sla.gives_runs = True
    await sla.receive_message(at(20))
    await sla.replied(at(30))
    await sla.delivered(at(30))
    assert sla.names_of_run("first_response") == ["started", "fulfilled"]
    assert (sla.clock().started_at, sla.clock().stopped_at) == (at(0), at(30))


async def test_clock_of_a_run_that_is_over_by_the_newer_facts_ends() -> None:
    sla = older()
    await sla.receive_message(at(0))
    sla.gives_runs = True
    sla.tracking.clear()
    await sla.receive_fact("assigned", at(5), status="assigned")
    assert sla.emitted_names() == ["started", "cancelled"]
