"""Albums: files that were sent together, each of which the platform delivers as a message of its own, shown as one where that is wanted."""

from collections.abc import Sequence
from dataclasses import replace

from services.platform.http.dependencies import query_page
from services.platform.store.port import Query, Store
from services.records.conversations import MESSAGES, MessageRecord
from services.rest.views import AlbumView, MessageView, message_view

MAX_ALBUM = 50
"""How many messages are read beyond the limit of a page for the sake of its last album."""


async def read_whole_albums(store: Store, query: Query) -> tuple[list[MessageRecord], str | None]:
    """The messages of a page, its last album whole, and the cursor of the next page. Raises Unavailable."""
    page = await query_page(store, query)
    records, following = [MESSAGES.decode(document) for _, document in page.items], page.next
    for _ in range(MAX_ALBUM):
        if following is None or not records or records[-1].album is None:
            break
        page = await query_page(store, replace(query, limit=1, after=following))
        more = [MESSAGES.decode(document) for _, document in page.items]
        if not more or not _are_one(records[-1], more[0]):
            break
        records, following = [*records, *more], page.next
    return records, following


def grouped_views(records: Sequence[MessageRecord]) -> list[MessageView]:
    """The messages as REST shows them: neighbours of one album as the first of them, with the files of all."""
    groups: list[list[MessageRecord]] = []
    for record in records:
        if groups and _are_one(groups[-1][-1], record):
            groups[-1].append(record)
        else:
            groups.append([record])
    return [message_view(group[0]) if len(group) == 1 else _view(group) for group in groups]


def _are_one(one: MessageRecord, other: MessageRecord) -> bool:
    """Whether two neighbours are of one album. A deleted one stands alone, so that it is seen to be deleted."""
    same = (one.album, one.direction, one.author) == (other.album, other.direction, other.author)
    return one.album is not None and same and "deleted" not in (one.state, other.state)


def _view(group: Sequence[MessageRecord]) -> MessageView:
    views = [message_view(record) for record in group]
    # The caption stands on one of the files, on whichever the platform put it.
    captioned = next((view for view in views if view.text is not None), views[0])
    album = AlbumView(id=group[0].album or "", messages=[record.id for record in group])
    return captioned.model_copy(
        update={
            "id": views[0].id,
            "platform_id": views[0].platform_id,
            "attachments": [attachment for view in views for attachment in view.attachments],
            "masked": sorted({kind for view in views for kind in view.masked}),
            "sent_at": views[0].sent_at,
            "received_at": views[0].received_at,
            "album": album,
        }
    )
