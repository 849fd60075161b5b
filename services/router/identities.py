"""Reads the persons of identity graphs, as far as a caller may see them."""

from collections.abc import Collection, Sequence

from services.domain.conversation_state import Contact
from services.domain.customer_state import IdentityGraph
from services.domain.viewer import Viewer
from services.platform.store.port import Key, Store
from services.platform.store.read_one import read_one
from services.records.conversations import PERSONS
from services.records.customers import IDENTITY_GRAPHS, IDENTITY_REFERENCES, reference_id
from services.rest.viewer import can_see_person
from services.router.customer_views import PersonDetail, person_detail
from services.router.customers.graphs import PERSON


async def visible_persons(store: Store, viewer: Viewer, workspace: str, persons: Sequence[str]) -> list[Contact]:
    """Those of some persons who may be seen, in their order. Raises Unavailable."""
    keys = [Key(PERSONS.name, f"{workspace}/{person}") for person in persons]
    found = await store.get_many(keys) if keys else {}
    contacts = [PERSONS.decode(found[key]) for key in keys if key in found]
    return [contact for contact in contacts if await can_see_person(store, viewer, contact)]


async def visible_others(store: Store, viewer: Viewer, graph: IdentityGraph, own: Collection[str]) -> list[str]:
    """The persons of a graph besides some of them, as far as they may be seen. Raises Unavailable."""
    others = sorted(graph.names.keys() - set(own))
    if not viewer.is_limited:
        return others
    return [contact.person for contact in await visible_persons(store, viewer, graph.workspace, others)]


async def read_person(store: Store, viewer: Viewer, contact: Contact) -> PersonDetail:
    """A person who may be seen, with the evidence that joins them to nobody. Raises Unavailable."""
    reference = await read_one(store, IDENTITY_REFERENCES, reference_id(contact.workspace, PERSON, contact.person))
    found = await read_one(store, IDENTITY_GRAPHS, reference.graph) if reference is not None else None
    graph = found or IdentityGraph(workspace=contact.workspace)
    return person_detail(contact, graph, await visible_others(store, viewer, graph, [contact.person]))
