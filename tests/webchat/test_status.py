"""The status that a visitor reads, and the contact that a visitor leaves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.activity import PersonIdentity
from schemas.configuration import AgentBody
from services.records.agents import AGENTS, AgentRecord, agent_id
from tests.fakes import ManualTimeSource
from tests.rest import ADMIN_KEY, problem_of
from tests.webchat.harness import ORIGIN, PATH, WebchatHarness, open_webchat

ADMIN = {"authorization": f"Bearer {ADMIN_KEY}"}
EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def store_agent(shop: WebchatHarness, presence: str, name: str = "sara", workspace: str = "shop") -> None:
    body = AgentBody(name="Sara Secret", teams=["default"])
    record = AgentRecord(workspace=workspace, id=name, body=body, presence=presence, at=shop.time_source.now())  # type: ignore[arg-type] # a status
    shop.store.insert(AGENTS, agent_id(workspace, name), record)


async def status(shop: WebchatHarness) -> dict[str, Any]:
    answer = await shop.client.get(f"{PATH}/status")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    view: dict[str, Any] = answer.json()
    return view


def closed_now(time_source: ManualTimeSource) -> dict[str, Any]:
    """Opening hours of an hour a day that begin two hours from now."""
    hour = (time_source.now() + timedelta(hours=2)).astimezone(UTC)
    span = [hour.strftime("%H:00"), hour.replace(minute=59).strftime("%H:59")]
    return {"timezone": "UTC", "hours": {day: [span] for day in EVERY_DAY}}


async def put(shop: WebchatHarness, path: str, body: dict[str, Any]) -> None:
    answer = await shop.client.put(f"/v1/workspaces/shop{path}", json=body, headers=ADMIN)
    assert answer.status_code in (200, 201), answer.text
    shop.time_source.move(2)


async def test_nobody_is_online_until_an_agent_is_and_no_name_is_told() -> None:
    async with open_webchat() as shop:
        store_agent(shop, "offline")
        store_agent(shop, "online", workspace="other")
        assert await status(shop) == {"open": True, "opens_at": None, "online": False, "max_file_bytes": 100_000_000}
        store_agent(shop, "online", "omar")
        shop.time_source.move(3)
        assert await status(shop) == {"open": True, "opens_at": None, "online": True, "max_file_bytes": 100_000_000}


async def test_an_agent_among_many_is_found_online() -> None:
    async with open_webchat() as shop:
        for number in range(450):
            store_agent(shop, "offline", f"a{number:03d}")
        store_agent(shop, "online", "z")
        assert (await status(shop))["online"] is True


@pytest.mark.parametrize("where", ["account", "workspace", "promise"])
async def test_a_closed_shop_says_when_it_opens(where: str) -> None:
    async with open_webchat() as shop:
        calendar = closed_now(shop.time_source)
        if where == "workspace":
            await put(shop, "", {"name": "Shop", "calendar": calendar})
        elif where == "account":
            credentials = {"identity_secret": "a-secret-of-the-shop", "allowed_origins": [ORIGIN]}
            await put(shop, "/accounts/webchat/main", {"credentials": credentials, "calendar": calendar})
        else:
            night = {"id": "night", "when": {"channel": "telegram"}, "targets": {"first_response_seconds": 60}}
            chats = {"id": "chats", "when": {"channel": ["webchat"], "surface": "private"}, "calendar": calendar}
            await put(shop, "/sla", {"policies": [night, {**chats, "targets": {"first_response_seconds": 60}}]})
        view = await status(shop)
        opens = shop.time_source.now() + timedelta(hours=2)
        assert view["open"] is False
        assert datetime.fromisoformat(view["opens_at"]) == opens.replace(minute=0, second=0, microsecond=0)


async def test_pages_of_other_origins_are_not_told() -> None:
    async with open_webchat() as shop:
        answer = await shop.client.get(f"{PATH}/status", headers={"origin": "https://evil.example"})
        problem_of(answer, 403)
        allowed = await shop.client.get(f"{PATH}/status", headers={"origin": ORIGIN})
        assert allowed.headers["access-control-allow-origin"] == ORIGIN


async def test_an_address_goes_to_the_log_as_the_visitors_with_their_consent() -> None:
    async with open_webchat() as shop:
        made = await shop.session(name="Neda")
        holder = {"authorization": f"Bearer {made['token']}"}
        answer = await shop.client.post(
            f"{PATH}/contact", json={"email": "neda@example.com", "consent": True}, headers=holder
        )
        assert answer.status_code == 204
        [activity] = shop.activities
        assert (activity.kind, activity.person) == ("contact", f"webchat:main:{made['visitor']}")
        assert activity.details == {"consent": True}
        assert activity.identities == [PersonIdentity(kind="email", value="neda@example.com")]


@pytest.mark.parametrize(
    "body",
    [
        {"email": "neda@example.com"},
        {"email": "neda@example.com", "consent": False},
        {"email": "neda", "consent": True},
        {"email": "neda@localhost", "consent": True},
        {"email": "neda@example..com", "consent": True},
        {"email": "a b@example.com", "consent": True},
        {"email": "neda@example.com\nBcc: x@example.com", "consent": True},
        {"email": "\u202eneda@example.com", "consent": True},
        {"email": "x" * 65 + "@example.com", "consent": True},
        {"email": "neda@" + "a." * 130 + "com", "consent": True},
        {"consent": True},
    ],
)
async def test_what_is_no_address_or_has_no_consent_is_422(body: dict[str, Any]) -> None:
    async with open_webchat() as shop:
        answer = await shop.client.post(f"{PATH}/contact", json=body, headers=await shop.holder())
        problem_of(answer, 422)
        assert shop.activities == []


async def test_an_address_without_a_session_is_401() -> None:
    async with open_webchat() as shop:
        body = {"email": "neda@example.com", "consent": True}
        problem_of(await shop.client.post(f"{PATH}/contact", json=body), 401)
