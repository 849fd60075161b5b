"""Whose customer changed: the persons whom it concerns, and for which pages. A page reads their customer anew.

A fact is about the person who has another customer than before. Whoever was their customer's other person, or is it now, is concerned as
well: their pages show who they are one with.
"""

from collections.abc import Iterator, Mapping, Sequence

from schemas.customer import CustomerFact
from services.domain.conversation_state import ConversationState
from services.domain.viewer import Viewer
from services.platform.store.port import Key, Query, Store
from services.records.conversations import CONVERSATIONS
from services.records.customers import CUSTOMERS
from services.router.live_inbox.sending import event_of

NEWEST = 100
"""How many of the latest conversations of a person decide who may see them."""

ChangedPersons = Mapping[str, Sequence[ConversationState]]
"""Persons whose customer changed, with their conversations."""


async def read_changed_persons(store: Store, workspace: str, facts: Sequence[CustomerFact]) -> ChangedPersons:
    """Everybody whom these facts concern. Raises Unavailable."""
    persons = {person for fact in facts for person in (fact.person, *fact.others)}
    customers = {one for fact in facts for one in (fact.customer, fact.previous_customer) if one is not None}
    keys = [Key(CUSTOMERS.name, customer) for customer in sorted(customers)]
    found = await store.get_many(keys) if keys else {}
    persons.update(person for one in map(CUSTOMERS.decode, found.values()) for person in one.persons)
    return {person: await _conversations(store, workspace, person) for person in sorted(persons)}


async def _conversations(store: Store, workspace: str, person: str) -> list[ConversationState]:
    equals = {"workspace": workspace, "person": person}
    page = await store.query(Query(CONVERSATIONS.name, "person", {**equals}, descending=True, limit=NEWEST))
    return [CONVERSATIONS.decode(document) for _, document in page.items]


def customer_events(changed: ChangedPersons, viewer: Viewer) -> Iterator[bytes]:
    """One event with those of them who may be seen; none if nobody may."""
    seen = [person for person, cases in changed.items() if any(viewer.can_see(case) for case in cases)]
    if seen:
        yield event_of("customer", {"persons": [*seen]})
