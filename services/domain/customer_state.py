"""What is known of who is whom: the evidence that may make several persons one customer, as the processor `customers` stores it.

A person is `channel:account:external_id` here, without the workspace, which the document names.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from schemas.customer import EvidenceKind, LinkKind
from schemas.values import OMITTED_IF_EMPTY, Instant

NameKind = Literal["email", "phone", "user", "platform"]
"""Kinds of proven names that are evidence. A username is none: it may be given up, and somebody else may take it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenName:
    """A name that a person proved first at `at`, by the activity `source`."""

    kind: NameKind
    value: str
    at: Instant
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLink:
    """Two persons that are one, since `at`. `person` is the lesser text of the two. `by` is the agent who decided it."""

    person: str
    other: str
    kind: LinkKind
    at: Instant
    source: str
    by: Annotated[str | None, OMITTED_IF_EMPTY] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """Two persons that are not one, as a lead said at `at`: no evidence joins them. `person` is the lesser text of the two."""

    person: str
    other: str
    at: Instant
    by: Annotated[str | None, OMITTED_IF_EMPTY] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityGraph:
    """Persons that some evidence or decision connects, directly or over others, whether they are one customer or not.

    `names` maps each person to what they proved. Who is one customer follows from names, links and partings alone
    (`services.router.customers.domain.resolution`), in whatever order they came.
    """

    workspace: str
    names: dict[str, list[ProvenName]] = field(default_factory=dict)
    links: list[PersonLink] = field(default_factory=list)
    partings: Annotated[list[Parting], OMITTED_IF_EMPTY] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRecord:
    """A customer of at least two persons, sorted. `graph` is the id of the identity graph that holds the evidence."""

    workspace: str
    id: str
    persons: list[str]
    graph: str
    updated_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphReference:
    """The identity graph of a person or of a proven name. Its document id is `services.records.customers.reference_id`."""

    workspace: str
    graph: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceConflict:
    """Evidence between two persons that does not join them.

    `parted`: a lead said that they are two people. `same_account`: it would bring two persons of one account into one customer, as a
    telephone that people share does, or a number that moved.
    """

    reason: Literal["parted", "same_account"]
    kind: EvidenceKind
    value: str | None
    persons: tuple[str, str]
