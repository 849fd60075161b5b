"""Canned answers: the texts that agents use again and again, with variables that are filled in when one is used. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

from schemas.values import OMITTED_IF_EMPTY, Instant
from services.text.folding import fold_text

FILLED = frozenset({"agent.name", "conversation.id", "customer.name", "workspace.name"})
"""The variables that the desk fills in. Every other one is a blank that the agent fills by hand, as `{order number}`."""
_NAMESPACES = frozenset(name.partition(".")[0] for name in FILLED)
_VARIABLE = re.compile(r"\{([^{}\n]{1,60})\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedAnswer:
    """A text that agents of `teams` use; without teams, all agents. `version` rises with each change."""

    workspace: str
    id: str
    title: str
    text: str
    language: Annotated[str | None, OMITTED_IF_EMPTY] = None
    teams: Annotated[list[str], OMITTED_IF_EMPTY] = field(default_factory=list)
    shortcut: Annotated[str | None, OMITTED_IF_EMPTY] = None
    version: int
    updated_at: Instant


def variables_of(text: str) -> list[str]:
    """The variables of a text, each once, in the order in which they come first."""
    return list(dict.fromkeys(found[1].strip() for found in _VARIABLE.finditer(text)))


def misspelt_variables(text: str) -> list[str]:
    """The variables that look like one that is filled in, and are none: `customer.nmae`."""
    return [
        name
        for name in variables_of(text)
        if name.partition(".")[0] in _NAMESPACES and "." in name and name not in FILLED
    ]


def is_for(answer: CannedAnswer, teams: Iterable[str]) -> bool:
    """Whether an agent of these teams may use the answer."""
    return not answer.teams or not set(answer.teams).isdisjoint(teams)


def collides(answer: CannedAnswer, other: CannedAnswer) -> bool:
    """Whether somebody who types the shortcut could mean either of two answers of one language."""
    if answer.id == other.id or not answer.shortcut or not other.shortcut:
        return False
    if answer.language != other.language or fold_text(answer.shortcut).plain != fold_text(other.shortcut).plain:
        return False
    return not answer.teams or is_for(other, answer.teams)
