"""What is written down of an account's calls, and that two processes lose nothing of each other."""

from schemas.configuration import AccountBody
from services.channels.port import Account
from services.ingest.account_activity import AccountActivityRecorder
from services.records.accounts import ACCOUNT_CALLS, FORGED_WITHIN, AccountCalls
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
    await ingest.notes.write()
    found = stored_calls(ingest)
    now = ingest.clock.now()
    assert (found.last_webhook_at, found.last_forged_at, found.forged) == (now, now, 2)


async def test_forged_calls_are_counted_while_they_go_on_and_anew_after_a_pause() -> None:
    ingest = Ingest()
    ingest.notes.record_forged(MAIN)
    await ingest.notes.write()
    began = ingest.clock.now()
    ingest.clock.move(300)
    ingest.notes.record_forged(MAIN)
    await ingest.notes.write()
    assert (stored_calls(ingest).forged, stored_calls(ingest).forged_since) == (2, began)
    ingest.clock.move(FORGED_WITHIN.total_seconds())
    ingest.notes.record_forged(MAIN)
    await ingest.notes.write()
    assert (stored_calls(ingest).forged, stored_calls(ingest).forged_since) == (1, ingest.clock.now())


async def test_two_processes_add_up() -> None:
    ingest = Ingest()
    other = AccountActivityRecorder(ingest.noted, ingest.clock)
    for notes in (ingest.notes, other, ingest.notes):
        notes.record_forged(MAIN)
    other.record_call(MAIN)
    await ingest.notes.write()
    await other.write()
    assert (stored_calls(ingest).forged, stored_calls(ingest).last_webhook_at) == (3, ingest.clock.now())


async def test_nothing_new_is_not_written_again() -> None:
    ingest = Ingest()
    ingest.notes.record_call(MAIN)
    await ingest.notes.write()
    revision = stored_calls(ingest).revision
    await ingest.notes.write()
    ingest.notes.record_call(MAIN)
    await ingest.notes.write()
    assert stored_calls(ingest).revision == revision
