"""`pasokh topics`: how far each group is behind its input."""

from typing import Annotated

import typer

from services.cli.data import engine_at
from services.cli.printing import print_json, print_table
from services.composition import GROUP_TOPICS
from services.platform.core.settings import Settings
from services.platform.host import event_loop
from services.platform.processing.lag import Lag, lags


def topics(
    settings: Settings, json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False
) -> None:
    """How many events each group has not handled yet, per topic, over all partitions."""
    lags = event_loop.run(_lags(settings))
    totals: dict[tuple[str, str], int] = {}
    for lag in lags:
        totals[lag.group, lag.topic] = totals.get((lag.group, lag.topic), 0) + lag.events
    if json:
        print_json({"items": [{"group": g, "topic": t, "lag": n} for (g, t), n in totals.items()], "next": None})
        return
    print_table(("group", "topic", "lag"), [(g, t, str(n)) for (g, t), n in totals.items()], "There are no groups.")


async def _lags(settings: Settings) -> list[Lag]:
    async with engine_at(settings) as (store, bus):
        return await lags(store, bus, GROUP_TOPICS)
