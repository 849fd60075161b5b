"""`pasokh keys`: manages API keys directly in the store, so that it works with the server running or stopped."""

from typing import Annotated

import typer

from schemas.configuration import KeyBody, Scope
from services.cli.data import store_at
from services.cli.errors import CliError
from services.cli.printing import echo, print_json, print_table
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host import event_loop
from services.platform.store.port import Changes, Condition, DocumentPage, Key, Put, Query
from services.platform.store.read_one import read_one
from services.records.agents import AGENTS, agent_id
from services.records.configuration import read_configuration
from services.records.keys import KEYS, KeyRecord, format_key, new_key
from services.workspaces.views import key_view

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


def list_keys(
    settings: Settings,
    json: AsJson = False,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="The `next` of the page before.", show_default=False)] = None,
) -> None:
    """List the keys, newest first. Their secrets are not stored and cannot be shown."""
    page = event_loop.run(_page(settings, limit, cursor))
    records = [KEYS.decode(document) for _, document in page.items]
    if json:
        print_json({"items": [key_view(record).model_dump(mode="json") for record in records], "next": page.next})
        return
    rows = [
        (r.id, r.name, r.workspace or "(all)", r.agent or "", ", ".join(r.scopes), f"{r.created_at:%Y-%m-%d %H:%M}Z")
        for r in records
    ]
    print_table(("id", "name", "workspace", "agent", "scopes", "made"), rows, "There are no keys but the admin key.")
    if page.next:
        echo(f"There are more: --cursor {page.next}")


async def _page(settings: Settings, limit: int, cursor: str | None) -> DocumentPage:
    async with store_at(settings) as store:
        try:
            return await store.query(Query(KEYS.name, "created", descending=True, limit=limit, after=cursor))
        except ValueError as error:
            raise CliError("this cursor is not one that `list` gave.") from error


def create(
    settings: Settings,
    name: Annotated[str, typer.Argument(help="What it is for.", show_default=False)],
    scope: Annotated[Scope, typer.Option(help="Each holds the ones before.", show_default=False)],
    workspace: Annotated[
        str | None, typer.Option(help="The one workspace it is for [all].", show_default=False)
    ] = None,
    agent: Annotated[
        str | None, typer.Option(help="The agent of the workspace whom it speaks as [any].", show_default=False)
    ] = None,
    json: AsJson = False,
) -> None:
    """Create a key and print it. It cannot be shown again."""
    if agent is not None and workspace is None:
        raise CliError("an agent is of one workspace: --workspace WORKSPACE.")
    body = KeyBody.model_validate({"name": name, "workspace": workspace, "agent": agent, "scopes": [scope]})
    record, secret = event_loop.run(_create(settings, body))
    if json:
        print_json({**key_view(record).model_dump(mode="json"), "secret": secret})
        return
    echo(f"Key {record.id}, shown this once: {secret}")


async def _create(settings: Settings, body: KeyBody) -> tuple[KeyRecord, str]:
    async with store_at(settings) as store:
        if body.workspace is not None and await read_configuration(store, body.workspace) is None:
            raise CliError(f"there is no workspace {body.workspace!r}.")
        found = await read_one(store, AGENTS, agent_id(body.workspace or "", body.agent)) if body.agent else None
        if body.agent is not None and found is None:
            raise CliError(f"there is no agent {body.agent!r} in the workspace {body.workspace!r}.")
        record, secret = new_key(body, SystemTimeSource().now(), found)
        key_document = Key(KEYS.name, record.id)
        await store.commit(Changes(conditions=[Condition(key_document)], puts=[Put(key_document, record)]))
        return record, format_key(record.id, secret)


def revoke(
    settings: Settings,
    identity: Annotated[str, typer.Argument(help="The id of a key, as `list` shows it.", show_default=False)],
) -> None:
    """Delete a key. Every process refuses it within a second."""
    event_loop.run(_revoke(settings, identity))
    echo(f"{identity} is revoked.")


async def _revoke(settings: Settings, identity: str) -> None:
    async with store_at(settings) as store:
        key_document = Key(KEYS.name, identity)
        if not await store.get_many([key_document]):
            raise CliError(f"there is no key {identity}; `pasokh keys list` shows those there are.")
        await store.commit(Changes(deletes=[key_document]))
