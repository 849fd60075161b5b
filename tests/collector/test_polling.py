"""Updates that are fetched: each is on the bus before the platform may forget it, and one owner fetches."""

from datetime import timedelta

import pytest

from schemas.accounts import ACCOUNT_CHANGED
from schemas.envelope import decode
from services.channels.registry import CHANNELS
from services.collector.polls import GIVEN_UP_AFTER
from services.demo.telegram import FakeTelegram
from services.platform.bus.port import partition_for
from services.platform.core.errors import Unavailable
from services.platform.http.outgoing import TransientSendError
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.workspaces import belongs_to
from services.records.accounts import ACCOUNT_CALLS
from services.records.polls import POLLS, Poll
from tests.collector.harness import CollectorHarness, ReviewSite, body
from tests.fakes.telegram_http import TOKEN, TelegramHttp

BOT = 123456
NAME, MAIN = "telegram/main", "shop/telegram:main"
TIMER = f"poll/{MAIN}"
POLLED = body({"receive": "poll"}, bot_token=TOKEN)


def message(number: int, text: str = "hello", person: int = 7) -> dict[str, object]:
    who = {"id": person, "is_bot": False, "first_name": "Sara"}
    chat = {"id": person, "type": "private", "first_name": "Sara"}
    return {"message": {"message_id": number, "date": 1772000000, "from": who, "chat": chat, "text": text}}


class Bot(CollectorHarness):
    """An installation whose account `main` is polled, and the platform that keeps its updates."""

    def __init__(self) -> None:
        self.stand_in = FakeTelegram()
        self.platform = TelegramHttp(self.stand_in)
        super().__init__(CHANNELS, self.platform)


@pytest.fixture
async def bot() -> Bot:
    opened = Bot()
    await opened.connect(NAME, POLLED)
    return opened


async def test_updates_are_fetched_after_the_webhook_is_gone_and_published_as_if_they_had_been_posted(
    bot: Bot,
) -> None:
    bot.stand_in.webhooks[BOT] = "https://old.example/hook"
    await bot.platform.add(message(1, "first"))
    await bot.platform.add(message(2, "my card is 4111 1111 1111 1111"))
    await bot.complete("poll/", 3)
    assert bot.platform.calls == ["deleteWebhook", "getUpdates", "getUpdates", "getUpdates"]
    assert bot.texts()[0] == "first"
    assert "4111" not in bot.texts()[1]
    assert [event.type for event in bot.events()] == ["pasokh.inbound.message"] * 2
    assert all(event.data["polled"] for event in bot.events())
    assert (bot.poll(MAIN).cursor, list(bot.stand_in.updates)) == (f"{BOT}:3", [])
    await bot.recorder.write()
    calls = bot.store.find(ACCOUNT_CALLS, MAIN)
    assert calls is not None
    assert calls.last_webhook_at is not None


async def test_cursor_is_named_to_the_platform_only_after_the_bus_has_what_is_before_it(bot: Bot) -> None:
    await bot.platform.add(message(1))
    bot.bus.failure = Unavailable("away")
    await bot.advance(20, "poll/")
    assert (bot.stand_in.offsets, bot.poll(MAIN).cursor, len(bot.stand_in.updates)) == ([], None, 1)
    assert bot.poll(MAIN).failures > 0
    assert bot.check(MAIN).poll_error is None  # our own bus is no fault of the account
    bot.bus.failure = None
    await bot.driver.advance(60)
    await bot.complete("poll/", 2)
    assert (len(bot.events()), bot.stand_in.offsets) == (1, [2])


async def test_process_that_dies_before_the_cursor_is_committed_leaves_repeats_of_the_same_ids(bot: Bot) -> None:
    await bot.platform.add(message(1))
    await bot.perform("poll/")
    assert (len(bot.events()), bot.poll(MAIN).cursor) == (1, None)
    bot.driver.restart()
    await bot.start_process()
    await bot.complete("poll/")
    ids = [event.id for event in bot.events()]
    assert (len(ids), len(set(ids)), bot.poll(MAIN).cursor) == (2, 1, f"{BOT}:2")


async def test_start_of_another_process_begins_no_second_poll(bot: Bot) -> None:
    await bot.start_process()
    assert len(bot.waiting("poll/")) == 1
    await bot.complete("poll/")
    await bot.start_process()
    assert len(bot.waiting("poll/")) == 1


async def test_poll_that_is_lost_with_its_process_is_begun_again_by_its_timer(bot: Bot) -> None:
    bot.driver.restart()
    assert bot.timer(TIMER) == GIVEN_UP_AFTER.total_seconds()
    await bot.advance(GIVEN_UP_AFTER.total_seconds())
    assert bot.waiting("poll/") == [TIMER]


