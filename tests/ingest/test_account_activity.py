"""What is written down of an account's calls, and that two processes lose nothing of each other."""

import asyncio
from collections.abc import Callable

from schemas.configuration import AccountBody
from services.channels.port import Account
from services.ingest.account_activity import AccountActivityRecorder
from services.platform.core.errors import Unavailable, Unknown
from services.platform.store.port import Changes, Key
from services.records.accounts import ACCOUNT_CALLS, FORGED_WITHIN, AccountCalls
from services.records.configuration import CONFIGURATION_HEADS
from services.records.ledgers import ReceivedCounts
from tests.ingest.harness import SECRET_HEADER, Ingest, update

MAIN = Account("shop", "telegram", "main", AccountBody(credentials={}))


def stored_calls(ingest: Ingest) -> AccountCalls:
    found = ingest.noted.find(ACCOUNT_CALLS, "shop/telegram:main")
    assert found is not None
    return found


async def test_webhook_of_the_platform_and_forged_ones_are_told_apart() -> None:
    ingest = Ingest()
    await ingest.call(update())
    await ingest.call(update(), headers={SECRET_HEADER: "wrong"})
    await ingest.call(update(), headers={SECRET_HEADER: "wrong"})
    await ingest.recorder.write()
    found = stored_calls(ingest)
    now = ingest.clock.now()
    assert (found.last_webhook_at, found.last_forged_at, found.forged) == (now, now, 2)


async def test_forged_calls_are_counted_while_they_go_on_and_anew_after_a_pause() -> None:
    ingest = Ingest()
    ingest.recorder.record_forged(MAIN)
    await ingest.recorder.write()
    began = ingest.clock.now()
    ingest.clock.move(300)
    ingest.recorder.record_forged(MAIN)
    await ingest.recorder.write()
    assert (stored_calls(ingest).forged, stored_calls(ingest).forged_since) == (2, began)
    ingest.clock.move(FORGED_WITHIN.total_seconds())
    ingest.recorder.record_forged(MAIN)
    await ingest.recorder.write()
    assert (stored_calls(ingest).forged, stored_calls(ingest).forged_since) == (1, ingest.clock.now())


async def test_what_came_in_is_counted_by_what_became_of_it() -> None:
    ingest = Ingest()
    await ingest.call(update())
    await ingest.call(update(), headers={SECRET_HEADER: "wrong"})
    await ingest.call(b"[]")
    ingest.bus.failure = Unavailable("away")
    await ingest.call(update())
    await ingest.recorder.write()
    assert stored_calls(ingest).counts == ReceivedCounts(received=4, published=1, rejected=2, failed=1)
    assert stored_calls(ingest).counted_since == ingest.clock.now()


async def test_counts_that_the_store_does_not_take_are_written_later_and_once() -> None:
    ingest = Ingest()
    await ingest.call(update())
    ingest.noted.failure = Unavailable("away")
    await ingest.recorder.write()
    ingest.noted.failure = None
    await ingest.call(update())
    await ingest.recorder.write()
    await ingest.recorder.write()
    assert stored_calls(ingest).counts == ReceivedCounts(received=2, published=2)


def unsure(ingest: Ingest) -> Callable[[Changes], None]:
    """A commit that happens, and of which the store cannot say so."""

    def commit(changes: Changes) -> None:
        for put in changes.puts:
            ingest.noted.documents[put.key] = put.document
        raise Unknown("the answer did not arrive")

    return commit


async def test_counts_that_may_have_been_written_are_not_written_again() -> None:
    """Twice as published would look like a loss; not counted is what the log proves (`uncounted`)."""
    ingest = Ingest()
    ingest.noted.before_commit = unsure(ingest)
    await ingest.call(update())
    await ingest.recorder.write()
    await ingest.recorder.write()
    assert stored_calls(ingest).counts == ReceivedCounts(received=1, published=1)


async def test_an_orderly_end_writes_the_last_counts() -> None:
    ingest = Ingest()
    running = asyncio.create_task(ingest.recorder.run())
    await ingest.call(update())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert stored_calls(ingest).counts == ReceivedCounts(received=1, published=1)


async def test_nothing_is_written_for_a_workspace_that_was_deleted_meanwhile() -> None:
    ingest = Ingest()
    await ingest.call(update())
    del ingest.noted.documents[Key(CONFIGURATION_HEADS.name, "shop")]
    await ingest.recorder.write()
    assert ingest.noted.find(ACCOUNT_CALLS, "shop/telegram:main") is None


async def test_two_processes_add_up() -> None:
    ingest = Ingest()
    other = AccountActivityRecorder(ingest.noted, ingest.clock)
    for notes in (ingest.recorder, other, ingest.recorder):
        notes.record_forged(MAIN)
    other.record_call(MAIN)
    await ingest.recorder.write()
    await other.write()
    assert (stored_calls(ingest).forged, stored_calls(ingest).last_webhook_at) == (3, ingest.clock.now())


async def test_nothing_new_is_not_written_again() -> None:
    ingest = Ingest()
    ingest.recorder.record_call(MAIN)
    await ingest.recorder.write()
    revision = stored_calls(ingest).revision
    await ingest.recorder.write()
    ingest.recorder.record_call(MAIN)
    await ingest.recorder.write()
    assert stored_calls(ingest).revision == revision
