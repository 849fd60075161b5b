"""What a caller may see of a workspace: everything, or what an agent of some teams may see. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from schemas.configuration import Visibility
from schemas.conversation import Status
from services.domain.lifecycle import is_queued


class VisibleConversation(Protocol):
    """The fields of a conversation by which it is visible or not."""

    @property
    def status(self) -> Status: ...
    @property
    def team(self) -> str: ...
    @property
    def agent(self) -> str | None: ...
    @property
    def offered_to(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who reads: an agent, or a caller who may see everything (`agent` None).

    An agent sees the conversations that they have or are offered. Of their teams they see all others too; where `own_only`, those alone
    that no agent has accepted.
    """

    agent: str | None = None
    teams: frozenset[str] = frozenset()
    own_only: bool = False

    @property
    def is_limited(self) -> bool:
        return self.agent is not None

    def can_see(self, conversation: VisibleConversation) -> bool:
        """Whether the conversation may be seen, as it is now: who saw it before has no right to see it still."""
        if self.agent is None or self.agent in (conversation.agent, conversation.offered_to):
            return True
        return conversation.team in self.teams and (not self.own_only or is_queued(conversation.status))

    def can_see_agent(self, agent: str, teams: Iterable[str]) -> bool:
        """Whether an agent of these teams may be seen: oneself, and the colleagues of one's teams."""
        return self.agent in (None, agent) or not self.teams.isdisjoint(teams)


UNRESTRICTED = Viewer()


def agent_viewer(agent: str, teams: frozenset[str], *, is_lead: bool, visibility: Visibility) -> Viewer:
    """An agent as viewer. A lead sees everything of their teams, whatever the workspace shows to others."""
    return Viewer(agent, teams, own_only=visibility == "own" and not is_lead)