async def test_result_of_an_owner_that_was_replaced_changes_nothing(bot: Bot) -> None:
    await bot.platform.add(message(1))
    late = await bot.perform("poll/")
    bot.driver.restart()
    await bot.start_process()
    attempt = bot.poll(MAIN).attempt
    await bot.driver.batch([late])
    assert (bot.poll(MAIN).cursor, bot.poll(MAIN).attempt) == (None, attempt)
    assert len(bot.waiting("poll/")) == 1


async def test_conflict_is_named_in_the_health_and_the_webhook_is_taken_away_again(bot: Bot) -> None:
    await bot.complete("poll/")
    bot.stand_in.webhooks[BOT] = "https://other.example"
    await bot.complete("poll/")
    assert "Somebody else fetches this bot's updates, or a webhook is set" in str(bot.check(MAIN).poll_error)
    assert bot.facts() == [("health_changed", "webhook")]
    await bot.platform.add(message(1))
    await bot.driver.advance(2)
    await bot.complete("poll/")
    assert (len(bot.events()), bot.check(MAIN).poll_error, bot.check(MAIN).state) == (1, None, "ok")


async def test_revoked_token_is_tried_with_growing_pauses_and_named(bot: Bot) -> None:
    bot.platform.revoked = True
    pauses = []
    for _ in range(9):
        await bot.complete("poll/")
        pauses.append(bot.timer(TIMER))
        await bot.driver.advance(pauses[-1] or 0)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert "Updates cannot be fetched: Unauthorized. Write the account" in str(bot.check(MAIN).poll_error)


async def test_new_token_is_tried_at_once(bot: Bot) -> None:
    bot.platform.revoked = True
    await bot.complete("poll/")
    assert bot.waiting("poll/") == []
    await bot.connect(NAME, body({"receive": "poll"}, bot_token="123456:NEW"))
    bot.platform.revoked = False
    await bot.complete("poll/")
    assert (bot.poll(MAIN).failures, bot.check(MAIN).poll_error) == (0, None)


async def test_offset_of_one_bot_is_not_used_for_another(bot: Bot) -> None:
    await bot.platform.add(message(1))
    await bot.complete("poll/", 2)
    assert bot.stand_in.offsets == [2]
    await bot.connect(NAME, body({"receive": "poll"}, bot_token="777:OTHER"))
    await bot.complete("poll/")
    assert (bot.stand_in.offsets, bot.poll(MAIN).cursor) == ([2], f"{BOT}:2")
    await bot.platform.add(message(2))
    await bot.complete("poll/")
    assert bot.poll(MAIN).cursor == "777:3"


async def test_cursor_of_the_version_before_is_read(bot: Bot) -> None:
    await bot.connect(NAME, None)
    bot.store.insert(POLLS, MAIN, Poll(cursor="42"))
    await bot.connect(NAME, POLLED)
    await bot.complete("poll/", 1)
    assert bot.stand_in.offsets == [42]


async def test_account_that_is_set_back_to_a_webhook_is_left_alone_at_once(bot: Bot) -> None:
    await bot.platform.add(message(1))
    bot.write(NAME, body(bot_token=TOKEN, secret_token="s3cret"))
    late = await bot.perform("poll/")
    await bot.emit(ACCOUNT_CHANGED, NAME)
    await bot.driver.batch([late])
    assert (bot.events(), bot.timer(TIMER), bot.waiting("poll/")) == ([], None, [])


async def test_update_is_not_published_for_an_account_that_changed_while_it_was_waited_for(bot: Bot) -> None:
    await bot.platform.add(message(1))
    bot.platform.before_fetch = lambda: bot.write(NAME, None)
    await bot.complete("poll/")
    assert (bot.events(), bot.poll(MAIN).cursor, bot.waiting("poll/")) == ([], None, [])


async def test_nothing_is_left_of_an_account_that_is_removed(bot: Bot) -> None:
    await bot.complete("poll/")
    await bot.connect(NAME, None)
    assert [key for key in bot.store.documents if key.id == MAIN] == []
    assert [one.name for one in bot.driver.timers()] == ["check"]


async def test_timers_and_polls_name_the_workspace_whose_deletion_ends_them(bot: Bot) -> None:
    assert {belongs_to(one.data) for one in bot.driver.timers() if one.name != "check"} == {"shop"}
    assert {belongs_to(one.request) for one in bot.driver.effects} == {"shop"}


async def test_update_that_nobody_can_read_does_not_hold_up_the_others(bot: Bot) -> None:
    await bot.platform.add({"message": "no object"})
    await bot.platform.add(message(2, "after it"))
    await bot.complete("poll/", 2)
    assert (bot.texts(), bot.poll(MAIN).cursor) == (["after it"], f"{BOT}:3")


async def test_account_whose_event_was_lost_is_found_by_the_sweep(bot: Bot) -> None:
    await bot.start_process()
    bot.write("telegram/second", body({"receive": "poll"}, bot_token="888:SECOND"))
    await bot.advance(301)
    assert "poll/shop/telegram:second" in bot.waiting("poll/")


