"""Writes the demo shop: workspace, teams, agents, rules, SLA policies, a Telegram account and a web chat.

Idempotent.
"""

import hashlib
import hmac
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import httpx2

from schemas.values import Json
from services.demo.corpus import LANGUAGES, Language
from services.demo.rest import Rest, connected

ACCOUNT = "main"
TEAM = "support"
BOT_USERNAME = "pasokh_demo_bot"


@dataclass(frozen=True, slots=True)
class DemoAgent:
    """An agent of the demo shop."""

    id: str
    name: str
    languages: Mapping[Language, int]
    capacity: int = 8


AGENTS: tuple[DemoAgent, ...] = (
    DemoAgent("sara", "سارا", {"fa": 5, "en": 2}),
    DemoAgent("omid", "امید", {"fa": 4, "ar": 2}),
    DemoAgent("omar", "عمر", {"ar": 5, "en": 3}),
    DemoAgent("layla", "ليلى", {"ar": 4, "fa": 2}),
    DemoAgent("ilze", "Ilze", {"lv": 5, "en": 4}),
    DemoAgent("juris", "Juris", {"lv": 4, "en": 2}),
    DemoAgent("emma", "Emma", {"en": 5}),
    DemoAgent("noah", "Noah", {"en": 4, "lv": 1}),
)

ROUTING: dict[str, Json] = {
    "rules": [
        {"when": {"sensitive": True}, "then": {"team": "payments", "priority": "urgent"}},
        {
            "when": {"sentiment": "negative"},
            "then": {"team": TEAM, "skills": {"lang:{language}": 3}, "priority": "high"},
        },
        {"when": {"intent": ["refund", "payment"]}, "then": {"team": "payments", "skills": {"lang:{language}": 2}}},
        {"when": {"language": list(LANGUAGES)}, "then": {"team": TEAM, "skills": {"lang:{language}": 1}}},
        {"when": {}, "then": {"team": TEAM}},
    ]
}
# The targets are so short that within a minute some are fulfilled and some are breached.
URGENT: dict[str, Json] = {"first_response_seconds": 10, "next_response_seconds": 20, "resolution_seconds": 90}
EVERYONE: dict[str, Json] = {
    "pickup_seconds": 5,
    "first_response_seconds": 20,
    "next_response_seconds": 40,
    "resolution_seconds": 180,
}
SLA: dict[str, Json] = {
    "policies": [
        {"id": "urgent", "when": {"priority": ["urgent", "high"]}, "targets": URGENT},
        {"id": "everyone", "when": {}, "targets": EVERYONE},
    ]
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of the demo's bot and web chat.

    They are derived from key and workspace, the same at every start.
    """

    bot_token: str
    secret_token: str
    identity_secret: str


def derive_credentials(admin_key: str, workspace: str) -> Credentials:
    """Derive the credentials by a hash, from which the key cannot be recovered."""

    def derived(purpose: str) -> str:
        return hmac.new(admin_key.encode(), f"demo/{purpose}/{workspace}".encode(), hashlib.sha256).hexdigest()

    return Credentials(
        bot_token=f"7000000001:{derived('bot')[:35]}",
        secret_token=derived("webhook"),
        identity_secret=derived("identity"),
    )


async def seed(
    base_url: str,
    admin_key: str,
    workspace: str,
    stand_in_url: str,
    *,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> Credentials:
    """Write everything over REST. Raises ApiError, or httpx2.TransportError without a response."""
    credentials = derive_credentials(admin_key, workspace)
    if transport is None:
        # The webhook is set first, because the account is checked as soon as it is written.
        await _set_webhook(base_url, workspace, stand_in_url, credentials)
    async with connected(base_url, transport) as client:
        rest = Rest(client, admin_key, workspace)
        for path, body in resources(credentials, stand_in_url):
            await rest.put(path, body)
    return credentials


async def _set_webhook(base_url: str, workspace: str, stand_in_url: str, credentials: Credentials) -> None:
    """As `pasokh telegram connect` would: the account is well only when its bot has a webhook.

    A stand-in that this machine does not reach is left as it is: the installation says of the account what is missing.
    """
    url = f"{base_url.rstrip('/')}/webhooks/telegram/{workspace}/{ACCOUNT}"
    with suppress(httpx2.HTTPError):
        async with connected(stand_in_url) as telegram:
            await telegram.post(f"/bot{credentials.bot_token}/setWebhook", json={"url": url})


def resources(credentials: Credentials, stand_in_url: str) -> list[tuple[str, dict[str, Json]]]:
    """Path below the workspace → body, in an order in which every reference exists already."""
    return [
        ("", {"name": "Demo shop", "languages": list(LANGUAGES), "timezone": "Asia/Tehran"}),
        (f"/teams/{TEAM}", {"name": "Support"}),
        ("/teams/payments", {"name": "Payments"}),
        *((f"/agents/{agent.id}", _agent(agent)) for agent in AGENTS),
        *((f"/agents/{agent.id}/presence", _set_online()) for agent in AGENTS),
        ("/routing", ROUTING),
        ("/sla", SLA),
        (f"/accounts/telegram/{ACCOUNT}", _account(credentials, stand_in_url)),
        (f"/accounts/webchat/{ACCOUNT}", _webchat(credentials)),
    ]


def _agent(agent: DemoAgent) -> dict[str, Json]:
    skills: dict[str, Json] = {f"lang:{language}": level for language, level in agent.languages.items()}
    return {"name": agent.name, "teams": [TEAM, "payments"], "skills": skills, "capacity": agent.capacity}


def _set_online() -> dict[str, Json]:
    return {"status": "online"}


def _account(credentials: Credentials, stand_in_url: str) -> dict[str, Json]:
    return {
        "name": "Demo shop on Telegram",
        "credentials": {"bot_token": credentials.bot_token, "secret_token": credentials.secret_token},
        "api_base": stand_in_url,
        "settings": {"username": BOT_USERNAME},
    }


def _webchat(credentials: Credentials) -> dict[str, Json]:
    return {"name": "Demo shop on the web", "credentials": {"identity_secret": credentials.identity_secret}}
