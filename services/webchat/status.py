"""The status of a chat: the opening hours, whether any agent is online, and how large a file may be. It reveals no names and no numbers."""

from collections import OrderedDict
from datetime import datetime

from pydantic import BaseModel, Field

from schemas.business_calendar import Calendar
from schemas.configuration import SlaMatch, WorkspaceConfiguration
from schemas.values import Instant
from services.channels.port import Account
from services.domain.business_hours import opening_at
from services.platform.core.time_source import TimeSource
from services.platform.store.all_pages import all_documents
from services.platform.store.port import Query, Store
from services.records.agents import AGENTS

FRESH_SECONDS = 2.0
MAX_CACHED_WORKSPACES = 1024


class AvailabilityView(BaseModel):
    """Whether a visitor can expect an answer now."""

    open: bool = Field(description="Within the opening hours; always, where there are none.")
    opens_at: Instant | None = Field(description="When it opens next; null while it is open.")
    online: bool = Field(description="At least one agent of the workspace is online.")
    max_file_bytes: int = Field(description="The largest file that a visitor may upload.")


class PresenceCache:
    """Whether a workspace has an agent online, at most `FRESH_SECONDS` old."""

    def __init__(self, store: Store, time_source: TimeSource) -> None:
        self._store, self._time_source = store, time_source
        self._cached: OrderedDict[str, tuple[float, bool]] = OrderedDict()

    async def is_online(self, workspace: str) -> bool:
        """Whether any agent is online. Raises Unavailable."""
        now = self._time_source.monotonic()
        # Every open chat asks for the status from time to time: one read of the agents serves them all for two seconds.
        read_at, online = self._cached.get(workspace, (now - FRESH_SECONDS, False))
        if now - read_at >= FRESH_SECONDS:
            online = await self._read(workspace)
            self._cached[workspace] = (now, online)
            self._cached.move_to_end(workspace)
            while len(self._cached) > MAX_CACHED_WORKSPACES:
                self._cached.popitem(last=False)
        return online

    async def _read(self, workspace: str) -> bool:
        async for _, document in all_documents(self._store, Query(AGENTS.name, "workspace", {"workspace": workspace})):
            if AGENTS.decode(document).presence == "online":
                return True
        return False


def to_availability(calendar: Calendar | None, now: datetime, *, online: bool, max_file_bytes: int) -> AvailabilityView:
    """The status that a visitor reads. Pure."""
    is_open, opens_at = opening_at(now, calendar) if calendar else (True, None)
    return AvailabilityView(open=is_open, opens_at=opens_at, online=online, max_file_bytes=max_file_bytes)


def calendar_for(account: Account, configuration: WorkspaceConfiguration) -> Calendar | None:
    """The opening hours of a chat: the account's, else the workspace's, else the calendar of its SLA policy. Pure."""
    # The most particular calendar counts: a chat may be staffed at other hours than the shop.
    own = account.body.calendar or configuration.profile.body.calendar
    if own is not None:
        return own
    policies = configuration.sla.body.policies if configuration.sla else []
    return next((policy.calendar for policy in policies if _applies_to_chats(policy.when)), None)


def _applies_to_chats(when: SlaMatch) -> bool:
    """Whether a policy can match private conversations of a web chat."""
    return _allows(when.channel, "webchat") and _allows(when.surface, "private")


def _allows(wanted: object, value: str) -> bool:
    return wanted is None or value == wanted or (isinstance(wanted, list) and value in wanted)
