"""Tokens that expire: renewed before that, stored with the care of credentials, used by all; a refusal is a fact."""

from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from schemas.outbound import OutboundMessage
from services.channels.abilities import find_abilities
from services.channels.port import CredentialsRejected
from services.collector.instruments import AccountInstruments
from services.delivery.attempt import SendDependencies, attempt
from services.delivery.instruments import DeliveryInstruments
from services.platform.http.outgoing import PermanentSendError, SendOutcomeUnknown, TransientSendError
from services.records.accounts import read_health
from services.records.tokens import ACCOUNT_TOKENS, AccountTokens
from tests.collector.harness import CollectorHarness, ReviewSite, body
from tests.fakes import FakeHttp

NAME, MAIN = "reviews/main", "shop/reviews:main"
REFRESH = f"refresh/{MAIN}"
DAY = 86_400.0


@pytest.fixture
def site() -> ReviewSite:
    return ReviewSite()


async def opened(site: ReviewSite, lifetime: timedelta | None = timedelta(days=60)) -> CollectorHarness:
    shop = CollectorHarness([site])
    site.expires = shop.clock.now() + lifetime if lifetime is not None else None
    await shop.connect(NAME, body(access_token="first"))
    return shop


def tokens(shop: CollectorHarness) -> AccountTokens:
    found = shop.store.find(ACCOUNT_TOKENS, MAIN)
    assert found is not None
    return found


async def test_token_is_renewed_when_most_of_its_life_is_over(site: ReviewSite) -> None:
    shop = await opened(site)
    due = shop.timer(REFRESH)
    assert due is not None
    assert 0.7 * 60 * DAY <= due < 0.8 * 60 * DAY
    await shop.jump(due, "refresh/")
    assert (site.refreshes, tokens(shop).tokens) == (1, {"access_token": "token 1"})
    assert tokens(shop).expires_at == shop.clock.now() + timedelta(days=60)
    assert shop.timer(REFRESH) == pytest.approx(due, abs=1)
    health = (await read_health(shop.store, "shop", [NAME], shop.clock.now()))[NAME]
    assert (health.state, health.token_expires_at) == ("ok", tokens(shop).expires_at)


async def test_polls_and_replies_use_the_renewed_token(site: ReviewSite) -> None:
    shop = await opened(site, timedelta(0))
    await shop.fire("refresh/")
    await shop.complete("refresh/")
    await shop.poll_now(NAME)
    await shop.complete("poll/")
    assert (site.used, shop.check(MAIN).poll_error) == (["token 1"], None)
    dependencies = SendDependencies(
        channels={"reviews": site},
        abilities=find_abilities([site]),
        http=FakeHttp(),
        store=shop.store,
        time_source=shop.clock,
        instruments=DeliveryInstruments(CollectorRegistry()),
    )
    result = await attempt(reply(shop), shop.clock.now(), dependencies)
    assert (result.kind, site.used[-1]) == ("sent", "token 1")
    connected = await shop.dependencies.accounts.find("shop", "reviews", "main")
    assert connected is not None
    assert connected.account.token("access_token") == "token 1"


def reply(shop: CollectorHarness) -> OutboundMessage:
    return OutboundMessage.model_validate(
        {
            "id": "m1",
            "workspace": "shop",
            "channel": "reviews",
            "account": "main",
            "conversation": "c1",
            "person": "reviews:main:1",
            "key": "shop/reviews:main:1",
            "author": {"kind": "agent", "id": "sara"},
            "address": {"chat": "1"},
            "surface": "public",
            "text": {"text": "thanks"},
            "accepted_at": shop.clock.now(),
        }
    )


async def test_account_without_expiry_and_channel_without_the_ability_have_no_timer(site: ReviewSite) -> None:
    shop = await opened(site, None)
    assert shop.timer(REFRESH) is None
    assert tokens(shop).refresh_at is None


