"""`pasokh sla`: proof that every promise was kept count of. With the server running or stopped."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import groupby
from typing import Annotated

import typer

from schemas.configuration import WorkspaceConfiguration
from schemas.envelope import Event
from services.commands.data import opened_store
from services.commands.plain import Failed, leave
from services.commands.printing import print_json, print_table, say
from services.records.clocks import CLOCKS, ClockRecord
from services.records.configuration import CONFIGURATIONS, version_id
from services.records.conversations import CONVERSATIONS
from services.records.lookups import configuration_of
from services.runtime import loop
from services.runtime.clock import SystemClock
from services.runtime.collections import FACTS
from services.runtime.settings import Settings
from services.runtime.store.port import Document, Key, Query, Store
from services.sla.audit import Difference, Run, Written, differences

SETTLED = timedelta(minutes=1)
"""What changed later than this may still be on its way to its clocks."""
COLUMNS = ("conversation", "clock", "what", "expected", "found")
PAGE = 200


def audit(
    settings: Settings,
    workspace: Annotated[str, typer.Argument(help="The workspace.", show_default=False)],
    json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """Recompute all clocks from the facts and show where they differ. What changed in the last minute is passed over."""
    checked, found = loop.run(_audit(settings, workspace, SystemClock().now() - SETTLED))
    if json:
        print_json({"conversations": checked, "items": [asdict(one) for one in found], "next": None})
    else:
        rows = [(d.conversation, f"{d.metric}/{d.run}", d.what, str(d.expected), str(d.found)) for d in found]
        print_table(COLUMNS, rows, "All clocks are what the facts say.")
        say(f"Conversations checked: {checked}.")
    if found:
        leave(f"{len(found)} differences between clocks and facts.")


async def _audit(settings: Settings, workspace: str, until: datetime) -> tuple[int, list[Difference]]:
    async with opened_store(settings) as store:
        history = await _history(store, workspace)
        checked, found = 0, list[Difference]()
        async for conversation, _ in _all(store, CONVERSATIONS.name, "opened", {"workspace": workspace}):
            asked = {"workspace": workspace, "conversation": conversation}
            facts = [Event.model_validate(d) async for _, d in _all(store, FACTS.name, "conversation", asked)]
            if not facts or facts[-1].time > until:
                continue
            clocks = [ClockRecord.model_validate(d) async for _, d in _all(store, CLOCKS.name, "conversation", asked)]
            checked += 1
            found.extend(differences(facts, _by_run(clocks), history, until))
        return checked, found


def _by_run(clocks: Iterable[ClockRecord]) -> dict[Run, ClockRecord]:
    return {(clock.metric, clock.run): clock for clock in clocks}


async def _all(
    store: Store, collection: str, index: str, equals: dict[str, str]
) -> AsyncIterator[tuple[str, Document]]:
    after: str | None = None
    while True:
        page = await store.query(Query(collection, index, {**equals}, limit=PAGE, after=after))
        for item in page.items:
            yield item
        if page.next is None:
            return
        after = page.next


async def _history(store: Store, workspace: str) -> list[Written]:
    """Every version of the policies, oldest first."""
    current = await configuration_of(store, workspace)
    if current is None:
        raise Failed(f"there is no workspace {workspace}.")
    ids = [version_id(workspace, number) for number in range(1, current.version + 1)]
    found = await store.get_many([Key(CONFIGURATIONS.name, identity) for identity in ids])
    versions = [WorkspaceConfiguration.model_validate(document) for document in found.values()]
    written = [_written(one) for one in sorted(versions, key=lambda one: one.version)]
    return [next(same) for _, same in groupby(written)]


def _written(configuration: WorkspaceConfiguration) -> Written:
    sla, itself = configuration.sla, configuration.itself
    at = max(itself.at, sla.at) if sla else itself.at
    return Written(at, sla.version if sla else 0, sla.body if sla else None, itself.body.timezone)
