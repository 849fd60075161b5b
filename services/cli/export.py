"""`make export`: writes the published contracts into `schemas/export`, and refuses changes that break clients.

JSON Schemas of all contracts, `asyncapi.yaml`, `openapi.json`. A test fails when the folder is not what this writes.
"""

import asyncio
import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
from pydantic import SecretStr

from schemas.compatibility import breaking, breaking_api
from schemas.exports import asyncapi, json_schemas
from services.cli.printing import echo
from services.composition import SINGLE_PROCESS, process_for
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host.engine import open_engine
from services.platform.http.app import open_app
from services.platform.http.service import Context

FOLDER = Path("schemas/export")
OPENAPI, ASYNCAPI = "openapi.json", "asyncapi.yaml"
UNQUOTED_KEY = re.compile(r"[A-Za-z$_][A-Za-z0-9_.$/-]*")
YAML_KEYWORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def artifacts() -> Mapping[str, str]:
    """File name → its current content."""
    schemas = {name: _json(document) for name, document in json_schemas().items()}
    document = asyncapi(version("pasokh"))
    return {**schemas, ASYNCAPI: "\n".join(as_yaml(document)) + "\n", OPENAPI: _json(asyncio.run(openapi()))}


async def openapi() -> dict[str, Any]:
    """The OpenAPI document of all services in one process, opened on an empty data folder without serving requests."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        settings = Settings(data=Path(folder), bus=None, store=None, admin_key=SecretStr("only-for-exporting" * 2))
        process, clock = process_for(SINGLE_PROCESS), SystemTimeSource()
        store, bus = await stack.enter_async_context(open_engine(settings, clock, process.collections))
        context = Context(settings, store, bus, clock)
        parts = [await stack.enter_async_context(service(context)) for service in process.services]
        app = await stack.enter_async_context(open_app(context, parts, process.find_caller(context)))
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://pasokh")
        document: dict[str, Any] = (await client.get("/openapi.json")).json()
        return document


def breaking_changes(folder: Path, now: Mapping[str, str]) -> list[str]:
    """The breaking changes between the documents in `folder` and the current ones."""
    changes = []
    for path in sorted(folder.glob("*.json")):
        if path.name not in now:
            changes.append(f"{path.name}: removed")
            continue
        compare = breaking_api if path.name == OPENAPI else breaking
        changes += [
            f"{path.name}: {change}" for change in compare(json.loads(path.read_text()), json.loads(now[path.name]))
        ]
    return changes


def export(folder: Path = FOLDER, *, even_breaking: bool = False) -> int:
    """Write all files. Returns 1 without writing when a change breaks clients, unless `even_breaking`."""
    now = artifacts()
    wrong = breaking_changes(folder, now)
    if wrong and not even_breaking:
        echo("This breaks those who rely on the present contracts:")
        for change in wrong:
            echo(f"  {change}")
        echo("Add fields instead, or, if it has to be: make export ARGS=--breaking, and say so in CHANGELOG.md.")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name not in now:
            path.unlink()
    for name, text in now.items():
        (folder / name).write_text(text)
    return 0


def as_yaml(value: Any, indent: str = "") -> Iterator[str]:
    """The lines of a YAML document. Strings are quoted as in JSON, which YAML reads the same way."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _entry(f"{indent}{_key(key)}:", inner, indent)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from _entry(f"{indent}-", inner, indent)
    else:
        yield indent + json.dumps(value, ensure_ascii=False)


def _entry(head: str, inner: Any, indent: str) -> Iterator[str]:
    if isinstance(inner, Mapping | list) and inner:
        yield head
        yield from as_yaml(inner, indent + "  ")
    else:
        yield f"{head} {json.dumps(inner, ensure_ascii=False)}"


def _key(key: str) -> str:
    return (
        key if UNQUOTED_KEY.fullmatch(key) and key.lower() not in YAML_KEYWORDS else json.dumps(key, ensure_ascii=False)
    )


def _json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.exit(export(even_breaking="--breaking" in sys.argv[1:]))
