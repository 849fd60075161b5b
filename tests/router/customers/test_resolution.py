"""Who is one customer follows from what is known, in whatever order and however often it came."""

import asyncio
from collections.abc import Sequence
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from services.platform.processing.inputs import ReceivedEvent
from services.router.customers.domain.evidence import MAX_NAMES, merged_names, proven_names
from services.router.customers.domain.graph import joined, ordered, parted
from services.router.customers.domain.resolution import evidence_of, resolve
from tests.examples import examples
from tests.fakes import START
from tests.router.customers.harness import CustomersHarness

PERSONS = (
    "telegram:main:1",
    "telegram:main:2",
    "whatsapp:shop:1",
    "email:support:a@example.com",
    "webchat:site:user-1",
    "api:phone:1",
)
VALUES = {
    "email": ("a@example.com", "b@example.com"),
    "phone": ("+37120000001", "+37120000002"),
    "user": ("u1",),
    "platform": ("p1",),
}
proofs = st.tuples(
    st.just("proven"),
    st.sampled_from(PERSONS),
    st.sampled_from([(kind, value) for kind, values in VALUES.items() for value in values]),
    st.integers(0, 5),
)
links = st.tuples(st.just("linked"), st.sampled_from(PERSONS), st.sampled_from(PERSONS), st.integers(0, 5))
evidence = st.lists(proofs | links, max_size=8)
Step = tuple[str, str, object, int]


def received(customers: CustomersHarness, step: Step) -> ReceivedEvent:
    """One step as its event."""
    kind, person, what, minute = step
    if kind == "linked":
        return customers.linked(person, str(what), minute=minute)
    assert isinstance(what, tuple)
    return customers.proven(person, what[0], what[1], minute=minute)


def after(steps: Sequence[Step], *, one_batch: bool = False) -> CustomersHarness:
    """The customers after these steps."""
    customers = CustomersHarness()

    async def run() -> None:
        inputs = [received(customers, step) for step in steps]
        for batch in [inputs] if one_batch else [[one] for one in inputs]:
            await customers.happen(*batch)

    asyncio.run(run())
    return customers


@examples(150)
@given(evidence.flatmap(lambda steps: st.tuples(st.just(steps), st.permutations(steps))), st.booleans())
def test_joins_commute(orders: tuple[Sequence[Step], Sequence[Step]], one_batch: bool) -> None:
    first, second = after(orders[0]), after(orders[1], one_batch=one_batch)
    assert {one.id: one.persons for one in first.records()} == {one.id: one.persons for one in second.records()}
    assert first.graphs() == second.graphs()


@examples(80)
@given(evidence, st.integers(0, 7))
def test_repeats_are_harmless(steps: list[Step], number: int) -> None:
    repeated = [*steps, *steps[number:], *steps[:number]]
    assert after(steps).graphs() == after(repeated).graphs()


@examples(150)
@given(evidence)
def test_nobody_is_joined_without_evidence(steps: list[Step]) -> None:
    customers = after(steps)
    for graph in customers.graphs().values():
        for persons in resolve(graph).customers.values():
            connected = {persons[0]}
            for _ in persons:
                for one in evidence_of(graph, persons):
                    if not connected.isdisjoint(one.persons):
                        connected |= set(one.persons)
            assert connected == set(persons)


@examples(150)
@given(evidence, st.sampled_from(list(combinations(PERSONS, 2))))
def test_parting_after_joining_leaves_everybody_as_before(steps: list[Step], pair: tuple[str, str]) -> None:
    customers = after(steps)
    before = customers.customers()
    groups = [next((one for one in before if person in one), (person,)) for person in pair]
    if groups[0] == groups[1]:
        return

    async def run() -> None:
        await customers.happen(customers.join(*pair))
        assert set(groups[0]) | set(groups[1]) in [set(one) for one in customers.customers()]
        await customers.happen(customers.part(customers.customer_of(pair[0]), *groups[1]))

    asyncio.run(run())
    assert customers.customers() == before


@examples(100)
@given(evidence, evidence)
def test_parted_persons_stay_apart_whatever_comes(steps: list[Step], later: list[Step]) -> None:
    customers = after(steps)
    for persons in sorted(customers.customers()):
        parting = customers.part(customers.customer_of(persons[0]), persons[0])
        asyncio.run(customers.happen(parting))
        asyncio.run(customers.happen(*(received(customers, step) for step in later)))
        together = [one for one in customers.customers() if persons[0] in one]
        assert not together or set(together[0]).isdisjoint(persons[1:])
        break


def test_name_keeps_the_time_at_which_it_was_proven_first() -> None:
    customers = after(
        [("proven", PERSONS[0], ("phone", "+37120000001"), 5), ("proven", PERSONS[0], ("phone", "+37120000001"), 2)]
    )
    (graph,) = customers.graphs().values()
    assert [name.at.minute for name in graph.names[PERSONS[0]]] == [START.minute + 2]


def test_person_has_a_bounded_number_of_names() -> None:
    customers = CustomersHarness()
    events = [customers.proven(PERSONS[0], "email", f"{number}@example.com", minute=number) for number in range(60)]
    asyncio.run(customers.happen(*events))
    (graph,) = customers.graphs().values()
    assert len(graph.names[PERSONS[0]]) == MAX_NAMES
    assert merged_names(graph.names[PERSONS[0]], []) == graph.names[PERSONS[0]]
    assert proven_names(PERSONS[0], [], START, "activity") == []


def test_decisions_of_a_lead_replace_each_other() -> None:
    (graph,) = after([("linked", PERSONS[0], PERSONS[2], 0)]).graphs().values()
    apart = parted(graph, [PERSONS[0]], [PERSONS[2]], START, "lina")
    assert (apart.partings[0].person, apart.partings[0].other) == ordered(PERSONS[2], PERSONS[0])
    assert resolve(apart).customers == {}
    again = joined(apart, [[PERSONS[0]], [PERSONS[2]]], START, "command 1", "lina")
    assert (again.partings, list(resolve(again).customers.values())) == ([], [(PERSONS[0], PERSONS[2])])