# -- a platform that is asked now and then --------------------------------------------------------------------------------


@pytest.fixture
def site() -> ReviewSite:
    return ReviewSite()


async def opened(site: ReviewSite) -> CollectorHarness:
    harness = CollectorHarness([site])
    await harness.connect("reviews/main", body(access_token="first"))
    return harness


REVIEWS = "poll/shop/reviews:main"


async def test_pages_are_fetched_one_after_the_other_and_then_the_interval_passes(site: ReviewSite) -> None:
    site.reviews = [f"review {number}" for number in range(5)]
    shop = await opened(site)
    await shop.complete("poll/", 5)
    assert (sorted(shop.texts()), site.polls) == (site.reviews, [None, "2", "4"])
    assert shop.timer(REVIEWS) == 300
    await shop.advance(301, "poll/")
    assert site.polls[-1] == "5"


async def test_outage_is_caught_up_and_each_event_comes_once(site: ReviewSite) -> None:
    site.reviews = ["before"]
    shop = await opened(site)
    await shop.complete("poll/")
    site.failure = TransientSendError("HTTP 503")
    for number in range(7):
        site.reviews.append(f"meanwhile {number}")
        await shop.advance(600, "poll/")
    assert (shop.texts(), shop.check("shop/reviews:main").state) == (["before"], "webhook")
    site.failure = None
    await shop.advance(120, "poll/")
    assert sorted(shop.texts()) == sorted(site.reviews)
    assert len({event.id for event in shop.events()}) == len(shop.events()) == 8
    assert shop.check("shop/reviews:main").state == "ok"


async def test_retry_after_of_the_platform_is_kept_but_not_for_ever(site: ReviewSite) -> None:
    shop = await opened(site)
    site.failure = TransientSendError("slow down", after=900)
    await shop.complete("poll/")
    assert shop.timer(REVIEWS) == 900
    await shop.poll_now("reviews/main")
    assert shop.waiting("poll/") == []
    shop.driver.restart()
    await shop.start_process()
    assert (shop.waiting("poll/"), shop.timer(REVIEWS)) == ([], 900)
    site.failure = TransientSendError("slow down", after=1e9)
    await shop.advance(900)
    await shop.complete("poll/")
    assert shop.timer(REVIEWS) == timedelta(hours=1).total_seconds()


async def test_notices_of_something_new_are_one_poll_and_one_more_after_that_which_runs(site: ReviewSite) -> None:
    shop = await opened(site)
    await shop.complete("poll/")
    for _ in range(3):
        await shop.poll_now("reviews/main")
    assert shop.waiting("poll/") == [REVIEWS]
    await shop.complete("poll/")
    # It came while the poll ran, which may have missed it.
    assert shop.waiting("poll/") == [REVIEWS]
    await shop.complete("poll/")
    assert (shop.waiting("poll/"), shop.timer(REVIEWS), len(site.polls)) == ([], 300, 3)


async def test_bug_of_a_channel_neither_ends_the_polling_nor_harms_other_accounts(site: ReviewSite) -> None:
    shop = await opened(site)
    site.failure = KeyError("a bug")
    await shop.complete("poll/")
    assert shop.timer(REVIEWS) == 1
    assert (
        shop.registry.get_sample_value("pasokh_collector_polls_total", {"channel": "reviews", "result": "unclear"}) == 1
    )


async def test_webhook_that_only_says_that_there_is_something_lets_the_account_be_polled(site: ReviewSite) -> None:
    shop = await opened(site)
    await shop.complete("poll/")
    body_of_notice = b'{"number": 900, "text": "a notice"}'

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body_of_notice, "more_body": False}

    async def send(message: object) -> None:
        return

    for query in (b"", b"notice=1"):
        scope = {"type": "http", "method": "POST", "path": "/webhooks/reviews/shop/main", "query_string": query}
        await shop.webhooks({**scope, "headers": [], "client": ("192.0.2.1", 1)}, receive, send)
    published = [decode(one.value) for (topic, _), log in shop.bus.logs.items() if topic == "accounts" for one in log]
    assert [(event.type, event.data["account"]) for event in published] == [("pasokh.control.poll_now", "main")]
    await shop.driver.batch([ReceivedEvent(event, "accounts", 1) for event in published])
    assert shop.waiting("poll/") == [REVIEWS]


async def test_account_of_another_partition_is_left_to_it_and_its_event_goes_there(site: ReviewSite) -> None:
    partitions = 4
    home = partition_for("shop/reviews:main", partitions)
    assert home != 0
    shop = CollectorHarness([site], partitions=partitions)
    await shop.connect("reviews/main", body(access_token="first"))
    await shop.start_process()
    assert [one.name for one in shop.driver.timers()] == ["check", "sweep"]
    assert (shop.driver.effects, [event.type for event in shop.driver.sent]) == ([], [ACCOUNT_CHANGED])
