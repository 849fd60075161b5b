"""`pasokh sla audit`: proves the SLA clocks from the facts. Works with the server running or stopped."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Annotated

import typer

from services.cli.data import store_at
from services.cli.errors import CliError, exit_with_error
from services.cli.printing import echo, print_json, print_table
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host import event_loop
from services.platform.host.engine import stored_partitions
from services.records.conversations import CONVERSATIONS
from services.sla.audit import EARLIER_RUN, PartlyCompared
from services.sla.audit_queries import load_for_audit, pages, read_policy_history, read_progress
from services.sla.comparison import Difference

COLUMNS = ("conversation", "clock", "what", "expected", "found")


def audit(
    settings: Settings,
    workspace: Annotated[str, typer.Argument(help="The workspace.", show_default=False)],
    json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """Recompute all clocks from the facts and show where they differ.

    Conversations with unhandled facts are skipped.
    """
    summary = event_loop.run(_audit(settings, workspace, SystemTimeSource().now()))
    if json:
        counted = {"conversations": summary.checked, "on_their_way": summary.in_flight}
        partly = [asdict(clock) for clock in summary.partly_compared]
        print_json(
            {
                **counted,
                "partly_compared": partly,
                "items": [asdict(violation) for violation in summary.violations],
                "next": None,
            }
        )
    else:
        rows = [
            (d.conversation, f"{d.metric}/{d.run}", d.what, str(d.expected), str(d.found)) for d in summary.violations
        ]
        print_table(
            COLUMNS,
            rows,
            "All clocks are what the facts say." if summary.checked else _no_conversations(workspace, summary),
        )
        echo(f"Conversations checked: {summary.checked}. On their way, so not checked: {summary.in_flight}.")
        if summary.partly_compared:
            echo(f"Clocks compared with their own facts alone: {len(summary.partly_compared)}, because {EARLIER_RUN}:")
            for clock in summary.partly_compared:
                echo(f"  {clock.conversation} {clock.metric}/{clock.run}")
    if summary.violations:
        exit_with_error(f"{len(summary.violations)} differences between clocks and facts.")


def _no_conversations(workspace: str, summary: "AuditSummary") -> str:
    if summary.in_flight:
        return f"Nothing was checked: sla has not read every event of the conversations of {workspace} yet. Ask again when it has."
    return f"Nothing was checked: {workspace} has no conversations."


@dataclass(slots=True)
class AuditSummary:
    """The number of conversations checked, the number that could not be checked yet, and what was found."""

    checked: int = 0
    in_flight: int = 0
    violations: list[Difference] = field(default_factory=list)
    partly_compared: list[PartlyCompared] = field(default_factory=list)


async def _audit(settings: Settings, workspace: str, now: datetime) -> AuditSummary:
    async with store_at(settings) as store:
        history = await read_policy_history(store, workspace)
        if history is None:
            raise CliError(f"there is no workspace {workspace}.")
        progress, summary = await read_progress(store, await stored_partitions(store)), AuditSummary()
        async for conversation, _ in pages(store, CONVERSATIONS.name, "opened", {"workspace": workspace}):
            findings = await load_for_audit(store, workspace, conversation, history, progress, now)
            if findings is None:
                summary.in_flight += 1
                continue
            summary.checked += 1
            summary.violations.extend(findings.differences)
            summary.partly_compared.extend(findings.partly_compared)
        return summary
