"""Which persons of an identity graph are one customer: a function of its evidence and decisions, and of nothing else. Pure.

- What a lead said holds before all evidence.
- A platform's own word joins: two ids of one person at one platform, a successor, a completed hand-off.
- A proven name that several persons share joins them, the name that was shared first before others, unless that would bring two
  persons of one account into one customer: a telephone may be shared, and a number moves.
- No evidence joins two persons whom a lead parted, not even over others.

Persons whom nothing joins are no customer: they stand alone.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from schemas.customer import EvidenceKind
from services.domain.customer_state import EvidenceConflict, IdentityGraph, ProvenName
from services.platform.core.identifiers import hashed_id
from services.router.customers.domain.graph import ordered


@dataclass(frozen=True, slots=True)
class Connection:
    """Evidence between two persons. `sure`: it may join two persons of one account. `by` is the agent who decided it."""

    at: datetime
    kind: EvidenceKind
    value: str | None
    persons: tuple[str, str]
    sure: bool = False
    by: str | None = None


@dataclass(frozen=True, slots=True)
class ResolvedCustomers:
    """`customers`: id → its persons, sorted, at least two. `conflicts`: evidence that joins nobody."""

    customers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    conflicts: tuple[EvidenceConflict, ...] = ()

    def customer_of(self, person: str) -> str | None:
        """The customer of a person; None: they stand alone."""
        return next((identity for identity, persons in self.customers.items() if person in persons), None)


def resolve(graph: IdentityGraph) -> ResolvedCustomers:
    """The customers of a graph, and the evidence that contradicts itself or a lead."""
    group_of = {person: frozenset({person}) for person in graph.names}
    parted = {(one.person, one.other) for one in graph.partings}
    conflicts: list[EvidenceConflict] = []
    for connection in _in_order(graph):
        first, second = (group_of[person] for person in connection.persons)
        if first == second:
            continue
        reason = _objection(connection, first, second, parted)
        if reason is not None:
            conflicts.append(
                EvidenceConflict(
                    reason=reason, kind=connection.kind, value=connection.value, persons=connection.persons
                )
            )
            continue
        group_of.update(dict.fromkeys(first | second, first | second))
    known_since = {person: _known_since(graph, person) for person in graph.names}
    groups = {group for group in group_of.values() if len(group) > 1}
    customers = {
        # The person of whom we knew first names the customer, so that who joins later changes no id.
        hashed_id("customer", graph.workspace, min(group, key=lambda one: (known_since[one], one))): tuple(
            sorted(group)
        )
        for group in groups
    }
    return ResolvedCustomers(dict(sorted(customers.items())), tuple(conflicts))


def evidence_of(graph: IdentityGraph, persons: tuple[str, ...]) -> list[Connection]:
    """All evidence between two of these persons, the strongest and earliest first."""
    return [connection for connection in _in_order(graph) if set(connection.persons) <= set(persons)]


def _objection(
    connection: Connection, first: frozenset[str], second: frozenset[str], parted: set[tuple[str, str]]
) -> Literal["parted", "same_account"] | None:
    """Why this evidence does not make one customer of these two groups."""
    if any(ordered(one, other) in parted for one in first for other in second):
        return "parted"
    accounts = {_account(person) for person in first} & {_account(person) for person in second}
    return "same_account" if accounts and not connection.sure else None


def _account(person: str) -> str:
    """The channel and the account of a person."""
    return ":".join(person.split(":", 2)[:2])


def _in_order(graph: IdentityGraph) -> list[Connection]:
    """All evidence: decisions, then what platforms say, then shared names; each by its time."""
    links = [
        Connection(one.at, one.kind, None, (one.person, one.other), sure=True, by=one.by)
        for one in graph.links
        if one.person in graph.names and one.other in graph.names
    ]
    order = {"decision": 0, "successor": 1, "handoff": 1, "platform": 1}
    everything = [*links, *_shared(graph)]
    return sorted(everything, key=lambda one: (order.get(one.kind, 2), one.at, one.kind, one.value or "", one.persons))


def _shared(graph: IdentityGraph) -> Iterator[Connection]:
    holders: dict[tuple[EvidenceKind, str], list[tuple[ProvenName, str]]] = defaultdict(list)
    for person, names in graph.names.items():
        for name in names:
            holders[name.kind, name.value].append((name, person))
    for (kind, value), holding in holders.items():
        for number, (name, person) in enumerate(holding):
            for other_name, other in holding[number + 1 :]:
                # It is evidence since both have it.
                at = max(name.at, other_name.at)
                yield Connection(at, kind, value, ordered(person, other), sure=kind == "platform")


def _known_since(graph: IdentityGraph, person: str) -> datetime:
    times = [name.at for name in graph.names[person]]
    times += [link.at for link in graph.links if person in (link.person, link.other) and link.kind != "decision"]
    return min(times, default=datetime.max.replace(tzinfo=UTC))
