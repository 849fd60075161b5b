"""The auditor in a running service: now and then it recomputes the clocks about which something was said since.

It looks at a bounded number at a time, with pauses between, and never at what is still on its way. Where more happens
than it can look at it goes on an hour behind, so that it takes samples. What it finds is a metric, and a line in the
log with the conversation's id; mending is for people.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from schemas.values import instant_text
from services.platform.core.errors import Unavailable
from services.platform.core.time_source import TimeSource
from services.platform.processing.unit_of_work import Reader
from services.platform.store.collections import FACTS
from services.records.configuration import CONFIGURATION_HEADS
from services.sla.audit import AuditFindings
from services.sla.audit_queries import (
    INSTANT,
    SETTLING_TIME,
    AuditProgress,
    load_for_audit,
    pages,
    read_policy_history,
    read_progress,
)
from services.sla.instruments import AuditInstruments
from services.sla.replay import PolicyVersion

INTERVAL_SECONDS = 300.0
PAUSE_SECONDS = 0.05
"""Between two conversations: customers come first."""
MAX_FACTS = 2000
MAX_CONVERSATIONS = 500
"""Of one workspace at a time."""
MAX_LOOKBACK = timedelta(hours=1)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Auditor:
    """Audits every workspace of a store. `pause` waits for seconds."""

    reader: Reader
    partitions: int
    time_source: TimeSource
    instruments: AuditInstruments
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    _next: dict[str, datetime] = field(default_factory=dict)
    _pending: dict[str, dict[str, None]] = field(default_factory=dict)

    async def run_forever(self) -> None:
        """Look for as long as the process runs; while the store is away, later."""
        while True:
            await self.pause(INTERVAL_SECONDS)
            try:
                await self.run_once()
            except Unavailable:
                log.warning("audit_postponed")

    async def run_once(self) -> None:
        """Audit what was said until a minute ago and not looked at before. Raises Unavailable."""
        workspaces = [identity async for identity, _ in pages(self.reader, CONFIGURATION_HEADS.name, "workspace", {})]
        for workspace in workspaces:
            await self._audit_conversation(workspace)
        now = self.time_source.now()
        waiting = [p.next_due for p in (await read_progress(self.reader, self.partitions)).values() if p.next_due]
        self.instruments.overdue.set(max((0.0, *((now - at).total_seconds() for at in waiting))))
        behind = [(now - SETTLING_TIME - at).total_seconds() for at in self._next.values()]
        self.instruments.behind.set(max((0.0, *behind)))

    async def _audit_conversation(self, workspace: str) -> None:
        pending = self._pending.setdefault(workspace, {})
        pending.update(dict.fromkeys(await self._conversations_with_recent_facts(workspace)))
        history = await read_policy_history(self.reader, workspace) if pending else None
        if history is None:
            return
        now, progress = self.time_source.now(), await read_progress(self.reader, self.partitions)
        for conversation in list(pending)[:MAX_CONVERSATIONS]:
            if await self._is_settled(workspace, conversation, history, progress, now):
                del pending[conversation]
            await self.pause(PAUSE_SECONDS)
        # What is still being talked about comes again by what will be said of it.
        self._pending[workspace] = dict.fromkeys(list(pending)[:MAX_CONVERSATIONS])

    async def _is_settled(
        self,
        workspace: str,
        conversation: str,
        history: Sequence[PolicyVersion],
        progress: Mapping[str, AuditProgress],
        now: datetime,
    ) -> bool:
        """Whether it was audited, and what was found reported."""
        try:
            found = await load_for_audit(self.reader, workspace, conversation, history, progress, now)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of the auditor must not take the clocks down with it
            self.instruments.audited.labels("unreadable").inc()
            # Not `exception`: what pydantic says repeats the input.
            log.error("audit_failed", conversation=conversation, error=type(error).__name__)  # noqa: TRY400 - as said
            return True
        if found is not None:
            self._report(workspace, found)
        return found is not None

    def _report(self, workspace: str, found: AuditFindings) -> None:
        agreed = "partly" if found.partly_compared else "right"
        self.instruments.audited.labels("different" if found.differences else agreed).inc()
        for one in found.differences:
            self.instruments.differences.labels(workspace, one.metric, one.what).inc()
            log.error(
                "sla_audit_difference", conversation=one.conversation, metric=one.metric, run=one.run, what=one.what
            )

    async def _conversations_with_recent_facts(self, workspace: str) -> list[str]:
        """The conversations of the facts that come next, each once."""
        until = self.time_source.now() - SETTLING_TIME
        since = max(self._next.get(workspace, until - MAX_LOOKBACK), until - MAX_LOOKBACK)
        found, last, facts = dict[str, None](), since, 0
        bounds = instant_text(since), instant_text(until)
        async for _, document in pages(self.reader, FACTS.name, "workspace", {"workspace": workspace}, *bounds):
            facts, last = facts + 1, datetime.fromisoformat(str(document["time"]))
            found[str(document["conversation"])] = None
            if facts >= MAX_FACTS or len(found) >= MAX_CONVERSATIONS:
                self._next[workspace] = max(last, since + INSTANT)
                return list(found)
        self._next[workspace] = until
        return list(found)
