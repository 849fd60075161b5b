"""A process that commits without end, for a test to kill: `python -m tests.contracts.committing ADAPTER PLACE`.

Commit n of writer w puts `w-n` into two collections and moves the writer's counter, all or nothing. Each is printed once
it was answered, as `w n`.
"""

import asyncio
import itertools
import sys

from services.runtime.store.port import Changes, Key, Store
from tests.contracts.stores import StoreSite
from tests.contracts.things import COLLECTIONS, ROWS, other, put, thing

WRITERS = 4


async def _write(store: Store, writer: int) -> None:
    for n in itertools.count(1):
        puts = [put(thing(f"{writer}-{n}"), at=n), put(other(f"{writer}-{n}"), at=n)]
        await store.commit(Changes(puts=[*puts, put(Key(ROWS.name, str(writer)), last=n)]))
        sys.stdout.write(f"{writer} {n}\n")
        sys.stdout.flush()


async def _main(adapter: str, place: str) -> None:
    async with StoreSite(adapter, place).open() as store:
        await store.prepare(COLLECTIONS)
        await asyncio.gather(*(_write(store, writer) for writer in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
