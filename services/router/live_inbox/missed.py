"""Where a page's stream is, as an id; and what changed since an id that a page comes back with."""

from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.envelope import Event
from schemas.values import Json, instant_text
from services.platform.bus import stream_position
from services.platform.bus.stream_position import StreamPosition
from services.platform.core.identifiers import hashed_id
from services.platform.store.collections import FACTS, ROWS
from services.platform.store.port import Key, Query, Store
from services.records.read_marks import READ_MARKS, ReadMarks
from services.router.live_inbox.changes import InboxChanges

GROUPS = ("conversations", "sla")
"""The groups whose facts an inbox follows."""
MAX_FACTS = 2000
MAX_CASES = 300
"""More than this since an id, and reading the lists anew is cheaper."""
SEPARATOR = "."


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the facts of a workspace come from."""

    store: Store
    workspace: str
    partitions: int

    @property
    def names(self) -> list[str]:
        return [f"{group}/{partition}" for group in GROUPS for partition in range(self.partitions)]

    async def numbers(self) -> dict[str, int]:
        """The number of the last commit of each source. Raises Unavailable."""
        rows = await self.store.get_many([Key(ROWS.name, source) for source in self.names])
        return {key.id: int(str(row["seq"])) for key, row in rows.items()}

    def identity(self, position: StreamPosition, now: datetime) -> str:
        """The id of a place in the stream of this workspace, at which it was now."""
        return SEPARATOR.join((self._mark, str(int(now.timestamp())), position.text()))

    @property
    def _mark(self) -> str:
        return hashed_id("inbox", self.workspace)[:8]

    async def missed(self, identity: str, agent: str) -> InboxChanges | None:
        """What changed for an agent since an id. None: too much, or it is no id of this stream. Raises Unavailable."""
        place = self._place(identity)
        if place is None:
            return None
        position, at = place
        numbers, changes, left = await self.numbers(), InboxChanges(), MAX_FACTS
        for source in self.names:
            # An id from before the data were restored: nothing is known of what the page has.
            if position.of(source)[0] > numbers.get(source, 0) + 1:
                return None
            for fact in await self._facts(source, position.of(source)[0], left + 1):
                if position.admit(fact):
                    changes.note(fact)
                    left -= 1
            if left < 0:
                return None
        for marks in await self.marks_since(at):
            if agent in marks.marks and marks.marks[agent].at >= at:
                changes.read_by(marks.conversation, agent, at)
        return changes if len(changes.cases) <= MAX_CASES else None

    async def marks_since(self, at: datetime) -> list[ReadMarks]:
        """Conversations whose marks changed since a time, at most so many as one page may miss. Raises Unavailable."""
        equals: dict[str, Json] = {"workspace": self.workspace}
        query = Query(READ_MARKS.name, "changed", equals, at_least=instant_text(at), limit=MAX_CASES + 1)
        return [READ_MARKS.decode(document) for _, document in (await self.store.query(query)).items]

    def _place(self, identity: str) -> tuple[StreamPosition, datetime] | None:
        try:
            mark, seconds, text = identity.split(SEPARATOR)
            if mark != self._mark:
                return None
            return stream_position.read(text), datetime.fromtimestamp(int(seconds), UTC)
        except (ValueError, OverflowError, OSError):
            return None

    async def _facts(self, source: str, number: int, limit: int) -> list[Event]:
        equals: dict[str, Json] = {"workspace": self.workspace, "source": source}
        query = Query(FACTS.name, "source", equals, at_least=max(0, number), limit=limit)
        page = await self.store.query(query)
        return [Event.model_validate({**document}) for _, document in page.items]
