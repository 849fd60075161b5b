"""`pasokh agents sign-in` prints a link that works once, for an agent who is there."""

import json
from datetime import datetime, timedelta

import pytest

from schemas.configuration import AgentBody
from services.cli.agents import qr_code
from services.composition import COLLECTIONS
from services.desk.sign_in import read_code
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host import event_loop
from services.platform.host.engine import open_store
from services.platform.http.problems import Unauthorized
from services.platform.store.port import Changes, Key, Put
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.desk import SignInCode
from tests.cli.conftest import Pasokh

NOW = SystemTimeSource().now


@pytest.fixture
def sara(data: Settings) -> Settings:
    record = AgentRecord(
        workspace="shop", id="sara", body=AgentBody(name="Sara", teams=["default"]), generation=7, at=NOW()
    )

    async def put() -> None:
        async with open_store(data, COLLECTIONS) as store:
            await store.commit(Changes(puts=[Put(Key(AGENTS.name, agent_id("shop", "sara")), record)]))

    event_loop.run(put())
    return data


async def code_at(settings: Settings, code: str, at: datetime) -> SignInCode:
    async with open_store(settings, COLLECTIONS) as store:
        return (await read_code(store, code, at))[1]


@pytest.mark.parametrize(
    ("environment", "base"),
    [
        ({}, "http://localhost:8800"),
        ({"PASOKH_PORT": "9000", "PASOKH_HOST": "::"}, "http://localhost:9000"),
        ({"PASOKH_PUBLIC_URL": "https://support.example/"}, "https://support.example"),
    ],
)
def test_a_link_is_printed_and_works_for_15_minutes(
    pasokh: Pasokh, sara: Settings, environment: dict[str, str], base: str
) -> None:
    printed = json.loads(pasokh("agents", "sign-in", "shop", "sara", "--json", **environment).stdout)
    address, _, code = printed["url"].partition("#code=")
    assert address == f"{base}/desk"
    stored = event_loop.run(code_at(sara, code, NOW()))
    assert (stored.workspace, stored.agent, stored.generation, stored.scopes) == ("shop", "sara", 7, ["desk"])
    with pytest.raises(Unauthorized):
        event_loop.run(code_at(sara, code, NOW() + timedelta(minutes=15)))


def test_without_a_terminal_there_is_no_picture(pasokh: Pasokh, sara: Settings) -> None:
    lines = pasokh("agents", "sign-in", "shop", "sara").stdout.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("http://localhost:8800/desk#code=")


def test_a_link_may_carry_the_scope_admin_and_not_read_alone(pasokh: Pasokh, sara: Settings) -> None:
    printed = json.loads(pasokh("agents", "sign-in", "shop", "sara", "--scope", "admin", "--json").stdout)
    stored = event_loop.run(code_at(sara, printed["url"].partition("#code=")[2], NOW()))
    assert stored.scopes == ["admin"]
    assert pasokh("agents", "sign-in", "shop", "sara", "--scope", "read").exit_code == 1


@pytest.mark.parametrize("who", [("shop", "nobody"), ("other", "sara")])
def test_an_agent_who_is_not_there_gets_none(pasokh: Pasokh, sara: Settings, who: tuple[str, str]) -> None:
    result = pasokh("agents", "sign-in", *who)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "there is no agent" in result.stderr


def test_the_picture_is_a_square_with_the_marks_of_a_qr_code_in_three_corners() -> None:
    rows = qr_code("https://support.example/desk#code=" + "x" * 43).splitlines()
    assert {len(row) for row in rows} == {len(rows[0])}
    top, bottom = rows[1], rows[-3]
    assert top.count(" ▄▄▄▄▄ ") == 2
    assert " █▄▄▄█ " in bottom
