"""How many conversations the views of many agents have: each range of the index is counted once for all of them."""

import asyncio
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import get_args

from services.domain.inbox import InboxView
from services.domain.mentions import mention_scope
from services.domain.viewer import Viewer
from services.platform.store.port import Store
from services.router.inbox import MentionRange, Range, ranges
from services.router.live_inbox.changes import Standing

VIEWS: tuple[InboxView, ...] = get_args(InboxView)
AT_ONCE = 16


# Saves to make some dozens of ranges for each page at each look.
@lru_cache(maxsize=2000)
def ranges_of_views(viewer: Viewer) -> dict[InboxView, Sequence[Range | MentionRange]]:
    """The ranges of each view of an agent."""
    return {view: ranges(view, viewer) for view in VIEWS}


class RangeCounts:
    """The counts of the ranges that open streams need. `outdated` are to be counted anew before they are used."""

    def __init__(self, store: Store, workspace: str) -> None:
        self._store, self._workspace = store, workspace
        self._counts: dict[Range | MentionRange, int] = {}

    def outdate(self, standings: Iterable[Standing]) -> set[Range | MentionRange]:
        """Forget the counts of the ranges in which a conversation is, or was. Returns these ranges."""
        touched = {one for standing in standings for one in _ranges_with(standing)}
        for one in touched:
            self._counts.pop(one, None)
        return touched

    async def refresh(self, viewers: Iterable[Viewer]) -> None:
        """Count what is unknown of the views of these agents, and forget what they do not need. Raises Unavailable."""
        needed = {one for viewer in viewers for found in ranges_of_views(viewer).values() for one in found}
        self._counts = {one: count for one, count in self._counts.items() if one in needed}
        unknown = [one for one in needed if one not in self._counts]
        for start in range(0, len(unknown), AT_ONCE):
            some = unknown[start : start + AT_ONCE]
            counted = await asyncio.gather(*(self._store.count(one.query(self._workspace, "newest")) for one in some))
            self._counts |= zip(some, counted, strict=True)

    def of(self, viewer: Viewer) -> dict[InboxView, int]:
        """The counts of an agent's views. Raises KeyError for a range that was not counted since it changed."""
        return {view: sum(self._counts[one] for one in found) for view, found in ranges_of_views(viewer).items()}


def _ranges_with(standing: Standing) -> Iterable[Range | MentionRange]:
    yield Range("team", standing.team, standing.shelf)
    if standing.agent is not None:
        yield Range("agent", standing.agent, standing.shelf)
    for agent in standing.mentioned:
        yield MentionRange(agent, mention_scope(standing, agent))
