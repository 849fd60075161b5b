"""`pasokh first-run` prints a link that begins a first run once; a start prints one while there is no workspace."""

import json
from datetime import timedelta

import pytest

from services.cli.first_run import first_run_text
from services.composition import COLLECTIONS
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host import event_loop
from services.platform.host.engine import open_engine
from services.platform.http.service import Context
from services.platform.store.port import Changes, Key, Put
from services.platform.store.read_one import read_one
from services.records.configuration import CONFIGURATION_HEADS, ConfigurationHead
from services.records.desk import FIRST_RUN_CODES, FirstRunCode
from services.records.keys import secret_digest
from tests.cli.conftest import Pasokh

TIME = SystemTimeSource()


async def stored(settings: Settings, code: str) -> FirstRunCode | None:
    async with open_engine(settings, TIME, COLLECTIONS) as (store, _):
        return await read_one(store, FIRST_RUN_CODES, secret_digest(code))


@pytest.mark.parametrize(
    ("environment", "base"),
    [({}, "http://localhost:8800"), ({"PASOKH_PUBLIC_URL": "https://support.example/"}, "https://support.example")],
)
def test_a_link_is_printed_and_works_for_15_minutes(
    pasokh: Pasokh, data: Settings, environment: dict[str, str], base: str
) -> None:
    printed = json.loads(pasokh("first-run", "--json", **environment).stdout)
    address, _, code = printed["url"].partition("#first-run=")
    assert address == f"{base}/desk"
    record = event_loop.run(stored(data, code))
    assert record is not None
    assert record.expires_at - record.created_at == timedelta(minutes=15)


def test_a_new_link_ends_the_one_before(pasokh: Pasokh, data: Settings) -> None:
    first, second = (pasokh("first-run").stdout.splitlines()[-1].partition("#first-run=")[2] for _ in range(2))
    assert event_loop.run(stored(data, first)) is None
    assert event_loop.run(stored(data, second)) is not None


async def test_a_start_says_how_to_begin_until_there_is_a_workspace(data: Settings) -> None:
    async with open_engine(data, TIME, COLLECTIONS) as (store, bus):
        context = Context(data, store, bus, TIME)
        text = await first_run_text("http://127.0.0.1:8800", context)
        assert text is not None
        assert "http://127.0.0.1:8800/desk#first-run=" in text
        head = ConfigurationHead(workspace="shop", version=1)
        await store.commit(Changes(puts=[Put(Key(CONFIGURATION_HEADS.name, "shop"), head)]))
        assert await first_run_text("http://127.0.0.1:8800", context) is None
