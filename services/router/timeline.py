"""The messages of all persons of a customer as one list, the newest first.

Each person's messages are in the order in which they arrived; the lists are merged by the time of arrival. The cursor is how far each
of them was read, so that no message is left out or comes twice.
"""

import asyncio
from collections.abc import Sequence

from services.domain.viewer import Viewer
from services.platform.http.dependencies import Page, PageParams, reject_cursor
from services.platform.store.cursors import decode_cursor, encode_cursor
from services.platform.store.port import Query, Store
from services.records.conversations import MESSAGES, MessageRecord
from services.rest.viewer import visible_conversations
from services.rest.views import MessageView, message_view

NEWEST = "~"
"""Above every `order` of a message."""


async def timeline_page(
    store: Store, workspace: str, persons: Sequence[str], viewer: Viewer, page: PageParams
) -> Page[MessageView]:
    """One page of what `viewer` may see; it may be shorter than its limit. Raises UnprocessableContent, Unavailable.

    A cursor is refused once the customer has other persons: it knows nothing of where they were read.
    """
    keys = [f"{workspace}/{person}" for person in sorted(persons)]
    mark = Query(MESSAGES.name, "key", {"keys": list(keys)}, descending=True)
    positions = _positions(mark, page.cursor, len(keys))
    lists = await asyncio.gather(
        *(_read(store, key, below, page.limit) for key, below in zip(keys, positions, strict=True))
    )
    taken: list[MessageRecord] = []
    while len(taken) < page.limit and any(lists):
        # Of one time the same list comes first at every reading.
        number = max((n for n, left in enumerate(lists) if left), key=lambda n: (lists[n][0].received_at, -n))
        message = lists[number].pop(0)
        positions[number] = message.order
        taken.append(message)
    # A list of which a whole page was read may go on.
    is_more = any(lists) or len(taken) == page.limit
    seen = await _visible(store, viewer, taken)
    return Page(items=[message_view(one) for one in seen], next=encode_cursor(mark, [*positions]) if is_more else None)


def _positions(mark: Query, cursor: str | None, count: int) -> list[str]:
    if cursor is None:
        return [NEWEST] * count
    try:
        return [str(position) for position in decode_cursor(mark, cursor, count)]
    except ValueError as error:
        raise reject_cursor() from error


async def _read(store: Store, key: str, below: str, limit: int) -> list[MessageRecord]:
    page = await store.query(Query(MESSAGES.name, "key", {"key": key}, below=below, descending=True, limit=limit))
    return [MESSAGES.decode(document) for _, document in page.items]


async def _visible(store: Store, viewer: Viewer, messages: list[MessageRecord]) -> list[MessageRecord]:
    if not viewer.is_limited:
        return messages
    conversations = await visible_conversations(store, viewer, [message.conversation for message in messages])
    return [message for message in messages if message.conversation in conversations]
