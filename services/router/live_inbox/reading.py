"""Reads what changed, as it is now: each conversation and message once, however many pages are open."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime

from schemas.conversation import ConversationFact
from schemas.envelope import Event
from schemas.events import CONVERSATION
from schemas.values import instant_text
from services.domain.conversation_state import ConversationState
from services.domain.inbox import with_clock
from services.platform.store.collections import FACTS
from services.platform.store.port import Document, Key, Query, Store
from services.records.conversations import CONVERSATIONS, MESSAGES, MessageRecord
from services.router.inbox_rows import read_rows
from services.router.live_inbox.changes import (
    InboxChanges,
    Standing,
    standing_shown,
)
from services.router.live_inbox.sending import ShownCase

MAX_LOOKS = 20
"""How many looks are waited for a conversation to show a clock."""
REMEMBERED = 20_000
EARLIER_FACTS = 20
"""How many facts before a change are read to find how the conversation stood."""


StoodBefore = Callable[[str, datetime], Awaitable[Standing | None]]
"""How a conversation stood before it changed at a time. Raises Unavailable."""


class Standings:
    """How conversations stood when they were shown last, and by the facts at any time."""

    def __init__(self, store: Store, workspace: str) -> None:
        self._store, self._workspace = store, workspace
        self._shown: OrderedDict[str, Standing] = OrderedDict()

    async def last_shown(self, conversation: str, since: datetime) -> Standing | None:
        """How a conversation stood when it was shown last, before it changed at a time. Raises Unavailable."""
        known = self._shown.get(conversation)
        return known if known is not None else await self.before(conversation, since)

    async def before(self, conversation: str, since: datetime) -> Standing | None:
        """How a conversation stood before a time; None: it is not known, or there was none. Raises Unavailable."""
        query = Query(
            FACTS.name,
            "conversation",
            {"workspace": self._workspace, "conversation": conversation},
            below=instant_text(since),
            descending=True,
            limit=EARLIER_FACTS,
        )
        page = await self._store.query(query)
        for _, document in page.items:
            event = Event.model_validate({**document})
            if event.type.startswith(CONVERSATION):
                return standing_shown(event.payload_as(ConversationFact).snapshot)
        return None

    def show(self, conversation: str, standing: Standing) -> None:
        """The conversation was shown as it stands now."""
        self._shown[conversation] = standing
        self._shown.move_to_end(conversation)
        if len(self._shown) > REMEMBERED:
            self._shown.popitem(last=False)


async def read_shown(
    store: Store, changes: InboxChanges, found: Mapping[Key, Document], before: StoodBefore
) -> list[ShownCase]:
    """The conversations that changed as they are now; their documents are in `found`, if they exist. Raises Unavailable."""
    cases = {
        conversation: CONVERSATIONS.decode(document)
        for conversation in changes.cases
        if (document := found.get(Key(CONVERSATIONS.name, conversation))) is not None
    }
    rows = {row.case.id: row for row in await read_rows(store, list(cases.values()))}
    messages = await _read_messages(store, changes)
    shown: list[ShownCase] = []
    for conversation, change in changes.cases.items():
        of_case = [messages[one] for one in change.message_ids if one in messages]
        if change.is_quiet:
            shown.append(ShownCase(conversation, rows.get(conversation), None, of_case))
            continue
        stood = None if change.is_new else await before(conversation, change.since)
        seen = change.standings | ({stood} if stood is not None else set())
        shown.append(ShownCase(conversation, rows.get(conversation), frozenset(seen), of_case))
    return shown


async def _read_messages(store: Store, changes: InboxChanges) -> dict[str, MessageRecord]:
    keys = [Key(MESSAGES.name, message) for message in dict.fromkeys(changes.message_ids())]
    found = await store.get_many(keys) if keys else {}
    return {key.id: MESSAGES.decode(document) for key, document in found.items()}


def clocks_to_come(changes: InboxChanges, cases: Mapping[str, ConversationState], now: datetime) -> InboxChanges:
    """The changes of clocks that their conversations do not show yet: their processor reads the facts later than we."""
    late = InboxChanges()
    for key, news in changes.clocks.items():
        case = cases.get(news.fact.conversation)
        is_shown = case is None or with_clock(case, news.fact, is_over=news.is_over) == case
        # A fact that never comes to be shown must not have its conversation shown for ever.
        if case is not None and not is_shown and news.looks < MAX_LOOKS:
            late.touch(case.id, now)
            late.clocks[key] = replace(news, looks=news.looks + 1)
    return late
