"""Seeding speaks the REST contract, in an order in which each resource finds what it names, and can be repeated."""

import httpx2
import pytest

from schemas.configuration import AccountBody
from services.channels.registry import account_rules
from services.channels.telegram import Telegram
from services.channels.webchat import Webchat
from services.demo.corpus import LANGUAGES
from services.demo.rest import ApiError
from services.demo.seeding import AGENTS, Credentials, derive_credentials, seed
from tests.demo.fake_installation import FakeInstallation

KEY = "pk_admin"


async def seeded(installation: FakeInstallation, key: str = KEY) -> Credentials:
    transport = httpx2.ASGITransport(app=installation.app)
    return await seed("http://pasokh", key, "demo", "http://127.0.0.1:9999", transport=transport)


async def test_whole_shop_is_written_and_accepted() -> None:
    installation = FakeInstallation(KEY)
    await seeded(installation)
    assert installation.put[""]["languages"] == ["fa", "ar", "lv", "en"]
    assert {f"/agents/{one.id}/presence" for one in AGENTS} <= installation.put.keys()
    assert {"/routing", "/sla", "/accounts/telegram/main"} <= installation.put.keys()


async def test_somebody_speaks_each_language() -> None:
    installation = FakeInstallation(KEY)
    await seeded(installation)
    skills = {skill for path, body in installation.put.items() if "skills" in body for skill in body["skills"]}
    assert {f"lang:{language}" for language in LANGUAGES} <= skills


async def test_account_is_one_that_the_channel_takes() -> None:
    installation = FakeInstallation(KEY)
    await seeded(installation)
    body = AccountBody.model_validate(installation.put["/accounts/telegram/main"])
    assert account_rules(Telegram()).problems(body) == []
    assert body.api_base == "http://127.0.0.1:9999"
    web = AccountBody.model_validate(installation.put["/accounts/webchat/main"])
    assert account_rules(Webchat()).problems(web) == []


async def test_second_start_writes_the_same_and_agrees_on_the_secret() -> None:
    installation = FakeInstallation(KEY)
    first, before = await seeded(installation), dict(installation.put)
    assert await seeded(installation) == first
    assert installation.put == before


async def test_wrong_key_is_told() -> None:
    with pytest.raises(ApiError) as refusal:
        await seeded(FakeInstallation(KEY), "another")
    assert refusal.value.status == 401


def test_secrets_differ_by_key_and_workspace() -> None:
    several = [derive_credentials("k1", "demo"), derive_credentials("k2", "demo"), derive_credentials("k1", "other")]
    assert len({c.secret_token for c in several}) == len({c.bot_token for c in several}) == 3
