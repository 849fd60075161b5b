"""What makes persons one customer: names that they proved, and links that hand-offs and platforms made."""

from collections.abc import Iterator
from dataclasses import replace

from schemas.customer import IdentityProven, PersonRecycled, PersonsLinked
from services.domain.customer_state import PersonLink, ProvenName
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.reads import Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.customers import IDENTITY_REFERENCES
from services.router.customers.domain.evidence import proven_names
from services.router.customers.domain.graph import MAX_PERSONS, ordered, parted, with_link, with_names
from services.router.customers.graphs import open_graph, referenced_graphs, references, store


def on_identity_proven(work: UnitOfWork, received: ReceivedEvent) -> None:
    """Record what a person proved. Whoever proved the same is the same customer, unless something is against it."""
    proven, workspace = received.event.payload_as(IdentityProven), received.event.workspace
    names = _names(proven)
    if names:
        opened = open_graph(work, workspace, [proven.person], names)
        store(work, opened, with_names(opened.graph, proven.person, opened.names))


def on_persons_linked(work: UnitOfWork, received: ReceivedEvent) -> None:
    """Record that two persons are one by a hand-off or by their platform's word."""
    linked, workspace = received.event.payload_as(PersonsLinked), received.event.workspace
    opened = open_graph(work, workspace, [linked.person, linked.other])
    if linked.person == linked.other or len(opened.graph.names) > MAX_PERSONS:
        return
    person, other = ordered(linked.person, linked.other)
    link = PersonLink(person=person, other=other, kind=linked.kind, at=linked.at, source=linked.source)
    store(work, opened, with_link(opened.graph, link))


def on_person_recycled(work: UnitOfWork, received: ReceivedEvent) -> None:
    """Somebody else has the id of a person: what the person proved is not theirs, and nothing joins them with who the person was."""
    recycled, workspace = received.event.payload_as(PersonRecycled), received.event.workspace
    opened = open_graph(work, workspace, [recycled.person])
    others = [person for person in opened.graph.names if person != recycled.person]
    after = parted(opened.graph, [recycled.person], others, recycled.at, None)
    names = [name for name in after.names[recycled.person] if name.at >= recycled.at]
    store(work, opened, replace(after, names={**after.names, recycled.person: names}))


def _names(proven: IdentityProven) -> list[ProvenName]:
    return proven_names(proven.person, proven.identities, proven.at, proven.source)


# -- reads -------------------------------------------------------------------------------------------------------------


def proven_references(work: UnitOfWork, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a proof: whose graph the person and the names are in."""
    yield Documents(IDENTITY_REFERENCES, _proven_ids(received))


def proven_graphs(work: UnitOfWork, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of a proof."""
    yield from referenced_graphs(work, _proven_ids(received))


def _proven_ids(received: ReceivedEvent) -> list[str]:
    proven = received.event.payload_as(IdentityProven)
    return references(received.event.workspace, [proven.person], _names(proven))


def recycled_references(work: UnitOfWork, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a recycled id: whose graph its person is in."""
    yield Documents(IDENTITY_REFERENCES, _recycled_ids(received))


def recycled_graph(work: UnitOfWork, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of a recycled id."""
    yield from referenced_graphs(work, _recycled_ids(received))


def _recycled_ids(received: ReceivedEvent) -> list[str]:
    return references(received.event.workspace, [received.event.payload_as(PersonRecycled).person])


def linked_references(work: UnitOfWork, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a link: whose graphs its persons are in."""
    yield Documents(IDENTITY_REFERENCES, _linked_ids(received))


def linked_graphs(work: UnitOfWork, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of a link."""
    yield from referenced_graphs(work, _linked_ids(received))


def _linked_ids(received: ReceivedEvent) -> list[str]:
    linked = received.event.payload_as(PersonsLinked)
    return references(received.event.workspace, [linked.person, linked.other])
