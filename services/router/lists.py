"""Lists a workspace's conversations by any combination of filters, in any indexed order, and by words in their messages.

The most selective filter chooses the index. One stream per value of that filter is read and merged; the other filters
are checked on each conversation. The cursor is the sort position of the last conversation read, so that it is valid for
any set of streams.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import get_args

from schemas.conversation import Conversation, Status
from schemas.values import Json, instant, instant_text
from services.domain.conversation_state import ConversationState, conversation_view
from services.domain.viewer import UNRESTRICTED, Viewer
from services.platform.http.dependencies import Page, reject_cursor
from services.platform.store.cursors import decode_cursor, encode_cursor
from services.platform.store.port import Query, Store
from services.records.conversations import CONVERSATIONS
from services.rest.refusals import unprocessable
from services.router.message_search import matches_terms, search_terms
from services.router.views import ConversationQuery

INDEXED_FILTERS = ("person", "agent", "status", "team", "channel", "surface", "sensitive")
"""Filters, the most selective first. Each is the name of an index of the collection."""
SCAN_LIMIT = 2000
SEARCH_SCAN_LIMIT = 500
"""How many conversations are read for one page: without a search in their messages, and with one."""
CHUNK_SIZE = 50
"""How many conversations are checked at the same time: a search reads the messages of each."""
STREAM_PAGE_SIZE = 200
RESOLUTION = timedelta(microseconds=1)
"""Stored times are whole microseconds."""

SortPosition = tuple[str, str]
"""A conversation's position in the list: its sort value and its id."""


@dataclass(frozen=True, slots=True)
class Order:
    """A sort order by one field of the conversation."""

    field: str
    descending: bool

    def position(self, case: ConversationState) -> SortPosition:
        """The conversation's position in this order."""
        return instant_text(getattr(case, self.field)), case.id


async def list_page(
    store: Store, workspace: str, query: ConversationQuery, viewer: Viewer = UNRESTRICTED
) -> Page[Conversation]:
    """One page, newest first unless the query sorts otherwise. It may end early, with a cursor to continue from.

    It has what `viewer` may see: where no filter is given, it is read from the indexes of the agent and of their teams.

    Raises UnprocessableContent.
    """
    order = Order(query.sort.removeprefix("-"), query.sort.startswith("-"))
    mark = _mark(workspace, order, query)
    terms = _search_terms(query)
    bound = SEARCH_SCAN_LIMIT if terms else SCAN_LIMIT
    conversations: list[Conversation] = []
    last: SortPosition = ("", "")
    examined = 0
    cases = cases_in_order(store, workspace, order, query, viewer, position_after(mark, query.cursor))
    async for chunk in in_chunks(cases, min(CHUNK_SIZE, bound)):
        if len(conversations) == query.limit or examined >= bound:
            return Page(items=conversations, next=encode_cursor(mark, list(last)))
        # Checked together, then taken one by one: the cursor has to name the last conversation of the page.
        fits = await asyncio.gather(*(_matches_query(store, case, query, viewer, terms) for case in chunk))
        for case, fit in zip(chunk, fits, strict=True):
            if len(conversations) == query.limit:
                return Page(items=conversations, next=encode_cursor(mark, list(last)))
            last, examined = order.position(case), examined + 1
            if fit:
                conversations.append(conversation_view(case))
    return Page(items=conversations, next=None)


def _search_terms(query: ConversationQuery) -> Sequence[str]:
    terms = search_terms(query.q) if query.q is not None else ()
    if query.q is not None and not terms:
        raise unprocessable("/query/q", "no_word_in_search")
    return terms


def _mark(workspace: str, order: Order, query: ConversationQuery) -> Query:
    """The part of a cursor that ties it to its workspace, order and filters."""
    filters = query.model_dump(mode="json", exclude_none=True, exclude={"limit", "cursor"})
    return Query(CONVERSATIONS.name, order.field, {**filters, "workspace": workspace}, descending=order.descending)


def position_after(mark: Query, cursor: str | None) -> SortPosition | None:
    """The position that a cursor of the list `mark` stands for; None: the beginning. Raises UnprocessableContent."""
    if cursor is None:
        return None
    try:
        value, identity = decode_cursor(mark, cursor, 2)
        return instant_text(instant(str(value))), str(identity)
    except (ValueError, OverflowError) as error:
        raise reject_cursor() from error


async def _matches_query(
    store: Store, case: ConversationState, query: ConversationQuery, viewer: Viewer, terms: Sequence[str]
) -> bool:
    # Before its messages are searched: how long an answer takes must not tell of what may not be seen.
    if not viewer.can_see(case):
        return False
    if not all(_matches(case, name, getattr(query, name)) for name in INDEXED_FILTERS):
        return False
    if query.updated_since is not None and case.updated_at < query.updated_since:
        return False
    return not terms or await matches_terms(store, case, terms)


