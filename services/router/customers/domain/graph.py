"""How an identity graph grows: evidence, links and decisions. Repeats change nothing, and the order of evidence does not matter. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from itertools import product

from services.domain.customer_state import IdentityGraph, Parting, PersonLink, ProvenName
from services.platform.core.identifiers import hashed_id
from services.router.customers.domain.evidence import merged_names

MAX_PERSONS = 50
"""How many persons one graph holds. Evidence that would connect more is that of something many people have."""


def new_graph(workspace: str, person: str) -> tuple[str, IdentityGraph]:
    """The graph of a person whom nothing connects with anybody, and its id."""
    return hashed_id("identity_graph", workspace, person), IdentityGraph(workspace=workspace, names={person: []})


def with_names(graph: IdentityGraph, person: str, names: Iterable[ProvenName]) -> IdentityGraph:
    """The graph after a person proved these names."""
    merged = merged_names(graph.names.get(person, []), names)
    return replace(graph, names=dict(sorted({**graph.names, person: merged}.items())))


def with_link(graph: IdentityGraph, link: PersonLink) -> IdentityGraph:
    """The graph with a link between two of its persons; of two links of one kind between them the earlier stays."""
    first: dict[tuple[str, str, str], PersonLink] = {}
    for one in sorted((*graph.links, link), key=_rank):
        first.setdefault((one.person, one.other, one.kind), one)
    return replace(graph, links=sorted(first.values(), key=_rank))


def merged(graphs: Iterable[IdentityGraph]) -> IdentityGraph:
    """One graph of several that something connects. At least one is given."""
    first, *others = graphs
    for other in others:
        for person, names in other.names.items():
            first = with_names(first, person, names)
        for link in other.links:
            first = with_link(first, link)
        partings = sorted({*_pairs(first.partings, other.partings)}, key=lambda one: (one.person, one.other, one.at))
        first = replace(first, partings=partings)
    return first


def _pairs(*partings: Iterable[Parting]) -> Iterable[Parting]:
    return (parting for some in partings for parting in some)


def joined(
    graph: IdentityGraph, groups: Iterable[Collection[str]], at: datetime, source: str, by: str | None
) -> IdentityGraph:
    """The graph after a lead said that these groups of persons are one customer: what parted them before is over."""
    first, *others = sorted({person for group in groups for person in group})
    everybody = {first, *others}
    after = replace(graph, partings=[one for one in graph.partings if not {one.person, one.other} <= everybody])
    # Each of them, not one of each group: what joined a group before may object to the others.
    for other in others:
        after = with_link(after, PersonLink(person=first, other=other, kind="decision", at=at, source=source, by=by))
    return after


def parted(
    graph: IdentityGraph, persons: Collection[str], others: Collection[str], at: datetime, by: str | None
) -> IdentityGraph:
    """The graph after a lead said that none of these persons is one of the others: what was decided before is over."""
    pairs = {ordered(person, other) for person, other in product(persons, others)}
    known = {(one.person, one.other): one for one in graph.partings}
    new = {pair: known.get(pair) or Parting(person=pair[0], other=pair[1], at=at, by=by) for pair in pairs}
    links = [one for one in graph.links if one.kind != "decision" or (one.person, one.other) not in pairs]
    return replace(graph, links=links, partings=[one for _, one in sorted({**known, **new}.items())])


def without(graph: IdentityGraph, person: str) -> IdentityGraph:
    """The graph without a person, and without all that connected or parted them."""
    return replace(
        graph,
        names={one: names for one, names in graph.names.items() if one != person},
        links=[one for one in graph.links if person not in (one.person, one.other)],
        partings=[one for one in graph.partings if person not in (one.person, one.other)],
    )


def ordered(person: str, other: str) -> tuple[str, str]:
    """Two persons, the lesser text first."""
    return (person, other) if person < other else (other, person)


def _rank(link: PersonLink) -> tuple[datetime, str, str, str, str]:
    return link.at, link.kind, link.person, link.other, link.source
