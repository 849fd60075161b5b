"""Decisions of leads over REST: these persons are one customer, or they are not."""

from collections.abc import Callable, Iterator

from schemas.commands import CommandResult
from schemas.customer import JoinPersons, PartPersons
from schemas.values import Problem
from services.domain import work_phrases
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.reads import Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.collections import OUTCOMES
from services.records.customers import CUSTOMERS, IDENTITY_REFERENCES
from services.router.customers.domain import graph
from services.router.customers.domain.resolution import resolve
from services.router.customers.graphs import LeadDecision, open_graph, referenced_graphs, references, store


def handle_join(work: UnitOfWork, received: ReceivedEvent) -> None:
    """Make one customer of these persons and of the customers that they are persons of. The result is its id."""
    command, event = received.event.payload_as(JoinPersons), received.event

    def decide() -> Problem | str:
        opened = open_graph(work, event.workspace, command.persons)
        if len(opened.graph.names) > graph.MAX_PERSONS:
            return _refused(409, "Too many persons", "too_many_persons", count=graph.MAX_PERSONS)
        before = resolve(opened.graph)
        groups = [before.customers.get(before.customer_of(one) or "", (one,)) for one in command.persons]
        after = graph.joined(opened.graph, groups, command.accepted_at, event.id, command.agent)
        return store(work, opened, after, LeadDecision(command.agent)).customer_of(command.persons[0]) or ""

    _decide_once(work, received, command.request_hash, decide)


def handle_part(work: UnitOfWork, received: ReceivedEvent) -> None:
    """Part these persons of a customer from its other persons. The result is the id of the customer that was parted."""
    command, event = received.event.payload_as(PartPersons), received.event

    def decide() -> Problem | str:
        customer = work.get(CUSTOMERS, command.customer)
        if customer is None or customer.workspace != event.workspace:
            return _refused(404, "Not Found", "no_customer", customer=command.customer)
        stranger = next((person for person in command.persons if person not in customer.persons), None)
        if stranger is not None:
            return _refused(422, "Unprocessable Content", "not_of_customer", "/persons", person=stranger)
        others = [person for person in customer.persons if person not in command.persons]
        if not others:
            return _refused(422, "Unprocessable Content", "parts_everybody", "/persons")
        opened = open_graph(work, event.workspace, command.persons)
        after = graph.parted(opened.graph, command.persons, others, command.accepted_at, command.agent)
        store(work, opened, after, LeadDecision(command.agent))
        return customer.id

    _decide_once(work, received, command.request_hash, decide)


def _refused(status: int, title: str, reason: str, pointer: str | None = None, **params: str | int) -> Problem:
    return work_phrases.BOOK.problem(status, title, reason, pointer, params)


def _decide_once(
    work: UnitOfWork, received: ReceivedEvent, request_hash: str, decide: Callable[[], Problem | str]
) -> None:
    """Decide a command and store its outcome. A repeat finds the outcome and changes nothing."""
    event = received.event
    if work.get(OUTCOMES, event.id) is not None:
        return
    decided = decide()
    problem = decided if isinstance(decided, Problem) else None
    outcome = CommandResult(
        id=event.id,
        workspace=event.workspace,
        status="applied" if problem is None else "refused",
        result=None if isinstance(decided, Problem) else decided,
        problem=problem,
        request_hash=request_hash,
        at=work.now,
    )
    work.put(OUTCOMES, outcome.id, outcome)


# -- reads -------------------------------------------------------------------------------------------------------------


def decision_references(work: UnitOfWork, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a decision: its outcome, its customer, and whose graphs its persons are in."""
    yield Documents(OUTCOMES, [received.event.id])
    yield Documents(IDENTITY_REFERENCES, _ids(received))
    customer = received.event.data.get("customer")
    if isinstance(customer, str):
        yield Documents(CUSTOMERS, [customer])


def decision_graphs(work: UnitOfWork, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of a decision."""
    yield from referenced_graphs(work, _ids(received))


def _ids(received: ReceivedEvent) -> list[str]:
    persons = received.event.data["persons"]
    return references(received.event.workspace, [str(one) for one in persons] if isinstance(persons, list) else [])
