"""The health of accounts: when platforms are probed, what decides the health, and which changes are emitted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from schemas.accounts import AccountFact
from schemas.configuration import AccountBody
from schemas.values import Failure
from services.channels.api import Api
from services.channels.port import Account, CredentialsRejected
from services.channels.telegram import Telegram
from services.collector.accounts import CHECK_INTERVAL
from services.collector.context import NamedAccount
from services.collector.health import FAILING_PROBE_INTERVAL, PROBE_INTERVAL
from services.collector.instruments import AccountInstruments
from services.domain.account_phrases import AccountFinding
from services.domain.account_sends import AccountSends
from services.platform.http.outgoing import HttpClient, PermanentSendError, SendOutcomeUnknown, TransientSendError
from services.platform.processing.inputs import EffectCompleted
from services.platform.processing.unit_of_work import Effect
from services.records.accounts import ACCOUNT_CALLS, ACCOUNT_CHECKS, AccountCheck, read_health
from services.records.sends import ACCOUNT_SENDS
from tests.collector.harness import CollectorHarness

MAIN = "shop/telegram:main"
MAIN_SENDS = AccountSends(workspace="shop", channel="telegram", account="main", partition=0)


class Platform(Telegram):
    """Telegram with a scripted answer to a probe: `answer` returns a finding or raises."""

    def __init__(self, answer: Callable[[], AccountFinding | None]) -> None:
        self.answer, self.probes = answer, 0

    async def check(
        self, account: Account, http: HttpClient, public_url: str | None, now: datetime
    ) -> AccountFinding | None:
        self.probes += 1
        return self.answer()


class AccountsHarness:
    """The collector on its one partition, with a scripted platform. Effects run when a test says so."""

    def __init__(self, answer: Callable[[], AccountFinding | None] = lambda: None) -> None:
        self.platform = Platform(answer)
        self.collector = CollectorHarness([self.platform, Api()])
        self.driver = self.collector.driver
        self.connect("telegram/main")

    def connect(self, *accounts: str) -> None:
        """Write the configuration of the workspace with these accounts."""
        for name in {*self.collector.accounts} - {*accounts}:
            self.collector.write(name, None)
        for name in accounts:
            self.collector.write(name, AccountBody(credentials={"bot_token": "1:a"}))

    async def emit(self, event_type: str = "account_changed") -> None:
        if event_type == "check_accounts":
            await self.collector.start_process()
        else:
            await self.collector.emit(f"pasokh.control.{event_type}", "telegram/main")

    async def probe(self, account: str = "main", channel: str = "telegram") -> None:
        """Probe an account, and hand the result in."""
        name, named = f"probe/shop/{channel}:{account}", NamedAccount("shop", channel, account)
        answer = await self.driver.processor.perform(Effect(name, named, self.driver.now))
        await self.driver.batch([EffectCompleted(name, answer, named)])

    def check(self) -> AccountCheck:
        found = self.driver.get(ACCOUNT_CHECKS, MAIN)
        assert found is not None
        return found

    def put_sends(self, sends: AccountSends) -> None:
        """Write the state of sending as the account."""
        self.driver.put(ACCOUNT_SENDS, f"0/{MAIN}", sends)

    def put_calls(self, **more: Any) -> None:
        """Write the calls that came in for the account."""
        known: dict[str, Any] = {"workspace": "shop", "channel": "telegram", "account": "main", **more}
        self.driver.put(ACCOUNT_CALLS, MAIN, ACCOUNT_CALLS.decode(known))

    def health_changes(self) -> list[tuple[str, str]]:
        """The changes of health that were emitted: from which state to which."""
        facts = [e for e in self.driver.sent if e.type == "pasokh.account.health_changed"]
        found = [AccountFact.model_validate(event.data) for event in facts]
        return [(fact.previous_state, fact.state) for fact in found]


def raising(error: Exception) -> Callable[[], AccountFinding | None]:
    def answer() -> AccountFinding | None:
        raise error

    return answer


async def test_account_is_probed_when_it_is_written_and_then_at_intervals() -> None:
    accounts = AccountsHarness()
    await accounts.emit()
    await accounts.probe()
    assert (accounts.platform.probes, accounts.check().state, accounts.health_changes()) == (1, "ok", [])
    assert accounts.check().next_at - accounts.driver.now == PROBE_INTERVAL
    await accounts.driver.advance(PROBE_INTERVAL.total_seconds() + CHECK_INTERVAL.total_seconds())
    assert accounts.check().next_at > accounts.driver.now


async def test_a_channel_whose_check_is_a_login_is_probed_as_seldom_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Telegram, "capabilities", Telegram.capabilities.model_copy(update={"probe_seconds": 1800.0}))
    accounts = AccountsHarness(raising(CredentialsRejected("no", 535)))
    await accounts.emit()
    await accounts.probe()
    assert accounts.check().state == "credentials"
    assert accounts.check().next_at - accounts.driver.now == timedelta(seconds=1800)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (raising(CredentialsRejected("the bot token is not accepted (Unauthorized)", 401)), "credentials"),
        (lambda: AccountFinding("No webhook is set."), "webhook"),
    ],
)
async def test_failing_probe_is_one_change_and_a_good_one_is_the_change_back(
    answer: Callable[[], AccountFinding | None], state: str
) -> None:
    accounts = AccountsHarness(answer)
    await accounts.emit()
    await accounts.probe()
    await accounts.probe()
    assert (accounts.check().state, accounts.health_changes()) == (state, [("ok", state)])
    assert accounts.check().next_at - accounts.driver.now <= FAILING_PROBE_INTERVAL
    accounts.platform.answer = lambda: None
    await accounts.probe()
    assert (accounts.check().state, accounts.check().detail, accounts.health_changes()) == (
        "ok",
        "",
        [("ok", state), (state, "ok")],
    )


@pytest.mark.parametrize(
    "error",
    [TransientSendError("busy"), SendOutcomeUnknown("reset"), PermanentSendError("409", "x"), KeyError("a bug")],
)
async def test_platform_without_a_clear_answer_changes_nothing(error: Exception) -> None:
    accounts = AccountsHarness(lambda: AccountFinding("No webhook is set."))
    await accounts.emit()
    await accounts.probe()
    accounts.platform.answer = raising(error)
    await accounts.probe()
    assert (accounts.check().state, len(accounts.health_changes())) == ("webhook", 1)


async def test_hold_of_an_account_changes_its_health_at_once_and_its_end_changes_it_back() -> None:
    accounts = AccountsHarness()
    await accounts.emit()
    await accounts.probe()
    refusal = Failure(code="credentials", detail="the bot token is not accepted", status=401)
    accounts.put_sends(
        replace(MAIN_SENDS, held_for="credentials", last_refused_at=accounts.driver.now, last_refusal=refusal)
    )
    await accounts.emit("account_sending_changed")
    assert accounts.health_changes() == [("ok", "credentials")]
    assert "the bot token is not accepted" in accounts.check().detail
    accounts.put_sends(MAIN_SENDS)
    await accounts.emit("account_sending_changed")
    assert accounts.health_changes()[1:] == [("credentials", "ok")]


async def test_pause_and_forged_calls_change_health_at_the_next_check_and_pass_by_themselves() -> None:
    accounts = AccountsHarness()
    await accounts.emit("check_accounts")
    now = accounts.driver.now
    accounts.put_sends(replace(MAIN_SENDS, held_for="limit", held_until=now + timedelta(seconds=45)))
    accounts.put_calls(forged=3, forged_since=now, last_forged_at=now)
    await accounts.driver.advance(15)
    assert accounts.health_changes() == [("ok", "paused")]
    await accounts.driver.advance(45)
    assert accounts.health_changes()[1:] == [("paused", "forged")]
    assert accounts.check().detail.startswith("3 calls with a wrong or missing secret")
    await accounts.driver.advance(700)
    assert accounts.health_changes()[2:] == [("forged", "ok")]


async def test_start_of_a_process_makes_missing_checks_and_channels_without_probes_are_well() -> None:
    accounts = AccountsHarness()
    accounts.connect("telegram/main", "api/crm")
    await accounts.emit("check_accounts")
    await accounts.probe("crm", "api")
    assert accounts.driver.get(ACCOUNT_CHECKS, "shop/api:crm") is not None
    assert (accounts.check().state, accounts.health_changes()) == ("ok", [])


async def test_check_of_a_removed_account_is_deleted() -> None:
    accounts = AccountsHarness()
    await accounts.emit()
    accounts.connect()
    await accounts.emit()
    assert accounts.driver.get(ACCOUNT_CHECKS, MAIN) is None
    await accounts.emit("check_accounts")
    accounts.connect("telegram/main")
    await accounts.emit()
    accounts.connect()
    await accounts.probe()
    assert accounts.driver.get(ACCOUNT_CHECKS, MAIN) is None


async def test_rest_reads_health_as_of_now_without_waiting_for_a_check() -> None:
    accounts, name = AccountsHarness(), "telegram/main"
    now = accounts.driver.now
    earlier = now - timedelta(minutes=5)
    accounts.put_calls(last_webhook_at=now, forged=1, forged_since=earlier, last_forged_at=earlier)
    refusal = Failure(code="too_long", detail="d", status=400)
    accounts.put_sends(replace(MAIN_SENDS, last_sent_at=earlier, last_refused_at=now, last_refusal=refusal))
    health = (await read_health(accounts.driver.store, "shop", [name], now))[name]
    assert (health.state, health.last_webhook_at, health.last_sent_at) == ("forged", now, earlier)
    assert (health.last_refused_at, health.last_refusal) == (now, refusal)
    assert (await read_health(accounts.driver.store, "shop", ["api/none"], now))["api/none"].state == "ok"


async def test_metric_shows_each_account_and_its_state_and_no_state_of_before() -> None:
    registry = CollectorRegistry()
    instruments = AccountInstruments(registry)
    accounts = AccountsHarness(lambda: AccountFinding("No webhook is set."))
    await accounts.emit()
    instruments.show([accounts.check()])
    labels = {"workspace": "shop", "channel": "telegram", "account": "main"}
    assert registry.get_sample_value("pasokh_account_healthy", {**labels, "state": "ok"}) == 1
    await accounts.probe()
    instruments.show([accounts.check()])
    assert registry.get_sample_value("pasokh_account_healthy", {**labels, "state": "webhook"}) == 0
    assert registry.get_sample_value("pasokh_account_healthy", {**labels, "state": "ok"}) is None
