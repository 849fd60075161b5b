"""Access tokens of Messenger and Instagram: when they expire, and the calls that renew them."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from schemas.configuration import AccountBody
from services.channels.instagram import Instagram
from services.channels.messenger import Messenger
from services.channels.port import Account, CredentialsRejected, RefreshedTokens
from services.channels.registry import account_rules
from services.platform.http.outgoing import PermanentSendError, TransientSendError
from services.records.tokens import ACCOUNT_TOKENS
from tests.channels.instagram import cases as instagram
from tests.channels.messenger import cases as messenger
from tests.channels.meta.public_calls import answer, refusal
from tests.collector.harness import CollectorHarness
from tests.fakes import FakeHttp, in_order
from tests.fakes.http import always

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
IN_60_DAYS, LIFE = NOW + timedelta(days=60), int(timedelta(days=60).total_seconds())
EXPIRES: dict[str, object] = {"token_expires_at": "2026-04-30T12:00:00Z"}
BY_FACEBOOK: dict[str, object] = {"login": "facebook"}


async def test_token_of_a_page_is_exchanged_by_the_app_and_nothing_secret_is_in_the_url() -> None:
    account, http = messenger.account(), FakeHttp(in_order(answer({"access_token": "EAAnew", "expires_in": LIFE})))
    assert await Messenger().refresh(account, NOW, http) == RefreshedTokens({"access_token": "EAAnew"}, IN_60_DAYS)
    [call] = http.calls
    assert (call.method, call.url) == ("POST", "https://graph.facebook.com/v25.0/oauth/access_token")
    assert {name: value for name, [value] in parse_qs(call.body.decode()).items()} == {
        "grant_type": "fb_exchange_token",
        "client_id": messenger.APP,
        "client_secret": messenger.SECRET,
        "fb_exchange_token": messenger.TOKEN,
    }


async def test_token_of_an_instagram_login_is_refreshed_by_itself() -> None:
    account, http = instagram.account(), FakeHttp(in_order(answer({"access_token": "IGAAnew", "expires_in": LIFE})))
    assert await Instagram().refresh(account, NOW, http) == RefreshedTokens({"access_token": "IGAAnew"}, IN_60_DAYS)
    [call] = http.calls
    url = "https://graph.instagram.com/refresh_access_token?grant_type=ig_refresh_token"
    assert (call.method, call.url, call.headers["authorization"]) == ("GET", url, f"Bearer {instagram.TOKEN}")


async def test_token_of_a_facebook_login_is_exchanged_on_instagram_too() -> None:
    account = instagram.account(BY_FACEBOOK)
    http = FakeHttp(in_order(answer({"access_token": "EAAnew"})))
    # A token without an end is not renewed again.
    assert await Instagram().refresh(account, NOW, http) == RefreshedTokens({"access_token": "EAAnew"}, None)
    assert http.calls[0].url == "https://graph.facebook.com/v25.0/oauth/access_token"


async def test_api_base_covers_the_renewal() -> None:
    account = instagram.account()
    elsewhere = account.body.model_copy(update={"api_base": "https://meta.example/api/"})
    http = FakeHttp(in_order(answer({"access_token": "IGAAnew"})))
    await Instagram().refresh(Account("shop", "instagram", "main", elsewhere), NOW, http)
    assert http.calls[0].url.startswith("https://meta.example/api/refresh_access_token?")


@pytest.mark.parametrize(
    ("channel", "account", "expires_at"),
    [
        (Messenger(), messenger.account(), None),
        (Messenger(), messenger.account(EXPIRES), IN_60_DAYS),
        (Instagram(), instagram.account(EXPIRES), IN_60_DAYS),
        (Instagram(), instagram.account(BY_FACEBOOK), None),
        # Its end is not known: it is renewed on its second day, and then it is.
        (Instagram(), instagram.account(), NOW + timedelta(days=2)),
    ],
)
def test_when_a_token_expires(channel: Messenger | Instagram, account: Account, expires_at: datetime | None) -> None:
    assert channel.expires_at(account, NOW) == expires_at


@pytest.mark.parametrize("channel", [Messenger(), Instagram()], ids=["messenger", "instagram"])
async def test_refusals_of_a_renewal_quote_no_secret(channel: Messenger | Instagram) -> None:
    cases = messenger if isinstance(channel, Messenger) else instagram
    account = cases.account()
    with pytest.raises(CredentialsRejected):
        await channel.refresh(account, NOW, FakeHttp(in_order(refusal(190, 463))))
    with pytest.raises(TransientSendError):
        await channel.refresh(account, NOW, FakeHttp(in_order(refusal(4))))
    with pytest.raises(PermanentSendError):
        await channel.refresh(account, NOW, FakeHttp(in_order(answer({}))))
    quoted = {"error": {"code": 190, "message": f"Malformed {cases.TOKEN} for {cases.SECRET}"}}
    with pytest.raises(CredentialsRejected) as raised:
        await channel.refresh(account, NOW, FakeHttp(always(400, answer(quoted).body)))
    assert cases.TOKEN not in str(raised.value)
    assert channel.name == "instagram" or cases.SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("channel", "account", "pointers"),
    [
        (Messenger(), messenger.account(EXPIRES), []),
        (Messenger(), messenger.account({"token_expires_at": "soon"}), ["/settings/token_expires_at"]),
        (Messenger(), messenger.account({"token_expires_at": "2026-04-30"}), ["/settings/token_expires_at"]),
    ],
)
def test_the_end_of_a_token_is_a_time(channel: Messenger, account: Account, pointers: list[str]) -> None:
    assert [problem[0] for problem in account_rules(channel).problems(account.body)] == pointers


def test_facebook_renews_no_token_without_the_id_of_the_app() -> None:
    known = messenger.account(EXPIRES).body
    bare = known.model_copy(update={"credentials": {n: v for n, v in known.credentials.items() if n != "app_id"}})
    assert [problem[0] for problem in account_rules(Messenger()).problems(bare)] == ["/credentials/app_id"]


async def test_the_collector_renews_a_token_of_instagram_on_its_second_day_and_before_it_expires() -> None:
    http = FakeHttp(always(200, answer({"access_token": "IGAAnew", "expires_in": LIFE}).body))
    house = CollectorHarness([Instagram()], http)
    body = AccountBody.model_validate(instagram.account().body.model_dump())
    await house.connect("instagram/main", body)
    connected = house.clock.now()
    await house.jump(86_400, "refresh/")
    assert http.calls == []
    await house.jump(86_400, "refresh/")
    stored = house.store.find(ACCOUNT_TOKENS, "shop/instagram:main")
    assert stored is not None
    assert stored.tokens == {"access_token": "IGAAnew"}
    assert stored.expires_at is not None
    assert stored.expires_at > connected + timedelta(days=61)
    await house.jump(50 * 86_400, "refresh/")
    assert [call.headers["authorization"] for call in http.calls] == [f"Bearer {instagram.TOKEN}", "Bearer IGAAnew"]