async def test_refusal_is_a_fact_that_asks_for_a_person_and_its_end_is_one_too(site: ReviewSite) -> None:
    shop = await opened(site, timedelta(days=10))
    site.refusal = CredentialsRejected("the permission was withdrawn", 400)
    await shop.jump(8 * DAY, "refresh/")
    check = shop.check(MAIN)
    assert (check.state, check.detail) == (
        "credentials",
        "The access token cannot be renewed: the permission was withdrawn. Connect the account again.",
    )
    assert shop.facts() == [("health_changed", "credentials"), ("refused", "credentials")]
    assert shop.timer(REFRESH) is not None
    site.refusal, site.token, site.expires = None, "again", shop.clock.now() + timedelta(days=60)
    await shop.connect(NAME, body(access_token="again"))
    await shop.driver.advance(15)
    assert shop.check(MAIN).state == "ok"
    assert shop.facts()[2:] == [("health_changed", "ok"), ("recovered", "ok")]


@pytest.mark.parametrize(
    "error",
    [TransientSendError("HTTP 503"), SendOutcomeUnknown("reset"), PermanentSendError("400", "no"), KeyError("a bug")],
)
async def test_failed_refresh_is_tried_again_and_counts_only_when_the_token_has_expired(
    site: ReviewSite, error: Exception
) -> None:
    shop = await opened(site, timedelta(hours=10))
    site.refusal = error
    await shop.jump(9 * 3600, "refresh/")
    assert (shop.check(MAIN).state, shop.facts()) == ("ok", [])
    assert tokens(shop).failures > 1
    await shop.jump(3 * 3600, "refresh/")
    assert shop.check(MAIN).detail.startswith("The access token expired on ")
    site.refusal = None
    await shop.jump(3601, "refresh/")
    assert (shop.check(MAIN).state, tokens(shop).failures) == ("ok", 0)


async def test_refresh_that_is_lost_with_its_process_is_begun_again_and_a_late_result_is_stored(
    site: ReviewSite,
) -> None:
    shop = await opened(site, timedelta(0))
    await shop.fire("refresh/")
    late = await shop.perform("refresh/")
    shop.driver.restart()
    shop.driver.now = shop.clock.now() + timedelta(seconds=60)
    await shop.fire("refresh/")
    assert shop.waiting("refresh/") == [REFRESH]
    # The platform may have made the token before it void: the answer that came late is the newest there is.
    await shop.driver.batch([late])
    assert tokens(shop).tokens == {"access_token": "token 1"}


async def test_tokens_of_other_credentials_are_void_and_those_of_a_renamed_account_stay(site: ReviewSite) -> None:
    shop = await opened(site, timedelta(0))
    await shop.fire("refresh/")
    await shop.complete("refresh/")
    await shop.connect(NAME, body(access_token="first").model_copy(update={"name": "Reviews"}))
    assert tokens(shop).tokens == {"access_token": "token 1"}
    late = replace(tokens(shop))
    await shop.connect(NAME, body(access_token="second"))
    assert tokens(shop).tokens == {}
    # Even before the collector has heard of the change.
    shop.store.insert(ACCOUNT_TOKENS, MAIN, late)
    connected = await shop.dependencies.accounts.reload("shop", "reviews", "main")
    assert connected is not None
    assert connected.account.token("access_token") == "second"


async def test_nothing_is_left_of_an_account_that_is_removed_and_a_late_result_brings_nothing_back(
    site: ReviewSite,
) -> None:
    shop = await opened(site, timedelta(0))
    await shop.fire("refresh/")
    late = await shop.perform("refresh/")
    await shop.connect(NAME, None)
    await shop.driver.batch([late])
    assert [key for key in shop.store.documents if key.id == MAIN] == []
    assert [one.name for one in shop.driver.timers()] == ["check"]


async def test_tokens_are_in_no_representation(site: ReviewSite) -> None:
    shop = await opened(site, timedelta(0))
    await shop.fire("refresh/")
    result = await shop.perform("refresh/")
    await shop.driver.batch([result])
    assert "token 1" not in repr(tokens(shop)) + repr(result) + repr(shop.driver.effects)
    assert not any("token 1" in str(event.data) for event in shop.driver.sent)


async def test_metric_shows_when_a_token_expires(site: ReviewSite) -> None:
    shop = await opened(site)
    registry = CollectorRegistry()
    AccountInstruments(registry).show([shop.check(MAIN)])
    labels = {"workspace": "shop", "channel": "reviews", "account": "main"}
    expires = (shop.clock.now() + timedelta(days=60)).timestamp()
    assert registry.get_sample_value("pasokh_account_token_expiry_timestamp_seconds", labels) == expires
