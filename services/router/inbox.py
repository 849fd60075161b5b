"""The lists of an agent's inbox: which conversations are in each view, a page in the order of a sort, and how many there are.

What an agent may see is part of the query: each view is a few ranges of an index, disjoint, all of which the agent may
see. So a page is short only at its end, and a count is the sum of the ranges.
"""

import asyncio
import heapq
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from schemas.values import Json
from services.domain.conversation_state import ConversationState
from services.domain.inbox import SHELVES_OF_VIEW, UNTAKEN, InboxSort, InboxView, Shelf, shelf_of
from services.domain.mentions import mention_scope, visible_scopes
from services.domain.viewer import Viewer
from services.platform.http.dependencies import reject_cursor
from services.platform.store.cursors import decode_cursor, encode_cursor
from services.platform.store.port import Document, Key, Query, Store
from services.records.conversations import CONVERSATIONS, PERSONS
from services.records.mentions import MENTIONS
from services.rest.refusals import unprocessable
from services.text.normalise import normalise

SEARCH_SCAN_LIMIT = 2000
"""How many conversations are read for one page of those that match a search."""
CHUNK_SIZE = 250
"""How many of them are read at once."""

Position = tuple[str, str]
"""A conversation's key in an order, and its id."""


@dataclass(frozen=True, slots=True)
class Range:
    """The conversations on one shelf of one agent, or of one team."""

    owner: Literal["agent", "team"]
    value: str
    shelf: Shelf

    def query(self, workspace: str, sort: InboxSort) -> Query:
        """All of them in an order."""
        equals: dict[str, Json] = {"workspace": workspace, self.owner: self.value, "inbox.shelf": self.shelf}
        return Query(CONVERSATIONS.name, f"{self.owner}_{sort}", equals)

    def has(self, case: ConversationState) -> bool:
        """Whether a conversation is one of them."""
        return shelf_of(case) == self.shelf and (case.agent if self.owner == "agent" else case.team) == self.value


@dataclass(frozen=True, slots=True)
class MentionRange:
    """The conversations to which notes call an agent, and which they may see for one reason (`services.domain.mentions`)."""

    agent: str
    scope: str

    def query(self, workspace: str, sort: InboxSort) -> Query:
        """All of them in an order."""
        equals: dict[str, Json] = {"workspace": workspace, "agent": self.agent, "scope": self.scope}
        return Query(MENTIONS.name, f"agent_{sort}", equals)

    def has(self, case: ConversationState) -> bool:
        """Whether a conversation is one of them."""
        return self.agent in case.mentioned and mention_scope(case, self.agent) == self.scope


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Some conversations of a view in their order, and the cursor of those after them."""

    cases: Sequence[ConversationState]
    next: str | None


def ranges(view: InboxView, viewer: Viewer) -> Sequence[Range | MentionRange]:
    """The ranges that a view consists of. Raises ValueError for a viewer who is no agent."""
    if viewer.agent is None:
        raise ValueError("an inbox is an agent's")
    if view == "mentions":
        return [MentionRange(viewer.agent, scope) for scope in visible_scopes(viewer)]
    own = _own_shelves(view, viewer)
    return [
        *(Range("agent", viewer.agent, one) for one in sorted(own)),
        *(Range("team", team, one) for one in sorted(SHELVES_OF_VIEW[view] - own) for team in sorted(viewer.teams)),
    ]


def _own_shelves(view: InboxView, viewer: Viewer) -> frozenset[Shelf]:
    """The shelves of a view from which it has the agent's own conversations alone, instead of those of the teams."""
    if view == "mine":
        return SHELVES_OF_VIEW[view]
    # Of what an agent has accepted, others see nothing where agents see their own.
    return SHELVES_OF_VIEW[view] - UNTAKEN if viewer.own_only or view == "snoozed" else frozenset()


def is_in_view(view: InboxView, viewer: Viewer, case: ConversationState) -> bool:
    """Whether a conversation is in a view, by the same ranges."""
    return any(one.has(case) for one in ranges(view, viewer))


def views_of(viewer: Viewer, case: ConversationState) -> tuple[InboxView, ...]:
    """The views that a conversation is in: the same as `is_in_view` says of each, without its ranges."""
    is_mine, in_team, where = case.agent == viewer.agent, case.team in viewer.teams, shelf_of(case)
    found: list[InboxView] = []
    for view, shelves in SHELVES_OF_VIEW.items():
        is_own = view == "mine" or (where not in UNTAKEN and (viewer.own_only or view == "snoozed"))
        if where in shelves and (is_mine if is_own else in_team):
            found.append(view)
    if viewer.agent in case.mentioned and viewer.can_see(case):
        found.append("mentions")
    return tuple(found)


