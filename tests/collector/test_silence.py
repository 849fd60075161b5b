"""An account that should have heard something: reported, and not for nights, holidays, outages of ours or a quiet shop."""

from datetime import UTC, date, datetime, timedelta

from schemas.business_calendar import Calendar
from schemas.configuration import WorkspaceSettings
from services.channels.telegram import Telegram
from services.records.accounts import ACCOUNT_CALLS, AccountCalls, read_health
from services.records.silence import ACCOUNT_HISTORIES
from tests.collector.harness import CollectorHarness, body

NAME, MAIN = "telegram/main", "shop/telegram:main"
WORKING_HOURS = range(9, 21)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


class Shop(CollectorHarness):
    """An account that hears something in each hour from 9 to 21, on every day but Sunday."""

    def __init__(self) -> None:
        super().__init__([Telegram()])
        self.driver.now = MONDAY

    def heard(self, at: datetime) -> None:
        """The platform called then."""
        calls = AccountCalls(workspace="shop", channel="telegram", account="main", last_webhook_at=at)
        self.store.insert(ACCOUNT_CALLS, MAIN, calls)

    async def live(self, days: int, *, silent: bool = False) -> None:
        """So many days pass, hour by hour."""
        for _ in range(days * 24):
            now = self.clock.now()
            if not silent and now.hour in WORKING_HOURS and now.weekday() != 6:
                self.heard(now + timedelta(minutes=1))
            # Only these timers: probes and sweeps have tests of their own.
            until = now + timedelta(hours=1)
            while due := [
                one for one in self.driver.timers() if one.name.startswith("silence/") and one.due_at <= until
            ]:
                self.driver.now = due[0].due_at
                await self.fire("silence/")
            self.driver.now = until

    def silences(self) -> list[tuple[str, str]]:
        return self.facts("silent", "recovered")


async def opened(weeks: int = 4) -> Shop:
    shop = Shop()
    await shop.connect(NAME, body(bot_token="1:a", secret_token="s"))
    await shop.live(7 * weeks)
    assert shop.facts() == []
    return shop


async def test_account_that_hears_nothing_in_its_busy_hours_is_silent_and_recovers_when_it_does() -> None:
    shop = await opened()
    last = shop.clock.now()
    await shop.live(1, silent=True)
    assert shop.silences() == [("silent", "silent")]
    [fact] = [event for event in shop.driver.sent if event.type == "pasokh.account.silent"]
    # Five or six of its hours: the day begins at nine.
    assert last + timedelta(hours=13) <= fact.time <= last + timedelta(hours=17)
    assert shop.check(MAIN).detail.startswith("The last that came in was on 2026-03-28 at 20:01 UTC")
    shop.heard(shop.clock.now())
    health = (await read_health(shop.store, "shop", [NAME], shop.clock.now()))[NAME]
    assert health.state == "ok"  # at once, before the collector has looked
    await shop.live(1)
    assert shop.silences() == [("silent", "silent"), ("recovered", "ok")]


async def test_nights_and_free_days_are_no_silence() -> None:
    shop = await opened(6)
    await shop.live(7)
    assert shop.facts() == []


async def test_account_without_history_is_not_judged() -> None:
    shop = Shop()
    await shop.connect(NAME, body(bot_token="1:a", secret_token="s"))
    shop.heard(shop.clock.now())
    await shop.live(6, silent=True)
    assert shop.facts() == []


async def test_holiday_of_the_calendar_neither_alarms_nor_teaches() -> None:
    shop = await opened()
    holidays = [date(2026, 3, 30), date(2026, 3, 31)]
    hours = {"mon": [("09:00", "21:00")]}
    shop.profile = shop.profile.model_copy(
        update={"calendar": Calendar.model_validate({"hours": hours, "holidays": holidays})}
    )
    shop.write_profile()
    before = shop.store.find(ACCOUNT_HISTORIES, MAIN)
    await shop.live(2, silent=True)
    after = shop.store.find(ACCOUNT_HISTORIES, MAIN)
    assert before is not None
    assert after is not None
    # The hour that ended on the first holiday began on the Sunday before.
    assert (shop.facts(), after.hours[:167]) == ([], before.hours[:167])
    await shop.live(1, silent=True)
    assert shop.silences() == [("silent", "silent")]


async def test_outage_of_ours_is_not_the_silence_of_an_account() -> None:
    shop = await opened()
    shop.driver.now = shop.clock.now() + timedelta(hours=15)
    before = shop.store.find(ACCOUNT_HISTORIES, MAIN)
    await shop.fire("silence/")
    after = shop.store.find(ACCOUNT_HISTORIES, MAIN)
    assert before is not None
    assert after is not None
    assert (shop.facts(), after.hours, after.chance) == ([], before.hours, 1.0)


async def test_workspace_switches_it_off() -> None:
    shop = await opened()
    shop.profile = shop.profile.model_copy(update={"settings": WorkspaceSettings(detect_silence=False)})
    shop.write_profile()
    await shop.live(2, silent=True)
    assert shop.facts() == []


async def test_week_is_that_of_the_workspace() -> None:
    shop = Shop()
    shop.profile = shop.profile.model_copy(update={"timezone": "Asia/Tehran"})
    await shop.connect(NAME, body(bot_token="1:a", secret_token="s"))
    await shop.live(1)
    history = shop.store.find(ACCOUNT_HISTORIES, MAIN)
    assert history is not None
    heard = [hour for hour, weeks in enumerate(history.hours) if weeks == 0b11]
    # Monday, 9:01 in UTC, is 12:31 in Tehran; the hour of the account in which that lies began up to an hour earlier.
    assert heard[0] in (11, 12)
    assert len(heard) == len(WORKING_HOURS)
