"""A process that commits without end, for a test to kill: `python -m tests.contracts.committing_process ADAPTER PLACE`.

Commit n of writer w puts `w-n` into two collections, moves the writer's counter and sends one event, all or nothing.
Each is printed once it was answered, as `w n`.
"""

import asyncio
import itertools
import sys
from asyncio.subprocess import PIPE

from services.platform.bus.port import ProducerRecord
from services.platform.store.port import Changes, Key, Store
from tests.contracts.sample_collection import COLLECTIONS, ROWS, other, put, thing
from tests.contracts.stores import StoreSite

WRITERS = 4
Answered = dict[int, int]
"""Writer → the number of its last commit that was answered."""


async def killed_after(site: StoreSite, answers: int) -> Answered:
    """Run the process and kill it in the middle of its commits, after so many answers."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, site.adapter, site.place, stdout=PIPE
    )
    assert process.stdout is not None
    answered = dict.fromkeys(range(WRITERS), 0)
    count = 0
    async for line in process.stdout:
        writer, n = map(int, line.split())
        answered[writer] = n
        count += 1
        if count == answers:
            process.kill()
    await process.wait()
    assert count >= answers, "the writing process ended by itself"
    return answered


async def _write(store: Store, writer: int) -> None:
    for n in itertools.count(1):
        puts = [put(thing(f"{writer}-{n}"), at=n), put(other(f"{writer}-{n}"), at=n)]
        event = ProducerRecord("inbound", writer % 2, str(writer), str(n).encode())
        await store.commit(
            Changes(
                puts=[*puts, put(Key(ROWS.name, str(writer)), last=n)],
                outbox=[event],
                outbox_key=Key(ROWS.name, f"outbox-{writer}"),
            )
        )
        sys.stdout.write(f"{writer} {n}\n")
        sys.stdout.flush()


async def _main(adapter: str, place: str) -> None:
    async with StoreSite(adapter, place).open() as store:
        await store.prepare(COLLECTIONS)
        await asyncio.gather(*(_write(store, writer) for writer in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
