"""The agents of the demo shop, and the telephones on which they are rung."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.demo.corpus import Language


@dataclass(frozen=True, slots=True)
class DemoAgent:
    """An agent of the demo shop."""

    id: str
    name: str
    languages: Mapping[Language, int]
    capacity: int = 8
    role: str = "agent"


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

PEOPLE: tuple[DemoAgent, ...] = (
    DemoAgent("you", "You", {"fa": 3, "ar": 3, "lv": 3, "en": 3}, capacity=3),
    DemoAgent("owner", "Owner", {"fa": 3, "en": 3}, capacity=3, role="lead"),
)
"""Agents for whoever looks around: nobody answers in their name, and they are offline until they say otherwise."""

PHONES: Mapping[str, str] = {agent.id: f"+1500555{number:04}" for number, agent in enumerate((*AGENTS, *PEOPLE), 100)}
"""Agent → telephone. Nobody has these numbers: who is rung there is simulated."""
