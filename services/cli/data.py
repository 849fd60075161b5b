"""Opens an installation's data for commands that work with the server running or stopped."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from services.cli.errors import CliError
from services.composition import COLLECTIONS
from services.migrations import MIGRATIONS
from services.platform.bus.port import Bus
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host.engine import open_engine, open_store, sqlite_path
from services.platform.store.migrations import require_current
from services.platform.store.port import Store


@asynccontextmanager
async def store_at(settings: Settings) -> AsyncIterator[Store]:
    """The store.

    Raises CliError when there is no data yet, Misconfigured (also for data of another version), Unavailable.
    """
    must_exist(settings)
    async with open_store(settings, COLLECTIONS, ensure_version=current_version) as store:
        yield store


@asynccontextmanager
async def engine_at(settings: Settings) -> AsyncIterator[tuple[Store, Bus]]:
    """Store and bus. Raises as `store_at` does."""
    must_exist(settings)
    async with open_engine(settings, SystemTimeSource(), COLLECTIONS, ensure_version=current_version) as engine:
        yield engine


async def current_version(store: Store) -> None:
    """Check the version of the data. Raises Misconfigured unless it is the one that this program reads."""
    await require_current(store, MIGRATIONS)


def must_exist(settings: Settings) -> None:
    """Raises CliError when there is no data: a query must not create an empty database in the wrong folder."""
    path = sqlite_path(settings.store_url)
    if path is not None and not path.exists():
        raise CliError(
            f"there is no data in {path.parent}. Name the folder of the installation with PASOKH_DATA or --data "
            "(or its database with PASOKH_STORE), or start one with: pasokh up."
        )


def missing_database(url: str) -> str | None:
    """The path of a database file that does not exist, in a sentence; None if it exists or is no file.

    A check must not create an empty database, so it asks this before it opens the store.
    """
    path = sqlite_path(url)
    return f"{path} will be made at the first start" if path is not None and not path.exists() else None


def on_store(check: Callable[[Store], Awaitable[str]]) -> Callable[[Settings], Awaitable[str]]:
    """A check of the store, as one of an installation. It passes where the database will be made at the first start.

    It raises what `check` raises, and Misconfigured, Unavailable.
    """

    async def check_installation(settings: Settings) -> str:
        if (missing := missing_database(settings.store_url)) is not None:
            return missing
        async with open_store(settings, COLLECTIONS, ensure_version=current_version) as store:
            return await check(store)

    return check_installation
