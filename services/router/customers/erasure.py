"""Takes an erased person out of their identity graph: the others of the customer stay, as what still connects them says."""

from collections.abc import Iterator

from schemas.erasure import PersonForgotten
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.reads import Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.customers import IDENTITY_GRAPHS, IDENTITY_REFERENCES
from services.router.customers.domain.graph import new_graph, without
from services.router.customers.graphs import LeadDecision, OpenGraph, open_graph, referenced_graphs, references, store


def on_person_forgotten(work: UnitOfWork, received: ReceivedEvent) -> None:
    """Delete what a person proved, and what linked them with others. A repeat finds nothing of them."""
    person, workspace = received.event.payload_as(PersonForgotten).person, received.event.workspace
    (own,) = references(workspace, [person])
    if work.get(IDENTITY_REFERENCES, own) is None:
        return
    opened = open_graph(work, workspace, [person])
    after = without(opened.graph, person)
    known = {name for names in after.names.values() for name in references(workspace, [], names)}
    for reference in (own, *references(workspace, [], opened.graph.names.get(person, []))):
        if reference not in known:
            work.delete(IDENTITY_REFERENCES, reference)
    if not after.names:
        work.delete(IDENTITY_GRAPHS, opened.id)
        return
    # Its id may be a hash of the person, and is now that of somebody who is left.
    identity, _ = new_graph(workspace, min(after.names))
    store(work, OpenGraph(identity, after, opened.before), after, LeadDecision(None))


def forgotten_references(work: UnitOfWork, received: ReceivedEvent) -> Iterator[Read]:
    """The first step: whose graph the person is in."""
    yield Documents(IDENTITY_REFERENCES, _ids(received))


def forgotten_graph(work: UnitOfWork, received: ReceivedEvent) -> Iterator[Read]:
    """The second step: the graph."""
    yield from referenced_graphs(work, _ids(received))


def _ids(received: ReceivedEvent) -> list[str]:
    return references(received.event.workspace, [received.event.payload_as(PersonForgotten).person])
