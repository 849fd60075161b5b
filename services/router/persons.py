"""Lists and searches the persons of a workspace: customers as its accounts see them, by the conversations that a caller may see.

A search for exactly an e-mail address, a telephone number or a person finds it at once; for anything else it reads conversations, the
latest first, and compares what is known of their customers.
"""

import re

from schemas.values import instant_text
from services.domain.conversation_state import Contact, ConversationState
from services.domain.viewer import Viewer
from services.platform.http.dependencies import Page
from services.platform.store.cursors import encode_cursor
from services.platform.store.port import Document, Key, Query, Store
from services.records.conversations import PERSONS
from services.records.customers import IDENTITY_GRAPHS, IDENTITY_REFERENCES, reference_id
from services.rest.refusals import unprocessable
from services.router.customers.domain.evidence import MIN_PHONE_DIGITS
from services.router.identities import visible_persons
from services.router.lists import RESOLUTION, Order, cases_in_order, in_chunks, position_after
from services.router.views import ConversationQuery, PersonsQuery, PersonView, person_view
from services.text.normalise import normalise

SCAN_LIMIT = 1000
"""How many conversations are read for one page."""
CHUNK_SIZE = 200
"""How many of them are compared at once."""
MIN_SEARCHED_DIGITS = 4
"""A part of a number that is shorter is in too many of them."""
NUMBER = re.compile(r"[\d\s()+./-]+")
NEWEST = Order("opened_at", descending=True)


async def persons_page(store: Store, workspace: str, query: PersonsQuery, viewer: Viewer) -> Page[PersonView]:
    """One page of what `viewer` may see: exact finds, then whose latest conversation is newest. Raises CommandRejected, Unavailable."""
    wanted = normalise(query.q) if query.q is not None else None
    if wanted == "":
        raise unprocessable("/query/q", "no_word_in_search")
    mark = Query(PERSONS.name, NEWEST.field, {"workspace": workspace, "q": wanted}, descending=True)
    after = position_after(mark, query.cursor)
    exact = await _exact(store, workspace, query.q, viewer) if query.q is not None else {}
    # Those that the first page has no room for come where their latest conversation stands.
    first = list(exact.values())[: query.limit]
    found = first if after is None else []
    known, last, examined = {contact.person for contact in first}, after, 0
    cases = cases_in_order(store, workspace, NEWEST, ConversationQuery(limit=CHUNK_SIZE), viewer, after)
    async for chunk in in_chunks(cases, CHUNK_SIZE):
        documents = await _documents(store, workspace, {case.person for case in chunk if viewer.can_see(case)})
        for case in chunk:
            if len(found) == query.limit or examined >= SCAN_LIMIT:
                following = last or (instant_text(case.opened_at + RESOLUTION), "")
                return Page(items=list(map(person_view, found)), next=encode_cursor(mark, list(following)))
            last, examined = NEWEST.position(case), examined + 1
            document = documents.get(case.person)
            if document is None or case.person in known or not viewer.can_see(case):
                continue
            if case.person not in exact and not _holds(document, wanted):
                continue
            known.add(case.person)
            # Who has a later conversation was on a page before this one.
            if after is None or await _latest(store, case, viewer) == case.id:
                found.append(PERSONS.decode(document))
    return Page(items=list(map(person_view, found)), next=None)


def _holds(document: Document, wanted: str | None) -> bool:
    """Whether something that is known of a person holds the normalised words of a search; without a search everybody does."""
    if wanted is None:
        return True
    identities = document.get("identities")
    others = [one.get("value") for one in identities if isinstance(one, dict)] if isinstance(identities, list) else []
    names = [str(name) for name in (*map(document.get, ("name", "email", "phone", "person")), *others) if name]
    if any(wanted in normalise(name) for name in names):
        return True
    digits = _digits(wanted) if NUMBER.fullmatch(wanted) else ""
    return len(digits) >= MIN_SEARCHED_DIGITS and any(digits in _digits(name) for name in names)


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdecimal())


async def _exact(store: Store, workspace: str, sought: str, viewer: Viewer) -> dict[str, Contact]:
    """The persons who are, or who proved, exactly what is sought, and who may be seen, the latest first."""
    wanted = normalise(sought)
    digits = _digits(wanted) if NUMBER.fullmatch(wanted) else ""
    names = [("email", wanted)] if "@" in wanted else []
    names += [("phone", f"+{digits}")] if len(digits) >= MIN_PHONE_DIGITS else []
    references = [Key(IDENTITY_REFERENCES.name, reference_id(workspace, kind, value)) for kind, value in names]
    referenced = await store.get_many(references) if references else {}
    graphs = [Key(IDENTITY_GRAPHS.name, IDENTITY_REFERENCES.decode(one).graph) for one in referenced.values()]
    found = await store.get_many(graphs) if graphs else {}
    persons = {
        person
        for graph in map(IDENTITY_GRAPHS.decode, found.values())
        for person, proven in graph.names.items()
        if any((name.kind, name.value) in names for name in proven)
    }
    shown = await visible_persons(store, viewer, workspace, sorted({*persons, sought.strip()}))
    shown.sort(key=lambda contact: (contact.seen_at, contact.person), reverse=True)
    return {contact.person: contact for contact in shown}


async def _documents(store: Store, workspace: str, persons: set[str]) -> dict[str, Document]:
    """The stored persons, by their names. Only those that are shown are decoded."""
    keys = [Key(PERSONS.name, f"{workspace}/{person}") for person in sorted(persons)]
    found = await store.get_many(keys) if keys else {}
    return {str(document["person"]): document for document in found.values()}


async def _latest(store: Store, case: ConversationState, viewer: Viewer) -> str | None:
    """The id of the latest conversation of the person of `case` that may be seen."""
    person = ConversationQuery(person=[case.person])
    cases = cases_in_order(store, case.workspace, NEWEST, person, viewer, None)
    return await anext((one.id async for one in cases if viewer.can_see(one)), None)
