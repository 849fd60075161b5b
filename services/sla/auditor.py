"""The auditor in a running service: every few minutes it recomputes the clocks of conversations with new facts.

It audits a bounded number of conversations at a time, with pauses between, and none whose facts may still be on their
way to their clocks. Where more facts come than it can audit, it skips to an hour before now, so that it takes samples. A
difference is a metric and a line in the log with the conversation's id; the auditor corrects nothing.
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
    SETTLING_TIME,
    AuditProgress,
    load_for_audit,
    pages,
    read_policy_history,
    read_progress,
)
from services.sla.documents import INSTANT
from services.sla.instruments import AuditInstruments
from services.sla.replay import PolicyVersion

INTERVAL_SECONDS = 300.0
PAUSE_SECONDS = 0.05
"""Between two conversations, so that the store serves customers first."""
MAX_FACTS = 2000
MAX_CONVERSATIONS = 500
"""Of one workspace in one round."""
MAX_LOOKBACK = timedelta(hours=1)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Auditor:
    """Audits every workspace of a store. `pause` waits for seconds.

    `_next` is the time on the log from which each workspace's facts have not been read yet; `_pending` are the
    conversations of each that had facts and are not audited yet, in their order (the dict serves as an ordered set).
    """

    reader: Reader
    partitions: int
    time_source: TimeSource
    instruments: AuditInstruments
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    _next: dict[str, datetime] = field(default_factory=dict)
    _pending: dict[str, dict[str, None]] = field(default_factory=dict)

    async def run_forever(self) -> None:
        """Audit for as long as the process runs. While the store is unavailable, a round is left out."""
        while True:
            await self.pause(INTERVAL_SECONDS)
            try:
                await self.run_once()
            except Unavailable:
                log.warning("audit_postponed")

    async def run_once(self) -> None:
        """Audit every conversation with facts that are older than a minute and were not audited. Raises Unavailable."""
        workspaces = [identity async for identity, _ in pages(self.reader, CONFIGURATION_HEADS.name, "workspace", {})]
        for workspace in workspaces:
            await self._audit_workspace(workspace)
        now = self.time_source.now()
        # A clock that is due and has not fired shows that `sla` or its watermarks are stuck.
        waiting = [p.next_due for p in (await read_progress(self.reader, self.partitions)).values() if p.next_due]
        self.instruments.overdue.set(max((0.0, *((now - at).total_seconds() for at in waiting))))
        behind = [(now - SETTLING_TIME - at).total_seconds() for at in self._next.values()]
        self.instruments.behind.set(max((0.0, *behind)))

    async def _audit_workspace(self, workspace: str) -> None:
        pending = self._pending.setdefault(workspace, {})
        pending.update(dict.fromkeys(await self._conversations_with_recent_facts(workspace)))
        history = await read_policy_history(self.reader, workspace) if pending else None
        if history is None:
            return
        now, progress = self.time_source.now(), await read_progress(self.reader, self.partitions)
        for conversation in list(pending)[:MAX_CONVERSATIONS]:
            if await self._audit_one(workspace, conversation, history, progress, now):
                del pending[conversation]
            await self.pause(PAUSE_SECONDS)
        # A conversation that is left out here comes again with its next fact.
        self._pending[workspace] = dict.fromkeys(list(pending)[:MAX_CONVERSATIONS])

    async def _audit_one(
        self,
        workspace: str,
        conversation: str,
        history: Sequence[PolicyVersion],
        progress: Mapping[str, AuditProgress],
        now: datetime,
    ) -> bool:
        """Whether the conversation was audited, and its findings reported; False while facts of it are on their way."""
        try:
            findings = await load_for_audit(self.reader, workspace, conversation, history, progress, now)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of the auditor must not end the process that runs the clocks
            self.instruments.audited.labels("unreadable").inc()
            # Without the traceback: pydantic's message repeats the input, and the log holds no texts of customers.
            log.error("audit_failed", conversation=conversation, error=type(error).__name__)  # noqa: TRY400 - see above
            return True
        if findings is not None:
            self._report(workspace, findings)
        return findings is not None

    def _report(self, workspace: str, findings: AuditFindings) -> None:
        agreed = "partly" if findings.partly_compared else "right"
        self.instruments.audited.labels("different" if findings.differences else agreed).inc()
        for found in findings.differences:
            self.instruments.differences.labels(workspace, found.metric, found.what).inc()
            log.error(
                "sla_audit_difference",
                conversation=found.conversation,
                metric=found.metric,
                run=found.run,
                what=found.what,
            )

    async def _conversations_with_recent_facts(self, workspace: str) -> list[str]:
        """The conversations of the facts that were not read before, each once, in the order of the log."""
        until = self.time_source.now() - SETTLING_TIME
        # What is older than the lookback is skipped: the auditor must not fall behind without end.
        since = max(self._next.get(workspace, until - MAX_LOOKBACK), until - MAX_LOOKBACK)
        conversations, last, facts = dict[str, None](), since, 0
        bounds = instant_text(since), instant_text(until)
        async for _, document in pages(self.reader, FACTS.name, "workspace", {"workspace": workspace}, *bounds):
            facts, last = facts + 1, datetime.fromisoformat(str(document["time"]))
            conversations[str(document["conversation"])] = None
            if facts >= MAX_FACTS or len(conversations) >= MAX_CONVERSATIONS:
                # From the time of the last fact on, for others may have the same time; but never from `since` again.
                self._next[workspace] = max(last, since + INSTANT)
                return list(conversations)
        self._next[workspace] = until
        return list(conversations)
