"""States of our messages that no fact tells: `read`, and `delivered` after it was sent. A receipt says of whom to look.

The receipt is read here when its processor reads it, or before; so the messages are looked at a little later, twice.
"""

import asyncio
from collections import OrderedDict

from schemas.conversation import MessageState
from services.platform.http.service import Context
from services.platform.store.port import Key, Query
from services.records.conversations import MESSAGES, PERSONS
from services.router.live_inbox.changes import InboxChanges

RECEIPT = b"pasokh.inbound.receipt"
LOOKS = (0.3, 1.5)
"""Seconds after a receipt."""
NEWEST = 20
"""How many of the latest messages of a conversation are looked at."""
REMEMBERED = 10_000


class Receipts:
    """The receipts of a workspace, and the states of messages as they were shown."""

    def __init__(self, context: Context, workspace: str) -> None:
        self._context, self._workspace = context, workspace
        self._due: list[tuple[float, str]] = []
        self._states: OrderedDict[str, MessageState] = OrderedDict()

    def note(self, person: str) -> None:
        """There was a receipt of this person, named by the key."""
        now = asyncio.get_running_loop().time()
        self._due += [(now + seconds, person) for seconds in LOOKS]

    def wait(self) -> float | None:
        """Seconds until a look; None: none is due."""
        if not self._due:
            return None
        return max(0.0, min(at for at, _ in self._due) - asyncio.get_running_loop().time())

    async def changes(self) -> InboxChanges:
        """The messages whose state changed, of the persons for whom a look is due. Raises Unavailable."""
        now = asyncio.get_running_loop().time()
        persons = {person for at, person in self._due if at <= now}
        self._due = [(at, person) for at, person in self._due if at > now]
        found = (
            await self._context.store.get_many([Key(PERSONS.name, one) for one in sorted(persons)]) if persons else {}
        )
        changes = InboxChanges()
        for person in map(PERSONS.decode, found.values()):
            for conversation in {*person.open.values(), *([person.forwarded_to] if person.forwarded_to else [])}:
                await self._look(conversation, changes)
        return changes

    async def _look(self, conversation: str, changes: InboxChanges) -> None:
        equals = {"workspace": self._workspace, "conversation": conversation}
        page = await self._context.store.query(
            Query(MESSAGES.name, "conversation", {**equals}, descending=True, limit=NEWEST)
        )
        messages = [MESSAGES.decode(document) for _, document in page.items]
        changed = [one.id for one in messages if one.direction == "outbound" and self._states.get(one.id) != one.state]
        for one in messages:
            self._states[one.id] = one.state
            self._states.move_to_end(one.id)
        while len(self._states) > REMEMBERED:
            self._states.popitem(last=False)
        if changed:
            changes.report(conversation, reversed(changed), self._context.time_source.now())
