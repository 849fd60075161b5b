"""`pasokh dead-letters`: events that a processor could not handle. Works with the server running or stopped."""

from typing import Annotated

import typer

from schemas.values import Json
from services.cli.data import engine_at, store_at
from services.cli.errors import CliError
from services.cli.printing import echo, print_json, print_table
from services.composition import GROUP_TOPICS
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host import event_loop
from services.platform.processing.dead_letters import Action, command_on
from services.platform.store.codec import encode
from services.platform.store.collections import DEAD_LETTERS, DeadLetter
from services.platform.store.port import DocumentPage, Query, Store
from services.platform.store.read_one import read_one

COLUMNS = ("id", "at", "group", "type", "workspace", "error")
Identity = Annotated[str, typer.Argument(help="The id of a dead letter, as `list` shows it.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


def list_dead_letters(
    settings: Settings,
    json: AsJson = False,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="The `next` of the page before.", show_default=False)] = None,
) -> None:
    """List the dead letters, newest first, without the data of the events."""
    page = event_loop.run(_page(settings, limit, cursor))
    letters = [(identity, DEAD_LETTERS.decode(document)) for identity, document in page.items]
    if json:
        print_json({"items": [_view(identity, letter) for identity, letter in letters], "next": page.next})
        return
    rows = [
        (i, f"{d.at:%Y-%m-%d %H:%M:%S}Z", f"{d.group}/{d.partition}", d.event_type, d.workspace, d.error)
        for i, d in letters
    ]
    print_table(COLUMNS, rows, "There are no dead letters.")
    if page.next:
        echo(f"There are more: --cursor {page.next}")


async def _page(settings: Settings, limit: int, cursor: str | None) -> DocumentPage:
    async with store_at(settings) as store:
        try:
            return await store.query(Query(DEAD_LETTERS.name, "at", descending=True, limit=limit, after=cursor))
        except ValueError as error:
            raise CliError("this cursor is not one that `list` gave.") from error


def _view(identity: str, letter: DeadLetter) -> dict[str, Json]:
    document = encode(letter)
    del document["event"]
    return {"id": identity, **document}


def show(settings: Settings, identity: Identity) -> None:
    """Show one dead letter with its event, which may contain a customer's message."""
    letter = event_loop.run(_read(settings, identity))
    print_json({**_view(identity, letter), "event": letter.event})


async def _read(settings: Settings, identity: str) -> DeadLetter:
    async with store_at(settings) as store:
        return await _letter(store, identity)


async def _letter(store: Store, identity: str) -> DeadLetter:
    letter = await read_one(store, DEAD_LETTERS, identity)
    if letter is None:
        raise CliError(f"there is no dead letter {identity}; `pasokh dead-letters list` shows those there are.")
    return letter


def retry(settings: Settings, identity: Identity) -> None:
    """Let its group handle the event again, as soon as the server runs."""
    event_loop.run(_submit_action(settings, identity, "retry"))
    echo(f"{identity} will be handled again. It is gone from the list when that worked.")


def drop(settings: Settings, identity: Identity) -> None:
    """Drop the event for good."""
    event_loop.run(_submit_action(settings, identity, "drop"))
    echo(f"{identity} will be dropped.")


async def _submit_action(settings: Settings, identity: str, action: Action) -> None:
    async with engine_at(settings) as (store, bus):
        letter = await _letter(store, identity)
        await bus.publish([command_on(identity, letter, action, GROUP_TOPICS, SystemTimeSource())])