async def count_views(store: Store, workspace: str, viewer: Viewer) -> dict[InboxView, int]:
    """How many conversations are in each view. Raises Unavailable."""
    views: tuple[InboxView, ...] = get_args(InboxView)
    of_views = {view: ranges(view, viewer) for view in views}
    distinct = list(dict.fromkeys(one for found in of_views.values() for one in found))
    counts = await asyncio.gather(*(store.count(one.query(workspace, "newest")) for one in distinct))
    counted = dict(zip(distinct, counts, strict=True))
    return {view: sum(counted[one] for one in found) for view, found in of_views.items()}


async def read_inbox(
    store: Store,
    workspace: str,
    viewer: Viewer,
    view: InboxView,
    sort: InboxSort,
    *,
    limit: int,
    cursor: str | None = None,
    search: str | None = None,
) -> InboxPage:
    """A page of a view. `search`: those alone whose customer's name, whose person, id or subject holds these words.

    A page of a search may end early, with a cursor to go on from. Raises UnprocessableContent for a cursor that is not
    of this list, CommandRejected (422) for a search for nothing, Unavailable.
    """
    mark = Query(CONVERSATIONS.name, sort, {"workspace": workspace, "view": view, "q": search, "agent": viewer.agent})
    after = _after(mark, cursor)
    wanted = normalise(search) if search is not None else None
    if wanted == "":
        raise unprocessable("/query/q", "no_word_in_search")
    cases: list[ConversationState] = []
    last, examined = after, 0
    size = CHUNK_SIZE if wanted else limit + 1
    documents = _merged(store, [one.query(workspace, sort) for one in ranges(view, viewer)], sort, size, after)
    async for found in _in_chunks(documents, size):
        chunk = await _conversations(store, found) if view == "mentions" else found
        matching = await _matching(store, chunk, wanted)
        for document in chunk:
            if len(cases) == limit or (wanted and examined >= SEARCH_SCAN_LIMIT):
                return InboxPage(cases, encode_cursor(mark, list(last or ())))
            last, examined = position(document, sort), examined + 1
            if last[1] in matching:
                cases.append(CONVERSATIONS.decode(document))
    return InboxPage(cases, None)


def position(document: Document, sort: InboxSort) -> Position:
    """Where a stored conversation, or a mention of one, stands in an order."""
    keys = document.get("inbox")
    return str(keys[sort]) if isinstance(keys, dict) else "", str(document.get("conversation") or document["id"])


def _after(mark: Query, cursor: str | None) -> Position | None:
    if cursor is None:
        return None
    try:
        key, identity = decode_cursor(mark, cursor, 2)
    except ValueError as error:
        raise reject_cursor() from error
    return str(key), str(identity)


async def _conversations(store: Store, mentions: Sequence[Document]) -> list[Document]:
    """The conversations of some mentions, in their order."""
    keys = [Key(CONVERSATIONS.name, str(mention["conversation"])) for mention in mentions]
    documents = await store.get_many(keys) if keys else {}
    return [documents[key] for key in keys if key in documents]


async def _matching(store: Store, documents: Sequence[Document], wanted: str | None) -> set[str]:
    """The ids of those that hold the words of a search; without one, of all."""
    if wanted is None:
        return {str(document["id"]) for document in documents}
    keys = {str(document["key"]): Key(PERSONS.name, str(document["key"])) for document in documents}
    persons = await store.get_many(list(keys.values()))
    return {
        str(document["id"])
        for document in documents
        if any(
            wanted in normalise(str(words))
            for words in (
                document["id"],
                document["person"],
                document.get("subject") or "",
                persons.get(keys[str(document["key"])], {}).get("name") or "",
            )
        )
    }


# -- ranges merged -----------------------------------------------------------------------------------------------------


async def _merged(
    store: Store, queries: Iterable[Query], sort: InboxSort, size: int, after: Position | None
) -> AsyncIterator[Document]:
    """The documents of several ranges in one order, those after a position. Only what is yielded is decoded later."""
    sources = [_of_range(store, query, sort, size, after) for query in queries]
    heads = await asyncio.gather(*(anext(source, None) for source in sources))
    waiting = [(position(head, sort), n, head) for n, head in enumerate(heads) if head is not None]
    heapq.heapify(waiting)
    while waiting:
        _, n, document = waiting[0]
        yield document
        following = await anext(sources[n], None)
        if following is None:
            heapq.heappop(waiting)
        else:
            heapq.heapreplace(waiting, (position(following, sort), n, following))


async def _of_range(
    store: Store, query: Query, sort: InboxSort, size: int, after: Position | None
) -> AsyncIterator[Document]:
    # Others may share the key of the position: they are read again, and passed over by their ids.
    query = replace(query, limit=size, at_least=after[0] if after else None)
    while True:
        page = await store.query(query)
        for _, document in page.items:
            if after is None or position(document, sort) > after:
                yield document
        if page.next is None:
            return
        query = replace(query, after=page.next)


async def _in_chunks(documents: AsyncIterator[Document], size: int) -> AsyncIterator[list[Document]]:
    chunk: list[Document] = []
    async for document in documents:
        chunk.append(document)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
