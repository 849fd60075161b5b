"""The identity graphs of a batch: found by person or by proven name, merged where evidence connects two, stored with what follows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemas.customer import CustomerChange, CustomerLinked, EvidenceKind
from schemas.identity import PersonKey
from services.domain.customer_state import CustomerRecord, GraphReference, IdentityGraph, ProvenName
from services.platform.processing.reads import Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.customers import CUSTOMERS, IDENTITY_GRAPHS, IDENTITY_REFERENCES, reference_id
from services.router.customers.domain.graph import MAX_PERSONS, merged, new_graph
from services.router.customers.domain.resolution import ResolvedCustomers, evidence_of, resolve

PERSON = "person"
"""The kind of the reference of a person."""


def references(workspace: str, persons: Iterable[str], names: Iterable[ProvenName] = ()) -> list[str]:
    """The ids of the references of some persons and names."""
    by_person = [reference_id(workspace, PERSON, person) for person in persons]
    return by_person + [reference_id(workspace, name.kind, name.value) for name in names]


def referenced_graphs(work: UnitOfWork, identities: Iterable[str]) -> Iterator[Read]:
    """The second step of reads: the graphs that these references name."""
    found = (work.get(IDENTITY_REFERENCES, identity) for identity in identities)
    yield Documents(IDENTITY_GRAPHS, [reference.graph for reference in found if reference is not None])


@dataclass(frozen=True, slots=True)
class OpenGraph:
    """A graph that an input changes, and the graphs of which it was made, by their ids. `names` of the input are evidence in it."""

    id: str
    graph: IdentityGraph
    before: Mapping[str, IdentityGraph]
    names: Sequence[ProvenName] = ()


def open_graph(work: UnitOfWork, workspace: str, persons: Sequence[str], names: Sequence[ProvenName] = ()) -> OpenGraph:
    """The one graph of these persons and of everybody with these names. The references and their graphs must have been read.

    A name that would connect more than `MAX_PERSONS` is no evidence: that many people have it.
    """
    graphs = dict(
        _found(work, reference_id(workspace, PERSON, person)) or new_graph(workspace, person) for person in persons
    )
    accepted = []
    for name in names:
        found = _found(work, reference_id(workspace, name.kind, name.value))
        extended = graphs if found is None else {**graphs, found[0]: found[1]}
        if sum(len(graph.names) for graph in extended.values()) <= MAX_PERSONS:
            graphs = extended
            accepted.append(name)
    # The least id and the same content, whichever came first.
    return OpenGraph(min(graphs), merged(graphs[identity] for identity in sorted(graphs)), graphs, accepted)


def _found(work: UnitOfWork, reference: str) -> tuple[str, IdentityGraph] | None:
    known = work.get(IDENTITY_REFERENCES, reference)
    graph = work.get(IDENTITY_GRAPHS, known.graph) if known is not None else None
    return (known.graph, graph) if known is not None and graph is not None else None


@dataclass(frozen=True, slots=True)
class LeadDecision:
    """Whose decision a change follows from; `by` None: a key of no agent."""

    by: str | None


def store(
    work: UnitOfWork, opened: OpenGraph, after: IdentityGraph, decision: LeadDecision | None = None
) -> ResolvedCustomers:
    """Store a graph as it is now, with its references and customers, and tell each person whose customer is another."""
    resolution = resolve(after)
    if opened.before.get(opened.id) == after:
        return resolution
    earlier = [resolve(graph) for graph in opened.before.values()]
    for identity in opened.before:
        if identity != opened.id:
            work.delete(IDENTITY_GRAPHS, identity)
    work.put(IDENTITY_GRAPHS, opened.id, after)
    _put_references(work, opened.id, after)
    _put_customers(work, opened.id, after, earlier, resolution)
    # Who decides knows of the evidence against it.
    changes = [*_changes(after, earlier, resolution), *([] if decision else _new_conflicts(earlier, resolution))]
    for person, change, customer, evidence, others in changes:
        linked = CustomerLinked(
            change=change,
            customer=customer,
            evidence=evidence,
            others=others,
            by=decision.by if decision else None,
            at=work.now,
        )
        work.emit("pasokh.command.customer_linked", str(PersonKey(after.workspace, person)), linked)
    return resolution


def _put_references(work: UnitOfWork, identity: str, graph: IdentityGraph) -> None:
    names = [name for names in graph.names.values() for name in names]
    for reference in dict.fromkeys(references(graph.workspace, graph.names, names)):
        work.put(IDENTITY_REFERENCES, reference, GraphReference(workspace=graph.workspace, graph=identity))


def _put_customers(
    work: UnitOfWork,
    identity: str,
    graph: IdentityGraph,
    earlier: Sequence[ResolvedCustomers],
    resolution: ResolvedCustomers,
) -> None:
    gone = {customer for before in earlier for customer in before.customers} - resolution.customers.keys()
    for customer in sorted(gone):
        work.delete(CUSTOMERS, customer)
    for customer, persons in resolution.customers.items():
        record = CustomerRecord(
            workspace=graph.workspace, id=customer, persons=list(persons), graph=identity, updated_at=work.now
        )
        work.put(CUSTOMERS, customer, record)


Change = tuple[str, CustomerChange, str | None, list[EvidenceKind], list[str]]
"""A person, what changed, their customer since, the kinds of evidence for it, and the other persons of a conflict."""


def _changes(
    graph: IdentityGraph, earlier: Sequence[ResolvedCustomers], resolution: ResolvedCustomers
) -> Iterator[Change]:
    """Everybody who has another customer than before."""
    for person in graph.names:
        before = next((customer for one in earlier if (customer := one.customer_of(person)) is not None), None)
        customer = resolution.customer_of(person)
        if customer is not None and customer != before:
            evidence = [one.kind for one in evidence_of(graph, resolution.customers[customer]) if person in one.persons]
            yield person, "joined", customer, list(dict.fromkeys(evidence)), []
        elif customer is None and before is not None:
            yield person, "parted", None, [], []


def _new_conflicts(earlier: Sequence[ResolvedCustomers], resolution: ResolvedCustomers) -> Iterator[Change]:
    known = {conflict for before in earlier for conflict in before.conflicts}
    for conflict in resolution.conflicts:
        if conflict not in known:
            person, other = conflict.persons
            yield person, "conflict_found", resolution.customer_of(person), [conflict.kind], [other]
