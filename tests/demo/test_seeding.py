"""Seeding speaks the REST contract, in an order in which each resource finds what it names, and can be repeated."""

import httpx2
import pytest

from schemas.configuration import AccountBody
from services.channels.registry import account_rules, channel
from services.demo.accounts import Credentials, StandIns, derive_credentials
from services.demo.corpus import LANGUAGES
from services.demo.rest import ApiError
from services.demo.seeding import seed
from services.demo.staff import AGENTS
from tests.demo.fake_installation import FakeInstallation

KEY = "pk_admin"
STAND_INS = StandIns("http://127.0.0.1:9999", "smtp://demo:demo-password@127.0.0.1:9998")


async def seeded(installation: FakeInstallation, key: str = KEY) -> Credentials:
    transport = httpx2.ASGITransport(app=installation.app)
    return await seed("http://pasokh", key, "demo", STAND_INS, transport=transport)


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


async def test_each_account_is_one_that_its_channel_takes_and_calls_a_stand_in_alone() -> None:
    installation = FakeInstallation(KEY)
    await seeded(installation)
    bodies = {
        path.split("/")[2]: AccountBody.model_validate(body)
        for path, body in installation.put.items()
        if path.startswith("/accounts/")
    }
    assert bodies.keys() >= {"telegram", "instagram", "email", "webchat"}
    for name, body in bodies.items():
        adapter = channel(name)
        assert adapter is not None
        assert account_rules(adapter).problems(body) == [], name
        called = [url for _, url in account_rules(adapter).called_urls(body)]
        called += [body.api_base] if body.api_base else []
        assert all(url.startswith((STAND_INS.url, STAND_INS.smtp_url)) for url in called)
        assert called or name in {"webchat", "survey"}


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
    for name in Credentials.__dataclass_fields__:
        assert len({getattr(one, name) for one in several}) == 3, name
