"""Request bodies and views of customers of several persons."""

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from schemas.conversation import Conversation
from schemas.customer import EvidenceKind
from schemas.values import Instant, RequestModel
from services.domain.conversation_state import Contact
from services.domain.customer_state import CustomerRecord, IdentityGraph
from services.platform.http.acting_agent import ActingAgent
from services.platform.processing.unit_of_work import Reader
from services.platform.store.port import Key
from services.records.conversations import PERSONS
from services.router.customers.domain.graph import MAX_PERSONS
from services.router.customers.domain.resolution import evidence_of, resolve
from services.router.views import PersonView, person_view

PersonName = Annotated[str, Field(min_length=1, max_length=512)]


def _each_once(persons: list[str]) -> list[str]:
    if len(set(persons)) < len(persons):
        raise ValueError("a person is named twice")
    return persons


class JoinBody(RequestModel):
    """Persons who are one customer: each as `channel:account:external_id`."""

    agent: ActingAgent | None = None
    persons: Annotated[
        list[PersonName],
        Field(
            min_length=2,
            max_length=MAX_PERSONS,
            description="The persons, each as `channel:account:external_id`.",
            json_schema_extra={"uniqueItems": True},
        ),
        AfterValidator(_each_once),
    ]


class PartBody(RequestModel):
    """Persons of the customer who are somebody else than its other persons."""

    agent: ActingAgent | None = None
    persons: Annotated[
        list[PersonName],
        Field(
            min_length=1,
            max_length=MAX_PERSONS,
            description="Persons of the customer, each as `channel:account:external_id`.",
            json_schema_extra={"uniqueItems": True},
        ),
        AfterValidator(_each_once),
    ]


class EvidenceView(BaseModel):
    """Why two persons are one customer."""

    kind: EvidenceKind = Field(description="A proven name that they share, or what connects them.")
    value: str | None = Field(description="The name that they share.")
    persons: list[str] = Field(description="The two persons.")
    by: str | None = Field(description="The agent who decided it.")
    at: Instant = Field(description="Since when it is known.")


class ConflictView(BaseModel):
    """Evidence that does not join: a lead parted the two, or it would bring two persons of one account together."""

    reason: Literal["parted", "same_account"] = Field(description="Why it does not join them.")
    kind: EvidenceKind = Field(description="The kind of the evidence.")
    value: str | None = Field(description="The name that they share.")
    persons: list[str] = Field(description="The two persons.")


class PartedPersonsView(BaseModel):
    """Two persons who are not one customer, as a lead said."""

    persons: list[str] = Field(description="The two persons.")
    by: str | None = Field(description="The agent who said so.")
    at: Instant = Field(description="When.")


class CustomerView(BaseModel):
    """A customer of several persons, with what joins them. An agent sees the persons whose conversations they may see."""

    id: str
    workspace: str
    persons: list[PersonView] = Field(description="The customer as each account sees them.")
    evidence: list[EvidenceView] = Field(description="What joins the persons.")
    conflicts: list[ConflictView] = Field(description="Evidence that joins one of them to nobody.")
    partings: list[PartedPersonsView] = Field(description="Whom a lead parted from one of them.")
    updated_at: Instant = Field(description="When its persons changed last.")


class CustomerConversation(Conversation):
    """A conversation in a list or after an action, and its customer of several persons."""

    customer_id: str | None = Field(description="The customer of several persons whose person wrote it.")


async def with_customers(store: Reader, conversations: Sequence[Conversation]) -> list[CustomerConversation]:
    """Some conversations with the customers of their persons. Raises Unavailable."""
    keys = {one.id: Key(PERSONS.name, f"{one.workspace}/{one.person}") for one in conversations}
    found = await store.get_many(list(dict.fromkeys(keys.values()))) if keys else {}
    customers = {key: PERSONS.decode(document).customer for key, document in found.items()}
    return [CustomerConversation(**dict(one), customer_id=customers.get(keys[one.id])) for one in conversations]


class PersonDetail(PersonView):
    """A customer as one account sees them, with the evidence that joins them to nobody. What joins a person is with their customer."""

    conflicts: list[ConflictView] = Field(description="Evidence that joins the person to nobody.")
    partings: list[PartedPersonsView] = Field(description="Whom a lead parted from the person.")


def person_detail(contact: Contact, graph: IdentityGraph, others: Collection[str]) -> PersonDetail:
    """A person with what contradicts itself. `others` are the other persons of the graph who may be seen."""
    own = {contact.person}
    return PersonDetail(
        **dict(person_view(contact)), conflicts=_conflicts(graph, own, others), partings=_partings(graph, own, others)
    )


def customer_view(
    record: CustomerRecord, graph: IdentityGraph, contacts: Sequence[Contact], others: Collection[str]
) -> CustomerView:
    """A customer with those of its persons who may be seen. `others` are persons of the graph, not of the customer, who may be seen."""
    seen = {contact.person for contact in contacts}
    return CustomerView(
        id=record.id,
        workspace=record.workspace,
        persons=[person_view(contact) for contact in contacts],
        evidence=[
            EvidenceView(kind=one.kind, value=one.value, persons=list(one.persons), by=one.by, at=one.at)
            for one in evidence_of(graph, tuple(seen))
        ],
        conflicts=_conflicts(graph, seen, others),
        partings=_partings(graph, seen, others),
        updated_at=record.updated_at,
    )


def _conflicts(graph: IdentityGraph, own: AbstractSet[str], others: Collection[str]) -> list[ConflictView]:
    """Evidence about these persons that joins nobody, with nobody but them and `others` in it."""
    return [
        ConflictView(reason=one.reason, kind=one.kind, value=one.value, persons=list(one.persons))
        for one in resolve(graph).conflicts
        if _is_shown(one.persons, own, others)
    ]


def _partings(graph: IdentityGraph, own: AbstractSet[str], others: Collection[str]) -> list[PartedPersonsView]:
    return [
        PartedPersonsView(persons=[one.person, one.other], by=one.by, at=one.at)
        for one in graph.partings
        if _is_shown((one.person, one.other), own, others)
    ]


def _is_shown(persons: Collection[str], own: AbstractSet[str], others: Collection[str]) -> bool:
    return not own.isdisjoint(persons) and set(persons) <= own | set(others)
