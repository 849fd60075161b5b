"""The cache of accounts: quick for what is known, never the judge of a refusal, and cheap under a flood."""

import asyncio

import pytest

from services.platform.core.errors import Unavailable
from tests.ingest.harness import SECRET_HEADER, Ingest, update


async def test_calls_within_a_second_read_once() -> None:
    ingest = Ingest()
    for number in range(5):
        await ingest.call(update(number=number + 1))
    assert len(ingest.store.reads) == 2  # the head and its configuration
    ingest.clock.move(1.1)
    await ingest.call(update(number=9))
    assert len(ingest.store.reads) == 3  # the head; the configuration never changes


async def test_new_secret_works_at_once_although_the_old_one_is_cached() -> None:
    ingest = Ingest()
    await ingest.call(update())
    ingest.configure(2, secret="n3w")
    assert (await ingest.call(update(number=2), headers={SECRET_HEADER: "n3w"})).status == 200
    assert (await ingest.call(update(number=3))).status == 401


async def test_new_account_works_at_once_although_its_absence_is_cached() -> None:
    ingest = Ingest()
    ingest.configure(2, accounts=False)
    assert (await ingest.call(update())).status == 404
    ingest.configure(3)
    assert (await ingest.call(update())).status == 200


async def test_account_that_is_gone_is_404_to_a_wrong_secret() -> None:
    ingest = Ingest()
    await ingest.call(update())
    ingest.configure(2, accounts=False)
    assert (await ingest.call(update(number=2), headers={SECRET_HEADER: "guess"})).status == 404


async def test_flood_of_forged_calls_shares_its_reads() -> None:
    ingest = Ingest()
    await ingest.call(update())
    before = len(ingest.store.reads)
    forged = [ingest.call(update(), headers={SECRET_HEADER: "guess"}) for _ in range(100)]
    assert {a.status for a in await asyncio.gather(*forged)} == {401}
    assert len(ingest.store.reads) - before <= 3


async def test_flood_of_unknown_workspaces_shares_its_reads() -> None:
    ingest = Ingest()
    unknown = [ingest.call(update(), path=f"/webhooks/telegram/w{n}/main") for n in range(100)]
    assert {a.status for a in await asyncio.gather(*unknown)} == {404}
    assert len(ingest.store.reads) <= 6


async def test_store_away_serves_known_accounts_and_refuses_nobody() -> None:
    ingest = Ingest()
    await ingest.call(update())
    ingest.store.failure = Unavailable("store")
    ingest.clock.move(58.9)
    assert (await ingest.call(update(number=2))).status == 200
    for call in (
        ingest.call(update(), headers={SECRET_HEADER: "guess"}),
        ingest.call(update(), path="/webhooks/telegram/other/main"),
        ingest.call(update(), path="/webhooks/telegram/shop/other"),
    ):
        assert (await call).status == 503
    ingest.clock.move(340.0)
    assert (await ingest.call(update(number=3))).status == 503
    ingest.store.failure = None
    assert (await ingest.call(update(number=3))).status == 200


async def test_readers_that_wait_for_a_store_that_is_away_fail_together() -> None:
    ingest = Ingest()
    ingest.store.failure = Unavailable("store")
    found = await asyncio.gather(
        *(ingest.accounts.find("shop", "telegram", "main") for _ in range(50)), return_exceptions=True
    )
    assert all(isinstance(one, Unavailable) for one in found)
    assert len(ingest.store.reads) <= 2
    ingest.store.failure = None
    assert await ingest.accounts.find("shop", "telegram", "main")


@pytest.mark.parametrize("account", ["main", "other"])
async def test_expected_languages_begin_with_the_accounts_own(account: str) -> None:
    found = await Ingest().accounts.find("shop", "telegram", account)
    assert (found.expected_languages if found else None) == (("fa", "en") if account == "main" else None)
