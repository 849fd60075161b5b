"""The health of accounts: when platforms are asked, what follows from what is known, and what is told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from schemas.accounts import AccountChanged, AccountFact, CheckAccounts
from schemas.configuration import AccountBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.values import Failure
from services.channels.api import Api
from services.channels.port import Account, CredentialsRejected
from services.channels.telegram import Telegram
from services.delivery.accounts.context import AccountsDependencies, NamedAccount
from services.delivery.accounts.processor import CHECK_INTERVAL, FAILING_PROBE_INTERVAL, PROBE_INTERVAL, PROCESSOR
from services.delivery.attempt import SendDependencies
from services.delivery.instruments import AccountInstruments, DeliveryInstruments
from services.domain.account_sends import AccountSends
from services.platform.http.outgoing import Http, PermanentSendError, SendOutcomeUnknown, TransientSendError
from services.platform.processing.inputs import EffectCompleted
from services.platform.processing.unit_of_work import Effect
from services.platform.store.collections import TIMERS
from services.records.accounts import ACCOUNT_CALLS, ACCOUNT_CHECKS, AccountCheck, read_health
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS
from services.records.sends import ACCOUNT_SENDS
from tests.configuration import configure
from tests.driver import Driver
from tests.fakes import FakeHttp, ManualTimeSource, MemoryStore

WRITTEN = AccountChanged(workspace="w", channel="telegram", account="main")
MAIN = "w/telegram:main"
MAIN_SENDS = AccountSends(workspace="w", channel="telegram", account="main", partition=0)


class Platform(Telegram):
    """Telegram, of which only the answer about the bot counts: `says` returns a finding or raises."""

    def __init__(self, says: Callable[[], str | None]) -> None:
        self.says, self.asked = says, 0

    async def check(self, account: Account, http: Http, public_url: str | None, now: datetime) -> str | None:
        self.asked += 1
        return self.says()


class Watch:
    """The stage on its one partition, with effects carried out on request."""

    def __init__(self, says: Callable[[], str | None] = lambda: None) -> None:
        self.platform = Platform(says)
        collections = (ACCOUNT_CHECKS, ACCOUNT_CALLS, ACCOUNT_SENDS, CONFIGURATION_HEADS, CONFIGURATIONS, TIMERS)
        time_source, store = ManualTimeSource(), MemoryStore(*collections)
        self.outside = SendDependencies(
            channels={"telegram": self.platform, "api": Api()},
            http=FakeHttp(),
            store=store,
            time_source=time_source,
            instruments=DeliveryInstruments(CollectorRegistry()),
        )
        self.driver = Driver(PROCESSOR.bind(AccountsDependencies(self.outside)), store=store, time_source=time_source)
        self.connect("telegram/main")

    def connect(self, *accounts: str) -> None:
        """Write the configuration of workspace `w` with these accounts."""
        body = Versioned(body=AccountBody(credentials={"bot_token": "1:a"}), version=1, at=self.driver.now)
        version = self.driver.seq + 1
        configuration = WorkspaceConfiguration(
            workspace="w",
            version=version,
            profile=Versioned(body=WorkspaceBody(name="W"), version=1, at=self.driver.now),
            accounts=dict.fromkeys(accounts, body),
        )
        configure(self.driver.store, configuration)

    async def tell(self, event_type: str = "account_changed") -> None:
        data = CheckAccounts(at=self.driver.now) if event_type == "check_accounts" else WRITTEN
        await self.driver.batch([self.driver.arrived("accounts", f"pasokh.control.{event_type}", data, key="w")])

    async def ask(self, account: str = "main", channel: str = "telegram") -> None:
        """Carry out what the stage would ask a platform, and hand the answer in."""
        name, named = f"probe/w/{channel}:{account}", NamedAccount("w", channel, account)
        answer = await self.driver.processor.perform(Effect(name, named, self.driver.now))
        await self.driver.batch([EffectCompleted(name, answer, named)])

    def check(self) -> AccountCheck:
        found = self.driver.get(ACCOUNT_CHECKS, MAIN)
        assert found is not None
        return found

    def put_sends(self, sends: AccountSends) -> None:
        """What a partition of the sender knows."""
        self.driver.put(ACCOUNT_SENDS, f"0/{MAIN}", sends)

    def calls(self, **more: Any) -> None:
        """What ingest knows."""
        known: dict[str, Any] = {"workspace": "w", "channel": "telegram", "account": "main", **more}
        self.driver.put(ACCOUNT_CALLS, MAIN, ACCOUNT_CALLS.decode(known))

    def told(self) -> list[tuple[str, str]]:
        """The changes that were told: from which state to which."""
        facts = [e for e in self.driver.sent if e.type == "pasokh.account.health_changed"]
        found = [AccountFact.model_validate(event.data) for event in facts]
        return [(fact.previous_state, fact.state) for fact in found]


def raising(error: Exception) -> Callable[[], str | None]:
    def says() -> str | None:
        raise error

    return says


async def test_account_is_asked_about_when_it_is_written_and_then_again_and_again() -> None:
    watch = Watch()
    await watch.tell()
    await watch.ask()
    assert (watch.platform.asked, watch.check().state, watch.told()) == (1, "ok", [])
    assert watch.check().next_at - watch.driver.now == PROBE_INTERVAL
    await watch.driver.advance(PROBE_INTERVAL.total_seconds() + CHECK_INTERVAL.total_seconds())
    assert watch.check().next_at > watch.driver.now


@pytest.mark.parametrize(
    ("says", "state"),
    [
        (raising(CredentialsRejected("the bot token is not accepted (Unauthorized)", 401)), "credentials"),
        (lambda: "No webhook is set.", "webhook"),
    ],
)
async def test_what_the_platform_says_is_told_once_and_taken_back_once(
    says: Callable[[], str | None], state: str
) -> None:
    watch = Watch(says)
    await watch.tell()
    await watch.ask()
    await watch.ask()
    assert (watch.check().state, watch.told()) == (state, [("ok", state)])
    assert watch.check().next_at - watch.driver.now <= FAILING_PROBE_INTERVAL
    watch.platform.says = lambda: None
    await watch.ask()
    assert (watch.check().state, watch.check().detail, watch.told()) == ("ok", "", [("ok", state), (state, "ok")])


@pytest.mark.parametrize(
    "error",
    [TransientSendError("busy"), SendOutcomeUnknown("reset"), PermanentSendError("409", "x"), KeyError("a bug")],
)
async def test_platform_without_a_clear_answer_changes_nothing(error: Exception) -> None:
    watch = Watch(lambda: "No webhook is set.")
    await watch.tell()
    await watch.ask()
    watch.platform.says = raising(error)
    await watch.ask()
    assert (watch.check().state, len(watch.told())) == ("webhook", 1)


async def test_account_that_a_sender_holds_is_told_at_once_and_again_when_it_goes_on() -> None:
    watch = Watch()
    await watch.tell()
    await watch.ask()
    refusal = Failure(code="credentials", detail="the bot token is not accepted", status=401)
    watch.put_sends(replace(MAIN_SENDS, held_for="credentials", last_refused_at=watch.driver.now, last_refusal=refusal))
    await watch.tell("account_sending_changed")
    assert watch.told() == [("ok", "credentials")]
    assert "the bot token is not accepted" in watch.check().detail
    watch.put_sends(MAIN_SENDS)
    await watch.tell("account_sending_changed")
    assert watch.told()[1:] == [("credentials", "ok")]


async def test_pause_and_forged_calls_are_seen_at_the_next_look_and_pass_by_themselves() -> None:
    watch = Watch()
    await watch.tell("check_accounts")
    now = watch.driver.now
    watch.put_sends(replace(MAIN_SENDS, held_for="limit", held_until=now + timedelta(seconds=45)))
    watch.calls(forged=3, forged_since=now, last_forged_at=now)
    await watch.driver.advance(15)
    assert watch.told() == [("ok", "paused")]
    await watch.driver.advance(45)
    assert watch.told()[1:] == [("paused", "forged")]
    assert watch.check().detail.startswith("3 calls with a wrong or missing secret")
    await watch.driver.advance(700)
    assert watch.told()[2:] == [("forged", "ok")]


async def test_polling_that_fails_is_the_webhook_that_fails() -> None:
    watch = Watch()
    await watch.tell("check_accounts")
    watch.calls(is_failing=True, poll_error="Another process fetches this bot's updates.")
    await watch.driver.advance(15)
    assert (watch.told(), watch.check().detail) == (
        [("ok", "webhook")],
        "Another process fetches this bot's updates.",
    )


async def test_accounts_from_before_are_known_once_a_process_starts_and_channels_that_cannot_be_asked_are_well() -> (
    None
):
    watch = Watch()
    watch.connect("telegram/main", "api/crm")
    await watch.tell("check_accounts")
    await watch.ask("crm", "api")
    assert watch.driver.get(ACCOUNT_CHECKS, "w/api:crm") is not None
    assert (watch.check().state, watch.told()) == ("ok", [])


async def test_removed_account_is_forgotten() -> None:
    watch = Watch()
    await watch.tell()
    watch.connect()
    await watch.tell()
    assert watch.driver.get(ACCOUNT_CHECKS, MAIN) is None
    await watch.tell("check_accounts")
    watch.connect("telegram/main")
    await watch.tell()
    watch.connect()
    await watch.ask()
    assert watch.driver.get(ACCOUNT_CHECKS, MAIN) is None


async def test_rest_reads_what_is_known_now_without_waiting_for_a_look() -> None:
    watch, name = Watch(), "telegram/main"
    now = watch.driver.now
    earlier = now - timedelta(minutes=5)
    watch.calls(last_webhook_at=now, forged=1, forged_since=earlier, last_forged_at=earlier)
    refusal = Failure(code="too_long", detail="d", status=400)
    watch.put_sends(replace(MAIN_SENDS, last_sent_at=earlier, last_refused_at=now, last_refusal=refusal))
    health = (await read_health(watch.driver.store, "w", [name], now))[name]
    assert (health.state, health.last_webhook_at, health.last_sent_at) == ("forged", now, earlier)
    assert (health.last_refused_at, health.last_refusal) == (now, refusal)
    assert (await read_health(watch.driver.store, "w", ["api/none"], now))["api/none"].state == "ok"


async def test_metric_shows_each_account_and_its_state_and_no_state_of_before() -> None:
    registry = CollectorRegistry()
    instruments = AccountInstruments(registry)
    watch = Watch(lambda: "No webhook is set.")
    await watch.tell()
    instruments.show([watch.check()])
    labels = {"workspace": "w", "channel": "telegram", "account": "main"}
    assert registry.get_sample_value("pasokh_account_healthy", {**labels, "state": "ok"}) == 1
    await watch.ask()
    instruments.show([watch.check()])
    assert registry.get_sample_value("pasokh_account_healthy", {**labels, "state": "webhook"}) == 0
    assert registry.get_sample_value("pasokh_account_healthy", {**labels, "state": "ok"}) is None
