"""What joins the persons of one customer: evidence and decisions on topic `customers`, keyed by workspace; what became of it."""

from typing import Literal

from schemas.activity import PersonIdentity
from schemas.values import Contract, Instant

LinkKind = Literal["handoff", "successor", "decision"]
"""Why two persons are one. `handoff`: one completed the hand-off of the other; `successor`: the platform says that one goes on as
the other; `decision`: a lead said so."""
EvidenceKind = Literal["email", "phone", "user", "platform", "handoff", "successor", "decision"]
"""Why persons are one: a proven name that they have in common, or a link."""
CustomerChange = Literal["joined", "parted", "conflict_found"]


class IdentityProven(Contract):
    """`pasokh.identity.proven`: names of a person became proven. `source` is the id of the activity that proved them."""

    person: str
    identities: list[PersonIdentity]
    at: Instant
    source: str


class PersonsLinked(Contract):
    """`pasokh.identity.linked`: two persons of a workspace are one by a hand-off, or as one goes on as the other.

    `source` is the id of the conversation, or of the activity, that says so.
    """

    person: str
    other: str
    kind: Literal["handoff", "successor"]
    at: Instant
    source: str


class PersonRecycled(Contract):
    """`pasokh.identity.recycled`: a person went on under another id, and now somebody writes under the old one: it is somebody else.

    Operators give a telephone number to the next customer. `at` is when that one wrote first.
    """

    person: str
    at: Instant
    source: str


class JoinPersons(Contract):
    """`pasokh.identity.join`: a lead says that these persons are one customer. `agent` None: a key of no agent."""

    persons: list[str]
    agent: str | None = None
    accepted_at: Instant
    request_hash: str


class PartPersons(Contract):
    """`pasokh.identity.part`: a lead says that these persons of a customer are not the customer's other persons."""

    customer: str
    persons: list[str]
    agent: str | None = None
    accepted_at: Instant
    request_hash: str


class CustomerLinked(Contract):
    """`pasokh.command.customer_linked` (key of the person): to which customer a person belongs now; None: they stand alone.

    `evidence` are the kinds that connect the person with the others. `by` is the agent who decided it. With `conflict_found` the
    customer stays: evidence would connect the person with `others`, and does not.
    """

    change: CustomerChange
    customer: str | None = None
    evidence: list[EvidenceKind] = []
    others: list[str] = []
    by: str | None = None
    at: Instant


class CustomerFact(Contract):
    """The data of `pasokh.customer.joined`, `.parted` and `.conflict_found`, one for each person whom it concerns.

    `key` is the person key, `person` is `channel:account:external_id`. `previous_customer` is the customer whose person they were
    before. The other fields are those of a `CustomerLinked`.
    """

    key: str
    workspace: str
    person: str
    customer: str | None = None
    previous_customer: str | None = None
    evidence: list[EvidenceKind] = []
    others: list[str] = []
    by: str | None = None
    at: Instant
