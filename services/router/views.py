"""What REST reads and writes of conversations and agents, beside the shapes that `schemas` fixes."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from schemas.configuration import PresenceStatus
from schemas.conversation import Status
from schemas.values import Instant, Priority, Problem, Slug, Surface, Written
from services.records.agents import AgentRecord
from services.records.unmet import Warned
from services.runtime.http import PageAsked

ReplyText = Annotated[str, Field(min_length=1, max_length=65_536, pattern=r"\S")]


class ReplyBody(Written):
    """An agent's answer. `surface`: where the customer last wrote, unless given."""

    agent: Slug
    text: ReplyText
    surface: Surface | None = None


class ResolveBody(Written):
    """Who finished it; without `agent` whoever has it is overruled."""

    agent: Slug | None = None


class ReopenBody(Written):
    """Who reopens it."""

    agent: Slug | None = None


class TransferBody(Written):
    """To an agent, or to a team: exactly one of the two."""

    agent: Slug | None = None
    to_agent: Slug | None = None
    to_team: Slug | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.to_agent is None) == (self.to_team is None):
            raise ValueError("give exactly one of to_agent and to_team")
        return self


class PriorityBody(Written):
    """How urgent it is now."""

    agent: Slug | None = None
    priority: Priority


class ReapplyBody(Written):
    """Who asks for it."""

    agent: Slug | None = None


class NoteBody(Written):
    """A note for colleagues; the customer never sees it."""

    agent: Slug | None = None
    text: ReplyText


class ConversationsAsked(PageAsked):
    """Filters of the list; all that are given must hold."""

    status: Status | None = None
    channel: str | None = None
    surface: Surface | None = None
    team: str | None = None
    agent: str | None = None
    person: str | None = None
    sensitive: bool | None = None


class AgentShown(BaseModel):
    """An agent: what was written, and what it does now. `load` in units."""

    id: str
    name: str
    teams: list[str]
    skills: dict[str, int]
    capacity: int
    presence: PresenceStatus
    load: int
    idle_since: Instant | None


class AgentWritten(AgentShown):
    """An agent who was just written, and what of the routing rules nobody could ever meet."""

    warnings: list[Warned] = Field(default=[], description="What nobody could ever meet; empty when all is well.")


class PresenceShown(BaseModel):
    """Whether an agent takes work now."""

    status: PresenceStatus


class CommandShown(BaseModel):
    """What became of a command; `problem` says why it was refused."""

    status: Literal["pending", "applied", "refused"]
    problem: Problem | None = None


def shown_agent(record: AgentRecord) -> AgentShown:
    return AgentShown(
        id=record.id,
        **record.body.model_dump(),
        presence=record.presence,
        load=record.load,
        idle_since=record.idle_since,
    )
