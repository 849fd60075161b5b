"""Mentions: which agents a note calls to a conversation, and which of those conversations they may still see. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_queued
from services.domain.viewer import Viewer, VisibleConversation

OWN = "own"
WAITING, ACCEPTED = "waiting", "accepted"


def mention_scope(case: VisibleConversation, agent: str) -> str:
    """Why an agent who is mentioned may see the conversation, if they may: one of `visible_scopes` exactly when `Viewer.can_see`."""
    if agent in (case.agent, case.offered_to):
        return OWN
    return f"{case.team}/{WAITING if is_queued(case.status) else ACCEPTED}"


def visible_scopes(viewer: Viewer) -> list[str]:
    """The scopes of the conversations that an agent may see. They are disjoint."""
    parts = (WAITING,) if viewer.own_only else (WAITING, ACCEPTED)
    return [OWN, *(f"{team}/{part}" for team in sorted(viewer.teams) for part in parts)]


def mentioning(case: ConversationState, agents: Iterable[str], note: str) -> ConversationState:
    """The conversation with these agents mentioned by a note."""
    return replace(case, mentioned={**case.mentioned, **dict.fromkeys(agents, note)})


def no_longer_mentioning(case: ConversationState, agent: str | None) -> ConversationState:
    """The conversation after this agent wrote in it: they came."""
    if agent not in case.mentioned:
        return case
    return replace(case, mentioned={name: note for name, note in case.mentioned.items() if name != agent})
