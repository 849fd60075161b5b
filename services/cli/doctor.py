"""`pasokh doctor`: checks everything that an installation needs, and tells how to fix what fails."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx2
import typer

from services.cli.data import current_version, missing_database, on_store
from services.cli.errors import CliError, error_message
from services.cli.printing import echo, print_json
from services.cli.workspace_checks import check_account_settings, check_accounts, check_routing, check_secrets
from services.composition import COLLECTIONS
from services.migrations import MIGRATIONS
from services.platform.core.errors import Misconfigured, Unavailable
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host import event_loop
from services.platform.host.data_folder import wrong_modes
from services.platform.host.engine import open_bus, open_engine, open_store, sqlite_path
from services.platform.http.admin_key import FILE_NAME, MIN_LENGTH
from services.platform.http.listen_address import bind
from services.platform.sqlite.damage import check_file, sentence
from services.platform.store.migrations import read_status

MIN_FREE_BYTES = 1_000_000_000
ANSWER_SECONDS = 5.0
CHECK_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """The result of one check. `detail` describes the state or, when not `ok`, the problem and its fix."""

    name: str
    ok: bool
    detail: str


def doctor(
    settings: Settings, json: Annotated[bool, typer.Option("--json", help="JSON instead of lines.")] = False
) -> None:
    """Check settings, data folder, disk, port, store, bus, admin key and the running server.

    Exit code 1 if any fails.
    """
    findings = event_loop.run(run_checks(settings))
    if json:
        print_json({"items": [{"name": f.name, "ok": f.ok, "detail": f.detail} for f in findings]})
    else:
        for finding in findings:
            echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.name}: {finding.detail}")
    failed = [finding.name for finding in findings if not finding.ok]
    if failed:
        raise CliError(f"not in order: {', '.join(failed)}.")


async def run_checks(settings: Settings) -> list[DoctorFinding]:
    """The results of all checks, in the order of `CHECKS`."""
    return [await _run_check(name, check, settings) for name, check in CHECKS.items()]


async def _run_check(name: str, check: Callable[[Settings], Awaitable[str]], settings: Settings) -> DoctorFinding:
    try:
        return DoctorFinding(name, True, await check(settings))
    except (CliError, Misconfigured, Unavailable) as error:
        return DoctorFinding(name, False, error_message(error))


async def _python(_: Settings) -> str:
    return f"Python {sys.version.split()[0]}"


async def _data_folder(settings: Settings) -> str:
    folder = settings.data.absolute()
    existing = _existing(folder)
    if not os.access(existing, os.W_OK | os.X_OK):
        raise CliError(
            f"{existing} cannot be written by this user. Change its owner, or set PASOKH_DATA to another folder."
        )
    return f"{folder}" if existing == folder else f"{folder} will be made at the first start"


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


async def _data_files(settings: Settings) -> str:
    urls = (settings.store_url, settings.bus_url)
    wrong = wrong_modes(settings.data.absolute(), {path for path in map(sqlite_path, urls) if path is not None})
    if wrong:
        raise CliError(" ".join(f"{sentence}." for sentence in wrong))
    return "nobody but their owner can read or change them"


async def _disk(settings: Settings) -> str:
    free = shutil.disk_usage(_existing(settings.data.absolute())).free
    if free < MIN_FREE_BYTES:
        raise CliError(
            f"{free / 1e9:.1f} GB are free where the data rests. Free some, or move PASOKH_DATA; 1 GB is the least."
        )
    return f"{free / 1e9:.0f} GB are free"


async def _store(settings: Settings) -> str:
    if (missing := missing_database(settings.store_url)) is not None:
        return missing
    async with open_store(settings, COLLECTIONS, ensure_version=current_version) as store:
        await store.check()
    return f"{_without_secrets(settings.store_url)} takes commits"


async def _data_version(settings: Settings) -> str:
    """The documents have the shape that this version reads."""
    if (missing := missing_database(settings.store_url)) is not None:
        return missing
    async with open_store(settings, COLLECTIONS) as store:
        status = await read_status(store, MIGRATIONS)
    if status.version is None:
        return "there are no data yet"
    if status.pending:
        raise CliError(f"the data are of version {status.version}, and {status.latest} is needed. Run: pasokh migrate")
    return f"the data are of version {status.version}, as this Pasokh writes them"


async def _bus(settings: Settings) -> str:
    if (missing := missing_database(settings.bus_url)) is not None:
        return missing
    async with AsyncExitStack() as stack:
        if missing_database(settings.store_url) is None:
            engine = open_engine(settings, SystemTimeSource(), COLLECTIONS, ensure_version=current_version)
            _, bus = await stack.enter_async_context(engine)
        else:
            bus = await stack.enter_async_context(open_bus(settings, SystemTimeSource()))
        await bus.check()
        return f"{_without_secrets(settings.bus_url)} takes events; it has {bus.partitions} partitions"


async def _database(settings: Settings) -> str:
    """Every table of the files of the embedded engine can be read."""
    files = {sqlite_path(url) for url in (settings.store_url, settings.bus_url)}
    there = [path for path in files if path is not None and path.exists()]
    for path in there:
        checked = await asyncio.to_thread(check_file, path, CHECK_SECONDS)
        if checked.damaged:
            raise CliError(f"{path}: {sentence(checked.damaged)}.")
        if not checked.is_whole:
            return f"{path}: what could be looked at in {CHECK_SECONDS:g} s is sound"
    return f"{', '.join(map(str, there))}: every table is sound" if there else "there is no file to look at"


def _without_secrets(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


async def _admin_key(settings: Settings) -> str:
    if settings.admin_key is not None:
        if len(settings.admin_key.get_secret_value()) < MIN_LENGTH:
            raise CliError(f"PASOKH_ADMIN_KEY has fewer than {MIN_LENGTH} characters. Make one: openssl rand -hex 32.")
        return "given by PASOKH_ADMIN_KEY"
    path = settings.data.absolute() / FILE_NAME
    if not path.exists():
        return f"none yet; `pasokh up` makes {path}, `pasokh serve` needs PASOKH_ADMIN_KEY"
    if path.stat().st_mode & 0o077:
        raise CliError(f"{path} can be read by others. Run: chmod 600 {path}")
    database = sqlite_path(settings.store_url)
    if database is not None and not database.exists():
        raise CliError(
            f"{path} is there, and {database} is not: its data was moved or deleted. Put it back: pasokh restore."
        )
    return f"{path}, readable by its owner alone"


async def _server(settings: Settings) -> str:
    """Either Pasokh answers on the port and is ready, or the port is free."""
    address = f"http://{settings.host}:{settings.port}"
    async with _client() as client:
        try:
            answer = await client.get(f"{address}/readyz")
        except httpx2.HTTPError:
            return _port_is_free(settings)
    if answer.status_code == 200:
        return f"{address} is ready"
    raise CliError(f"{address}/readyz says: {_failing_dependencies(answer) or answer.status_code}")


@asynccontextmanager
async def _client() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:
        yield client


def _port_is_free(settings: Settings) -> str:
    with bind(settings.host, settings.port):
        return f"port {settings.port} of {settings.host} is free; nothing runs there"


def _failing_dependencies(answer: httpx2.Response) -> str:
    try:
        checks = answer.json()["checks"]
        return "; ".join(f"{name}: {check['detail']}" for name, check in checks.items() if not check["ok"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


# In this order: a check that fails explains the failures of those after it.
CHECKS: dict[str, Callable[[Settings], Awaitable[str]]] = {
    "python": _python,
    "data folder": _data_folder,
    "data files": _data_files,
    "disk": _disk,
    "data version": _data_version,
    "store": _store,
    "bus": _bus,
    "routing": on_store(check_routing),
    "accounts": on_store(check_accounts),
    "account settings": on_store(check_account_settings),
    "database": _database,
    "secrets": on_store(check_secrets),
    "admin key": _admin_key,
    "server": _server,
}
