"""Writes the demo shop: workspace, teams, agents, rules, SLA policies, and an account on each channel. Idempotent."""

from contextlib import suppress

import httpx2

from schemas.values import Json
from services.demo.accounts import ACCOUNT, Credentials, StandIns, derive_credentials
from services.demo.channels import CHANNELS, accounts, webhook_path
from services.demo.corpus import LANGUAGES
from services.demo.rest import Rest, connected
from services.demo.staff import AGENTS, PEOPLE, DemoAgent

TEAM = "support"


ROUTING: dict[str, Json] = {
    "rules": [
        {"when": {"sensitive": True}, "then": {"team": "payments", "priority": "urgent"}},
        {
            "when": {"sentiment": "negative", "intent": "complaint"},
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


async def seed(
    base_url: str,
    admin_key: str,
    workspace: str,
    stand_ins: StandIns,
    *,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> Credentials:
    """Write everything over REST. Raises ApiError, or httpx2.TransportError without a response."""
    credentials = derive_credentials(admin_key, workspace)
    if transport is None:
        # The webhooks are set first, because an account is checked as soon as it is written.
        await _set_webhooks(base_url, workspace, stand_ins, credentials)
    async with connected(base_url, transport) as client:
        rest = Rest(client, admin_key, workspace)
        for path, body in resources(credentials, stand_ins):
            await rest.put(path, body)
    return credentials


async def _set_webhooks(base_url: str, workspace: str, stand_ins: StandIns, credentials: Credentials) -> None:
    """As whoever connects an account does at the platform: an account is well only when its events are subscribed to.

    A stand-in that this machine does not reach is left as it is: the installation says of the account what is missing.
    """
    base = base_url.rstrip("/")
    with suppress(httpx2.HTTPError):
        async with connected(stand_ins.url) as client:
            client.headers["authorization"] = f"Bearer {credentials.access_token}"
            for channel in CHANNELS:
                webhook = f"{base}{webhook_path(channel.name, workspace, credentials)}"
                for path, body in channel.set_up(credentials, webhook) if channel.set_up is not None else ():
                    await client.post(f"{channel.base}{path}", json=dict(body))


def resources(credentials: Credentials, stand_ins: StandIns) -> list[tuple[str, dict[str, Json]]]:
    """Path below the workspace → body, in an order in which every reference exists already."""
    return [
        ("", {"name": "Demo shop", "languages": list(LANGUAGES), "timezone": "Asia/Tehran"}),
        (f"/teams/{TEAM}", {"name": "Support"}),
        ("/teams/payments", {"name": "Payments"}),
        *((f"/agents/{agent.id}", _agent(agent)) for agent in (*AGENTS, *PEOPLE)),
        *((f"/agents/{agent.id}/presence", _set_online()) for agent in AGENTS),
        ("/routing", ROUTING),
        ("/sla", SLA),
        *((f"/accounts/{channel}/{ACCOUNT}", body) for channel, body in accounts(credentials, stand_ins).items()),
    ]


def _agent(agent: DemoAgent) -> dict[str, Json]:
    skills: dict[str, Json] = {f"lang:{language}": level for language, level in agent.languages.items()}
    written: dict[str, Json] = {
        "name": agent.name,
        "teams": [TEAM, "payments"],
        "skills": skills,
        "capacity": agent.capacity,
    }
    return {**written, "role": agent.role} if agent.role != "agent" else written


def _set_online() -> dict[str, Json]:
    return {"status": "online"}
