"""Whose telephone is whose: who takes a call on it, and whom we call for an agent's call back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import Field

from schemas.configuration import AccountBody
from schemas.values import RequestModel, Slug
from services.channels.json_access import as_str, dicts
from services.channels.twilio.accounts import Phone

CALL_LIMIT_SECONDS = 14_400
"""Four hours: Twilio ends a call then, unless it is told otherwise (www.twilio.com/docs/voice/twiml/dial#timelimit)."""

RING_SECONDS = 25


class AgentPhone(RequestModel):
    """The telephone of an agent."""

    agent: Slug = Field(description="the id of an agent")
    phone: Phone = Field(description="the number of their telephone, like +37126000001")


@dataclass(frozen=True, slots=True)
class AgentPhones:
    """The agents of an account's telephones. A call is over `limit_seconds` after it was taken, whatever is reported of it."""

    by_number: Mapping[str, str] = field(default_factory=dict)
    limit_seconds: int = CALL_LIMIT_SECONDS

    def agent_of(self, number: str) -> str | None:
        """The agent of a telephone; None where the account names none."""
        return self.by_number.get(number)

    def number_of(self, agent: str) -> str | None:
        """The telephone by which an agent is called: the first of theirs."""
        return next((number for number, known in self.by_number.items() if known == agent), None)


def agent_phones(body: AccountBody) -> AgentPhones:
    """The telephones of an account's settings."""
    numbers = {phone: agent for phone, agent in _stated(body) if phone and agent}
    return AgentPhones(numbers, _seconds(body, "limit_seconds", CALL_LIMIT_SECONDS))


def ring_seconds(body: AccountBody) -> int:
    """How long a telephone rings."""
    return _seconds(body, "ring_seconds", RING_SECONDS)


def shared_phones(body: AccountBody) -> list[tuple[str, str]]:
    """The telephones that stand twice, as problems: (JSON pointer, sentence)."""
    phones = [phone for phone, _ in _stated(body)]
    return [
        (f"/settings/agents/{index}", "this phone is in the list already: a telephone is that of one agent")
        for index, phone in enumerate(phones)
        if phone in phones[:index]
    ]


def _stated(body: AccountBody) -> list[tuple[str | None, str | None]]:
    return [(as_str(one.get("phone")), as_str(one.get("agent"))) for one in dicts(body.settings.get("agents"))]


def _seconds(body: AccountBody, name: str, otherwise: int) -> int:
    stated = body.settings.get(name)
    return int(stated) if isinstance(stated, int | float) else otherwise
