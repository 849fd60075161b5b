"""`pasokh telegram connect` against a stand-in: what it does, and what it says when that cannot work."""

from typing import Any

import pytest

from schemas.configuration import AccountBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from services.cli.errors import CliError
from services.cli.telegram import BotSetup, connect_bot
from services.composition import COLLECTIONS
from services.demo.telegram import FakeTelegram
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host import event_loop
from services.platform.host.engine import open_store
from services.platform.store.port import Changes, Key, Put
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS, ConfigurationHead, read_configuration
from tests.cli.conftest import Pasokh
from tests.fakes.telegram_http import TelegramHttp

BOT, TOKEN = 123456, "123456:ABC-DEF"
PUBLIC = "https://93.184.216.34"


@pytest.fixture
def shop(data: Settings) -> Settings:
    """An installation with the workspace `shop`."""

    async def write() -> None:
        body = Versioned(body=WorkspaceBody(name="Shop"), version=1, at=SystemTimeSource().now())
        configuration = WorkspaceConfiguration(workspace="shop", version=1, profile=body)
        puts = [
            Put(Key(CONFIGURATIONS.name, "shop/1"), configuration.model_dump(mode="json")),
            Put(
                Key(CONFIGURATION_HEADS.name, "shop"),
                ConfigurationHead(workspace="shop", version=1),
            ),
        ]
        async with open_store(data, COLLECTIONS) as store:
            await store.commit(Changes(puts=puts))

    event_loop.run(write())
    return data


def account_or_none(settings: Settings) -> AccountBody | None:
    async def read() -> AccountBody | None:
        async with open_store(settings, COLLECTIONS) as store:
            found = await read_configuration(store, "shop")
            kept = found.accounts.get("telegram/main") if found else None
            return kept.body if kept else None

    return event_loop.run(read())


def account_of(settings: Settings) -> AccountBody:
    found = account_or_none(settings)
    assert found is not None
    return found


def connect(settings: Settings, stand_in: FakeTelegram, token: str = TOKEN, **wanted: Any) -> None:
    asked = BotSetup("shop", "main", token, **wanted)

    async def run() -> None:
        await connect_bot(settings.model_copy(update={"public_url": PUBLIC}), asked, TelegramHttp(stand_in))

    event_loop.run(run())


def test_bot_is_asked_who_it_is_and_its_webhook_is_set_with_a_secret_and_checked(
    shop: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in = FakeTelegram()
    connect(shop, stand_in)
    said = capsys.readouterr().out
    assert ("@pasokh_demo_bot" in said, "Telegram confirms it" in said) == (True, True)
    assert stand_in.webhooks[BOT] == f"{PUBLIC}/webhooks/telegram/shop/main"
    body = account_of(shop)
    assert (body.settings["username"], body.settings["receive"]) == ("pasokh_demo_bot", "webhook")
    assert len(body.credentials["secret_token"]) >= 32
    assert TOKEN not in said
    assert str(body.credentials["secret_token"]) not in said


def test_connecting_again_keeps_the_secret_and_takes_the_new_token(shop: Settings) -> None:
    connect(shop, FakeTelegram())
    secret = account_of(shop).credentials["secret_token"]
    connect(shop, FakeTelegram(), "123456:NEW")
    assert account_of(shop).credentials == {"bot_token": "123456:NEW", "secret_token": secret}


def test_secret_that_could_be_guessed_is_replaced(shop: Settings) -> None:
    connect(shop, FakeTelegram())

    async def weaken() -> None:
        async with open_store(shop, COLLECTIONS) as store:
            found = await read_configuration(store, "shop")
            assert found is not None
            kept = found.accounts["telegram/main"]
            weak = kept.body.model_copy(update={"credentials": {"bot_token": TOKEN, "secret_token": "short"}})
            accounts = {"telegram/main": kept.model_copy(update={"body": weak})}
            after = found.model_copy(update={"accounts": accounts, "version": found.version + 1})
            head = ConfigurationHead(workspace="shop", version=after.version)
            puts = [
                Put(Key(CONFIGURATIONS.name, f"shop/{after.version}"), after.model_dump(mode="json")),
                Put(Key(CONFIGURATION_HEADS.name, "shop"), head),
            ]
            await store.commit(Changes(puts=puts))

    event_loop.run(weaken())
    connect(shop, FakeTelegram())
    assert len(account_of(shop).credentials["secret_token"]) >= 32


def test_poll_takes_the_webhook_away(shop: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    stand_in = FakeTelegram()
    connect(shop, stand_in)
    connect(shop, stand_in, poll=True)
    assert (stand_in.webhooks[BOT], account_of(shop).settings["receive"]) == ("", "poll")
    assert "fetches its updates" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://93.184.216.34", "posts to https only"),
        ("https://93.184.216.34:9443", "443, 80, 88, 8443 only, not to 9443"),
        ("https://127.0.0.1", "a private address that Telegram cannot reach"),
        ("https://10.0.0.8", "a private address that Telegram cannot reach"),
        ("https://localhost", "a private address that Telegram cannot reach"),
        ("chat.example.com", "is no https address"),
    ],
)
def test_address_that_telegram_cannot_reach_is_refused_before_anything_is_done(
    pasokh: Pasokh, shop: Settings, address: str, said: str
) -> None:
    result = pasokh("telegram", "connect", "shop", "main", "--token", TOKEN, "--public-url", address)
    assert (result.exit_code, said in result.stderr, "--poll" in result.stderr) == (1, True, True)
    assert account_or_none(shop) is None


def test_without_an_address_it_says_what_to_give(pasokh: Pasokh, shop: Settings) -> None:
    said = pasokh("telegram", "connect", "shop", "main", "--token", TOKEN).stderr
    assert ("--public-url https://" in said, "--poll" in said) == (True, True)


def test_token_that_is_none_and_a_workspace_that_is_none_are_named(pasokh: Pasokh, shop: Settings) -> None:
    with pytest.raises(CliError, match="@BotFather"):
        connect(shop, FakeTelegram(), "nonsense", poll=True)
    assert account_or_none(shop) is None
    said = pasokh("telegram", "connect", "other", "main", "--token", TOKEN, "--poll").stderr
    assert "there is no workspace 'other'" in said
