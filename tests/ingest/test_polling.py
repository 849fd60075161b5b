"""Updates that are fetched: each is on the bus before the platform may forget it, and one process fetches."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schemas.activity import Activity
from schemas.configuration import AccountBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.envelope import Event, decode
from services.channels.registry import CHANNELS
from services.composition import COLLECTIONS
from services.demo.telegram import FakeTelegram
from services.ingest.account_activity import AccountActivityRecorder
from services.ingest.accounts import AccountCache
from services.ingest.instruments import IngestInstruments
from services.ingest.polling import LEASE, Polling, PollingDependencies
from services.ingest.webhooks import Webhooks
from services.platform.core.errors import Unavailable
from services.records.accounts import ACCOUNT_CALLS, AccountCalls
from services.records.polls import POLLS, Poll
from tests.configuration import configure
from tests.fakes import ManualTimeSource, MemoryBus, MemoryStore
from tests.fakes.telegram_http import TOKEN, TelegramHttp

BOT = 123456
MAIN = "shop/telegram:main"
CHANNELS_BY_NAME = {channel.name: channel for channel in CHANNELS}


def message(number: int, text: str = "hello", person: int = 7) -> dict[str, object]:
    who = {"id": person, "is_bot": False, "first_name": "Sara"}
    chat = {"id": person, "type": "private", "first_name": "Sara"}
    return {"message": {"message_id": number, "date": 1772000000, "from": who, "chat": chat, "text": text}}


class Shop:
    """An installation whose account `main` is polled, and the platform that keeps its updates."""

    def __init__(self) -> None:
        self.store, self.bus, self.clock = MemoryStore(), MemoryBus(), ManualTimeSource()
        self.stand_in = FakeTelegram()
        self.http = TelegramHttp(self.stand_in)
        self.notes = AccountActivityRecorder(self.store, self.clock)
        self.version = 0
        self.slept: list[float] = []

    async def open(self) -> "Shop":
        await self.store.prepare(COLLECTIONS)
        self.configure()
        return self

    def configure(self, receive: str = "poll", token: str = TOKEN) -> None:
        self.version += 1
        body = AccountBody(credentials={"bot_token": token}, settings={"receive": receive})
        configuration = WorkspaceConfiguration(
            workspace="shop",
            version=self.version,
            profile=Versioned(body=WorkspaceBody(name="Shop"), version=1, at=self.clock.now()),
            accounts={"telegram/main": Versioned(body=body, version=self.version, at=self.clock.now())},
        )
        configure(self.store, configuration)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.move(seconds)
        await asyncio.sleep(0)

    def polling(self, owner: str = "a") -> Polling:
        accounts = AccountCache(self.store, self.clock, spacing=0)
        instruments = IngestInstruments()
        webhooks = Webhooks(CHANNELS_BY_NAME, accounts, self.bus, self.clock, instruments, self.notes)
        return Polling(
            PollingDependencies(
                owner,
                CHANNELS_BY_NAME,
                accounts,
                self.store,
                self.clock,
                self.http,
                webhooks.take,
                self.notes,
                self.sleep,
            )
        )

    async def run(self, until: Callable[[], bool], owner: str = "a", polling: Polling | None = None) -> None:
        """Run a process until this holds, then end it as a signal would."""
        task = asyncio.create_task((polling or self.polling(owner)).run())
        async with asyncio.timeout(20):
            while not until():
                if task.done():
                    await task
                await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    def events(self) -> list[Event]:
        logs = [log for (topic, _), log in self.bus.logs.items() if topic == "inbound"]
        return [decode(record.value) for log in logs for record in log]

    def texts(self) -> list[str]:
        read = [Activity.model_validate(event.data).text for event in self.events()]
        return [text.text for text in read if text is not None]

    def poll(self) -> Poll:
        found = self.store.find(POLLS, MAIN)
        assert found is not None
        return found

    async def calls(self) -> AccountCalls:
        await self.notes.write()
        found = self.store.find(ACCOUNT_CALLS, MAIN)
        assert found is not None
        return found


@pytest.fixture
async def shop() -> Shop:
    return await Shop().open()


async def test_updates_are_fetched_after_the_webhook_is_gone_and_published_as_if_they_had_been_posted(
    shop: Shop,
) -> None:
    shop.stand_in.webhooks[BOT] = "https://old.example/hook"
    await shop.http.add(message(1, "first"))
    await shop.http.add(message(2, "my card is 4111 1111 1111 1111"))
    await shop.run(lambda: shop.http.calls.count("getUpdates") > 2)
    assert shop.http.calls[:2] == ["deleteWebhook", "getUpdates"]
    assert shop.texts()[0] == "first"
    assert "4111" not in shop.texts()[1]
    assert [event.type for event in shop.events()] == ["pasokh.inbound.message"] * 2
    assert (shop.poll().cursor, list(shop.stand_in.updates)) == ("3", [])
    assert (await shop.calls()).last_webhook_at is not None


async def test_cursor_is_named_to_the_platform_only_after_the_bus_has_what_is_before_it(shop: Shop) -> None:
    await shop.http.add(message(1))
    shop.bus.failure = Unavailable("away")
    await shop.run(lambda: len(shop.slept) > 5)
    assert (shop.stand_in.offsets, shop.poll().cursor, len(shop.stand_in.updates)) == ([], None, 1)
    shop.bus.failure = None
    await shop.run(lambda: bool(shop.stand_in.offsets))
    assert (len(shop.events()), shop.stand_in.offsets[0]) == (1, 2)


async def test_process_that_dies_before_the_cursor_is_written_leaves_repeats_of_the_same_ids(shop: Shop) -> None:
    await shop.http.add(message(1))
    real = shop.store.commit

    async def dies(changes: Any) -> Any:
        if shop.events():
            raise Unavailable("the machine is gone")
        return await real(changes)

    shop.store.commit = dies  # type: ignore[method-assign] # the moment in which the process dies
    await shop.run(lambda: bool(shop.events()))
    shop.store.commit = real  # type: ignore[method-assign] # the next process
    shop.clock.move(LEASE.total_seconds() + 1)
    await shop.run(lambda: shop.poll().cursor == "2", "b")
    ids = [event.id for event in shop.events()]
    assert (len(ids) > 1, len(set(ids))) == (True, 1)


async def test_second_process_waits_for_the_lease_and_takes_over_when_it_ends(shop: Shop) -> None:
    held = Poll(owner="a", until=shop.clock.now() + LEASE)
    shop.store.insert(POLLS, MAIN, held)
    await shop.run(lambda: len(shop.slept) > 3, "b")
    assert (shop.http.calls, shop.poll().owner) == ([], "a")
    shop.clock.at = held.until + timedelta(seconds=1)
    await shop.run(lambda: bool(shop.http.calls), "b")
    assert shop.poll().owner == "b"


async def test_process_that_ends_in_order_lets_the_next_one_begin_at_once(shop: Shop) -> None:
    await shop.run(lambda: "getUpdates" in shop.http.calls, "a")
    assert (shop.poll().owner, shop.poll().until <= shop.clock.now()) == ("a", True)
    fetched = len(shop.http.calls)
    await shop.run(lambda: len(shop.http.calls) > fetched, "b")
    assert shop.poll().owner == "b"


async def test_owner_that_was_replaced_writes_nothing_more(shop: Shop) -> None:
    await shop.http.add(message(1))

    def other_takes_over() -> None:
        if shop.poll().owner == "a":
            taken = replace(shop.poll(), owner="b", revision=shop.poll().revision + 1)
            shop.store.insert(POLLS, MAIN, taken)

    shop.http.before_fetch = other_takes_over
    await shop.run(lambda: len(shop.slept) > 5)
    assert (shop.poll().owner, shop.poll().cursor) == ("b", None)
    assert len(shop.stand_in.updates) == 1


async def test_conflict_is_named_in_the_health_and_the_webhook_is_taken_away_again(shop: Shop) -> None:
    def somebody_sets_a_webhook() -> None:
        if shop.http.calls.count("getUpdates") == 1:
            shop.stand_in.webhooks[BOT] = "https://other.example"

    shop.http.before_fetch = somebody_sets_a_webhook
    await shop.run(lambda: shop.http.calls.count("getUpdates") == 1)
    found = await shop.calls()
    assert found.is_failing
    assert "Somebody else fetches this bot's updates, or a webhook is set" in str(found.poll_error)
    shop.http.before_fetch = lambda: None
    await shop.http.add(message(1))
    await shop.run(lambda: bool(shop.events()))
    assert (await shop.calls()).poll_error is None


async def test_revoked_token_is_tried_with_growing_pauses_and_named(shop: Shop) -> None:
    shop.http.revoked = True
    await shop.run(lambda: len(shop.http.calls) > 8)
    assert "the bot token is not accepted" in str((await shop.calls()).poll_error)
    assert len(shop.http.calls) <= sum(shop.slept) / 10 + 8


async def test_account_that_is_set_back_to_a_webhook_is_left_alone_and_its_lease_is_free(shop: Shop) -> None:
    await shop.run(lambda: "getUpdates" in shop.http.calls)
    shop.configure("webhook")
    polling = shop.polling()
    before = len(shop.http.calls)
    await shop.run(lambda: len(shop.slept) > 3, polling=polling)
    assert len(shop.http.calls) == before


async def test_update_that_nobody_can_read_does_not_hold_up_the_others(shop: Shop) -> None:
    await shop.http.add({"message": "no object"})
    await shop.http.add(message(2, "after it"))
    await shop.run(lambda: shop.http.calls.count("getUpdates") > 2)
    assert shop.texts() == ["after it"]
    assert shop.poll().cursor == "3"