def _matches(case: ConversationState, name: str, wanted: Sequence[Json] | None) -> bool:
    return wanted is None or getattr(case, name) in wanted


def cases_in_order(
    store: Store, workspace: str, order: Order, query: ConversationQuery, viewer: Viewer, after: SortPosition | None
) -> AsyncIterator[ConversationState]:
    """The conversations after a position by the index that suits the query best: not all of them fit it, or may be seen."""
    return _merged(store, list(_streams(workspace, order, query, viewer, after)), order)


# -- streams -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IndexCursor:
    """The conversations of one index in order, after a position."""

    query: Query
    after: SortPosition | None
    order: Order

    async def cases(self, store: Store) -> AsyncIterator[ConversationState]:
        """The conversations after the position."""
        following: str | None = None
        while True:
            page = await store.query(_page(self.query, following))
            for _, document in page.items:
                case = CONVERSATIONS.decode(document)
                if self.after is None or self._is_behind(self.order.position(case), self.after):
                    yield case
            following = page.next
            if following is None:
                return

    def _is_behind(self, position: SortPosition, after: SortPosition) -> bool:
        return position < after if self.order.descending else position > after


def _page(query: Query, following: str | None) -> Query:
    return replace(query, limit=STREAM_PAGE_SIZE if following else query.limit, after=following)


def _streams(
    workspace: str, order: Order, list_query: ConversationQuery, viewer: Viewer, after: SortPosition | None
) -> Iterator[IndexCursor]:
    """One stream per value of the leading filter, each in the order of the list."""
    at_least, below = _bounds(order, list_query, after)
    for index, name, value in _leading_values(order, list_query, viewer):
        equals: dict[str, Json] = {"workspace": workspace, **({name: value} if name else {})}
        query = Query(
            CONVERSATIONS.name,
            index,
            equals,
            at_least=at_least,
            below=below,
            descending=order.descending,
            limit=list_query.limit + 1,
        )
        yield IndexCursor(query, after, order)


def _leading_values(order: Order, query: ConversationQuery, viewer: Viewer) -> Iterator[tuple[str, str | None, Json]]:
    """Index, field and value of each stream."""
    index, name, values = _leading(order, query)
    if index == "opened" and viewer.agent is not None:
        yield "agent", "agent", viewer.agent
        yield from (("team", "team", team) for team in sorted(viewer.teams))
        return
    yield from ((index, name, value) for value in values)


def _leading(order: Order, query: ConversationQuery) -> tuple[str, str | None, Sequence[Json]]:
    """The index to read, the leading filter (None: none), and its values."""
    if order.field == "updated_at":
        return "updated", None, [None]
    if order.field == "queued_at":
        return "queued", "status", list(dict.fromkeys(query.status or get_args(Status)))
    # A filter with one value is read as one stream in order; several values are merged from as many streams.
    filters = [name for name in INDEXED_FILTERS if getattr(query, name) is not None]
    name = next((name for name in filters if len(set(getattr(query, name))) == 1), filters[0] if filters else None)
    if name is None:
        return "opened", None, [None]
    return name, name, list(dict.fromkeys(getattr(query, name)))


def _bounds(order: Order, query: ConversationQuery, after: SortPosition | None) -> tuple[str, str | None]:
    """The bounds of the index. The cursor's sort value is included, because other conversations may share it."""
    since = query.updated_since if order.field == "updated_at" else None
    # An empty lower bound would include null: a conversation that was never queued is not among the longest waiting.
    at_least = instant_text(since) if since else ""
    if after is None:
        return at_least, None
    if order.descending:
        return at_least, instant_text(instant(after[0]) + RESOLUTION)
    return max(at_least, after[0]), None


async def _merged(store: Store, streams: Sequence[IndexCursor], order: Order) -> AsyncIterator[ConversationState]:
    """The streams merged into one, in order."""
    sources = [stream.cases(store) for stream in streams]
    heads = {n: case for n, source in enumerate(sources) if (case := await anext(source, None)) is not None}
    # The position breaks ties by id, so that a page and the cursor after it agree on one order.
    last: str | None = None
    while heads:
        choose = max if order.descending else min
        n = choose(heads, key=lambda at: order.position(heads[at]))
        case = heads.pop(n)
        # A conversation that an agent has in one of their teams is in two streams, at the same position.
        if case.id != last:
            yield case
        last = case.id
        if (following := await anext(sources[n], None)) is not None:
            heads[n] = following


async def in_chunks(cases: AsyncIterator[ConversationState], count: int) -> AsyncIterator[list[ConversationState]]:
    """The conversations, `count` at a time."""
    chunk: list[ConversationState] = []
    async for case in cases:
        chunk.append(case)
        if len(chunk) == count:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
