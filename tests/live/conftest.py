"""One `pasokh up` for the checks of the REST contract, a workspace of its own for each test, and a stand-in Telegram."""

import json
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from services.demo.telegram import FakeTelegram
from tests.live.contract import Desk
from tests.live.installation import ADMIN_KEY, Running, allowing, command, running_well, shop_at, telegram, up
from tests.live_servers.server import free_ports


@pytest.fixture(scope="session")
def contract_port() -> int:
    """Where the stand-in for Telegram listens; the only private address that replies may go to."""
    return free_ports(1)[0]


@pytest.fixture(scope="session")
def contracted(tmp_path_factory: pytest.TempPathFactory, contract_port: int) -> Iterator[Running]:
    running = up(tmp_path_factory.mktemp("contract"), PASOKH_ADMIN_KEY=ADMIN_KEY, **allowing(contract_port))
    with running_well(running):
        yield running
        assert dead_letters(running) == []


def dead_letters(running: Running) -> list[object]:
    """What the deciding code could not bear, as an operator sees it."""
    listing = command(running.folder, "dead-letters", "list", "--json")
    listing.start()
    assert listing.wait_end(60) == 0
    items: list[object] = json.loads(listing.log)["items"]
    return items


@pytest.fixture
def bots_home() -> str:
    """The path below which the bot of this one test lives: what a test before it still sends is not found there."""
    return f"/{time.time_ns()}"


@pytest.fixture
def own_telegram(contract_port: int, bots_home: str) -> str:
    """The `api_base` of this one test's bot."""
    return f"http://127.0.0.1:{contract_port}{bots_home}"


@pytest.fixture
async def stand_in(contract_port: int, bots_home: str) -> AsyncIterator[FakeTelegram]:
    async with telegram(contract_port, bots_home) as (standing_in, _):
        yield standing_in


@pytest.fixture
async def desk(contracted: Running, own_telegram: str) -> AsyncIterator[Desk]:
    """A workspace with a bot and no agents, at the admin's key."""
    async with shop_at(contracted.url, ADMIN_KEY, f"w-{time.time_ns()}") as shop:
        desk = Desk(shop.client, shop.workspace)
        await desk.put("", {"name": "Shop", "languages": ["en", "fa"]})
        await desk.put("/accounts/telegram/main", desk.account(own_telegram))
        yield desk
