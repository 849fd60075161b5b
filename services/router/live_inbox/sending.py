"""Events of an inbox's stream as bytes. What several agents get is encoded once."""

from collections.abc import Iterator
from datetime import datetime

import orjson

from schemas.values import Json, instant_text
from services.domain.conversation_state import ConversationState
from services.domain.inbox import InboxView
from services.domain.signals import Told
from services.domain.viewer import Viewer
from services.platform.core.version import installed_version
from services.records.conversations import MessageRecord
from services.rest.views import message_view
from services.router.inbox import views_of
from services.router.inbox_rows import CaseRow
from services.router.live_inbox.changes import Standing, standing_of


def sse_event(name: str, data: bytes) -> bytes:
    """One event. `data` is JSON, in one line."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


def event_of(name: str, data: dict[str, Json]) -> bytes:
    """One event of a small object."""
    return sse_event(name, orjson.dumps(data))


def hello(now: datetime, *, reset: bool = False) -> bytes:
    """The first event. `reset`: all lists are to be read anew; then it may come later as well."""
    return event_of("hello", {"now": instant_text(now), "version": installed_version(), "reset": reset})


def beat(now: datetime) -> bytes:
    """The stream is alive."""
    return event_of("beat", {"now": instant_text(now)})


class ShownCase:
    """A conversation that changed, as it is now: its row, and those of its messages that changed.

    `row` None: there is none any more. `before` is how it stood until now: who could see it then, and cannot now, is told
    that it is gone. None: it did not change, but for messages.
    """

    def __init__(
        self,
        conversation: str,
        row: CaseRow | None,
        before: frozenset[Standing] | None,
        messages: list[MessageRecord],
    ) -> None:
        self.id, self.row, self.before = conversation, row, before
        self._messages = [_message_event(conversation, message) for message in messages]
        # Who had it hears who has it now, before anything that they write is lost.
        self._gone = event_of("gone", {"id": conversation, "agent": row.case.agent if row is not None else None})
        self._common = row.common_json() if row is not None else b""
        self._encoded: dict[tuple[tuple[InboxView, ...], int], bytes] = {}

    @property
    def case(self) -> ConversationState | None:
        return self.row.case if self.row is not None else None

    def events_for(self, viewer: Viewer) -> Iterator[bytes]:
        """What this agent gets of a change of it."""
        if self.before is None:
            if self.is_seen_by(viewer):
                yield from self._messages
            return
        if self.row is not None and viewer.can_see(self.row.case):
            yield sse_event("row", self.row_for(viewer, self.row))
            yield from self._messages
        elif any(viewer.can_see(standing) for standing in self.before):
            yield self._gone

    def row_event(self, viewer: Viewer) -> Iterator[bytes]:
        """Its row alone, for an agent for whom alone it changed."""
        if self.row is not None and viewer.can_see(self.row.case):
            yield sse_event("row", self.row_for(viewer, self.row))

    def is_seen_by(self, viewer: Viewer) -> bool:
        """Whether this agent may see it now."""
        return self.case is not None and viewer.can_see(self.case)

    def standings(self) -> Iterator[Standing]:
        """How it stood before a change, and how it stands now; nothing where it did not change."""
        if self.before is not None:
            yield from self.before
            if self.case is not None:
                yield standing_of(self.case)

    def row_for(self, viewer: Viewer, row: CaseRow) -> bytes:
        """The row as this agent sees it."""
        key = views_of(viewer, row.case), row.unread(viewer.agent)
        found = self._encoded.get(key)
        if found is None:
            own = orjson.dumps({"views": key[0], "unread": key[1]})
            # Two objects made one: `{…}` and `{"views":…}`.
            found = self._encoded[key] = self._common[:-1] + b"," + own[1:]
        return found


def _message_event(conversation: str, message: MessageRecord) -> bytes:
    shown = message_view(message).model_dump_json().encode()
    return sse_event("message", b'{"conversation":%b,"message":%b}' % (orjson.dumps(conversation), shown))


def signal_event(told: Told) -> bytes:
    """Who reads or types in a conversation."""
    shown: dict[str, Json] = {
        "conversation": told.conversation,
        "agent": told.agent,
        "name": told.name,
        "kind": told.kind,
    }
    return event_of("signal", shown)


def offer_event(offer: str, conversation: str, agent: str, expires_at: datetime, row: bytes) -> bytes:
    """An offer to the agent whose stream it is."""
    head = orjson.dumps(
        {"id": offer, "conversation": conversation, "agent": agent, "expires_at": instant_text(expires_at)}
    )
    return sse_event("offer", head[:-1] + b',"row":' + row + b"}")
