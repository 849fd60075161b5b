"""Conversations of a workspace by any mix of filters: one index leads, the other filters are looked at one by one."""

from schemas.case import Case
from schemas.conversation import Conversation
from schemas.values import Json
from services.records.conversations import CONVERSATIONS
from services.router.views import ConversationsAsked
from services.runtime.http import Listing, queried
from services.runtime.store.port import Query, Store

BY_SELECTIVITY = ("person", "agent", "status", "team", "channel", "surface", "sensitive")
"""Filters, the one that leaves fewest first; each is an index of the collection by the same name."""
LOOKED_AT = 2000


async def listed(store: Store, workspace: str, asked: ConversationsAsked) -> Listing[Conversation]:
    """Newest first. After `LOOKED_AT` conversations the page ends, however short, with a cursor to go on from."""
    filters: dict[str, Json] = asked.model_dump(include=set(BY_SELECTIVITY), exclude_none=True)
    found: list[Conversation] = []
    after, looked = asked.cursor, 0
    while True:
        # Never more than are still wanted, so that the cursor after the page is the cursor after its last item.
        page = await queried(store, _query(workspace, filters, asked.limit - len(found), after))
        records = [Case.model_validate(document) for _, document in page.items]
        found += [r.shown() for r in records if all(getattr(r, name) == v for name, v in filters.items())]
        after, looked = page.next, looked + len(records)
        if after is None or len(found) >= asked.limit or looked >= LOOKED_AT:
            return Listing(items=found, next=after)


def _query(workspace: str, filters: dict[str, Json], limit: int, after: str | None) -> Query:
    leading = next((name for name in BY_SELECTIVITY if name in filters), None)
    equals: dict[str, Json] = {"workspace": workspace}
    if leading is not None:
        equals[leading] = filters[leading]
    return Query(CONVERSATIONS.name, leading or "opened", equals, descending=True, limit=limit, after=after)
