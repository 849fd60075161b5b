"""Opens bus and store by their URLs. If both URLs name the same SQLite file, one database is both."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from services.platform.bus.kafka.access import kafka_access
from services.platform.bus.port import Bus
from services.platform.core.errors import Fenced, Misconfigured
from services.platform.core.settings import EMBEDDED_PARTITIONS, Settings
from services.platform.core.time_source import TimeSource
from services.platform.store.collections import LAYOUT, LAYOUT_KEY, RUNTIME_COLLECTIONS, StoreMetadata
from services.platform.store.port import Changes, Collection, Condition, Put, Store

EnsureVersion = Callable[[Store], Awaitable[None]]
"""Returns when the documents have the format of this version, after a migration if needed. Raises Misconfigured."""


async def any_version(_: Store) -> None:
    """Accept documents of any version."""


@asynccontextmanager
async def open_engine(
    settings: Settings,
    time_source: TimeSource,
    # Any: a collection of some model is none of every model, and here only its name and indexes count.
    collections: Sequence[Collection[Any]],
    *,
    ensure_version: EnsureVersion = any_version,
    check_after_crash: bool = False,
) -> AsyncIterator[tuple[Store, Bus]]:
    """Open the store and the bus, prepared for these collections and those of the platform.

    Leaving closes both and waits for operations that have begun. Raises Misconfigured for a URL without an adapter, a
    file that cannot be used, a server that lacks a needed feature, or another number of partitions than the data have;
    Unavailable if a server cannot be reached; the errors of `ensure_version`. `check_after_crash`: see
    `services.platform.sqlite.database.open_database`.
    """
    # The order matters: partitions are compared before a migration writes, and noted only in a store that is accepted.
    async with AsyncExitStack() as stack:
        store, bus = await _open_both(stack, settings, time_source, check_after_crash=check_after_crash)
        await store.prepare(_with_runtime_collections(collections))
        await _check_partitions(store, bus.partitions)
        await ensure_version(store)
        await _write_partitions(store, bus.partitions)
        yield store, bus


@asynccontextmanager
async def open_store(
    settings: Settings, collections: Sequence[Collection[Any]], *, ensure_version: EnsureVersion = any_version
) -> AsyncIterator[Store]:
    """Open the store only, for commands that must work without the bus or while another process uses the same data.

    Raises Misconfigured, Unavailable, and the errors of `ensure_version`. Events of a commit are not published.
    """
    async with AsyncExitStack() as stack:
        store = await _open_store(stack, settings.store_url, sqlite_path(settings.store_url))
        await store.prepare(_with_runtime_collections(collections))
        await ensure_version(store)
        yield store


def _with_runtime_collections(collections: Sequence[Collection[Any]]) -> Sequence[Collection[Any]]:
    every: Sequence[Collection[Any]] = (*RUNTIME_COLLECTIONS, LAYOUT, *collections)
    return list({collection.name: collection for collection in every}.values())


async def stored_partitions(store: Store) -> int:
    """The number of partitions of the data in this store; 0 for a new store. Raises Unavailable."""
    made = (await store.get_many([LAYOUT_KEY])).get(LAYOUT_KEY)
    return LAYOUT.decode(made).partitions if made else 0


@asynccontextmanager
async def open_bus(settings: Settings, time_source: TimeSource) -> AsyncIterator[Bus]:
    """Open the bus only. Raises Misconfigured, Unavailable."""
    async with AsyncExitStack() as stack:
        yield await _open_bus(stack, settings, sqlite_path(settings.bus_url), time_source)


async def _open_both(
    stack: AsyncExitStack, settings: Settings, time_source: TimeSource, *, check_after_crash: bool
) -> tuple[Store, Bus]:
    bus_file, store_file = sqlite_path(settings.bus_url), sqlite_path(settings.store_url)
    if bus_file is not None and bus_file == store_file:
        return await _open_pair(stack, bus_file, settings, time_source, check_after_crash=check_after_crash)
    store = await _open_store(stack, settings.store_url, store_file, check_after_crash=check_after_crash)
    return store, await _open_bus(stack, settings, bus_file, time_source)


async def _open_pair(
    stack: AsyncExitStack, path: Path, settings: Settings, time_source: TimeSource, *, check_after_crash: bool
) -> tuple[Store, Bus]:
    from services.platform.bus.sqlite import SqliteBus  # noqa: PLC0415 - each adapter is imported where it is chosen
    from services.platform.sqlite.database import open_database  # noqa: PLC0415 - the same
    from services.platform.store.sqlite import SqliteStore  # noqa: PLC0415 - the same

    database = await stack.enter_async_context(open_database(path, check_after_crash=check_after_crash))
    bus = await stack.enter_async_context(
        SqliteBus.over(database, time_source, partitions=settings.partitions, default=EMBEDDED_PARTITIONS)
    )
    return SqliteStore(database, paired=True), bus


async def _open_store(stack: AsyncExitStack, url: str, path: Path | None, *, check_after_crash: bool = False) -> Store:
    if path is not None:
        from services.platform.store.sqlite import SqliteStore  # noqa: PLC0415 - each adapter is imported where chosen

        return await stack.enter_async_context(SqliteStore.open(path, check_after_crash=check_after_crash))
    if url.startswith(("mongodb://", "mongodb+srv://")):
        from services.platform.store.mongo.store import MongoStore  # noqa: PLC0415 - the same

        return await stack.enter_async_context(MongoStore.open(url))
    raise Misconfigured("PASOKH_STORE must be sqlite:////absolute/path or mongodb://host:port/database")


async def _open_bus(stack: AsyncExitStack, settings: Settings, path: Path | None, time_source: TimeSource) -> Bus:
    if path is not None:
        from services.platform.bus.sqlite import SqliteBus  # noqa: PLC0415 - each adapter is imported where chosen

        return await stack.enter_async_context(
            SqliteBus.open(path, time_source, partitions=settings.partitions, default=EMBEDDED_PARTITIONS)
        )
    if settings.bus_url.startswith("kafka://"):
        from services.platform.bus.kafka.bus import KafkaBus  # noqa: PLC0415 - the same

        return await stack.enter_async_context(
            KafkaBus.open(
                settings.bus_url,
                partitions=settings.partition_count,
                namespace=settings.namespace,
                access=kafka_access(settings),
            )
        )
    raise Misconfigured("PASOKH_BUS must be sqlite:////absolute/path or kafka://host:port,host:port")


def sqlite_path(url: str) -> Path | None:
    """The file of `sqlite:////absolute/path`; None for another scheme. Raises Misconfigured for a relative path."""
    if not url.startswith("sqlite:"):
        return None
    path = Path(url.removeprefix("sqlite://").removeprefix("/"))
    if not url.startswith("sqlite:////") or path == Path("/"):
        raise Misconfigured(f"{url} must name a file by its absolute path: sqlite:////var/lib/pasokh/pasokh.db")
    return Path(path)


async def _check_partitions(store: Store, partitions: int) -> None:
    made_for = await stored_partitions(store)
    if made_for not in (0, partitions):
        raise Misconfigured(
            f"the store was made for {made_for} partitions, and the bus has {partitions}: set PASOKH_PARTITIONS={made_for} "
            "with a bus that has so many, or start with an empty store"
        )


async def _write_partitions(store: Store, partitions: int) -> None:
    """Write the number of partitions into a new store; another process may do so at the same time."""
    made = StoreMetadata(partitions=partitions)
    try:
        await store.commit(Changes(conditions=[Condition(LAYOUT_KEY)], puts=[Put(LAYOUT_KEY, made)]))
    except Fenced:
        # Another process has written it meanwhile, or an earlier start did.
        await _check_partitions(store, partitions)
