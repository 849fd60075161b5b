"""What REST shows of agents and their presence, and what their pages say of themselves."""

from typing import Annotated

from pydantic import BaseModel, Field

from schemas.configuration import (
    AgentRole,
    OfferMode,
    PresenceStatus,
    Visibility,
    WorkspaceSettings,
)
from schemas.signals import Typing
from schemas.values import OMITTED_IF_EMPTY, Instant, RequestModel, WorkClass
from services.records.agents import AgentRecord
from services.records.unmet import ConfigurationWarning


class DeskSettings(BaseModel):
    """The settings of the workspace that the page of an agent goes by."""

    offer_mode: OfferMode
    offer_seconds: float
    beat_seconds: float
    lost_away_seconds: float
    idle_away_seconds: float | None
    wrap_up_seconds: float
    unread_return_seconds: float | None
    claim_over_capacity: bool
    visibility: Visibility


class WrapUpView(BaseModel):
    """A conversation that has ended, whose units are in use until a time."""

    conversation: str
    until: Instant = Field(description="When its units are free; `POST …/agents/me/wrap-up/end` frees them now.")


class AgentView(BaseModel):
    """An agent: its settings, its presence, and its load in units."""

    id: str
    name: str
    teams: list[str]
    skills: dict[str, int]
    capacity: int
    limits: dict[WorkClass, int] = Field(
        default={}, description="The most units of a class of work, where there is such a limit."
    )
    role: AgentRole
    presence: PresenceStatus
    presence_declared: PresenceStatus
    presence_reason: str | None
    presence_since: Instant | None
    presence_next: PresenceStatus | None
    load: int
    over: int = Field(default=0, description="So many units `load` is above `capacity`, because customers came back.")
    idle_since: Instant | None
    leased: bool = Field(
        default=False, description="Whether a page of the agent answers beats, so that its silence counts."
    )
    wrap_ups: list[WrapUpView] = Field(default=[], description="What the agent wraps up.")
    settings: Annotated[
        DeskSettings | None, Field(description="For the agent themself: what their page goes by."), OMITTED_IF_EMPTY
    ] = None


class AgentSaved(AgentView):
    """An agent after a write, with warnings about routing rules that no agent can meet."""

    warnings: list[ConfigurationWarning] = Field(
        default=[], description="Rules that no agent can meet; empty when all is well."
    )


class BeatBody(RequestModel):
    """What the page of an agent says of itself when it answers a beat.

    `idle_seconds`: so long ago the agent last touched it. `push`: notices are pushed to this device, a telephone. `viewing` is the
    conversation that is open before the agent's eyes, `typing` what they write there: as `POST …/signal`, which then needs no
    repeating.
    """

    idle_seconds: Annotated[float, Field(ge=0, le=366 * 86_400)] | None = None
    push: bool = False
    visible: bool = Field(default=False, description="Whether a page of the agent is in view on this device.")
    viewing: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        default=None, description="The conversation that is before the agent's eyes."
    )
    typing: Typing | None = Field(default=None, description="What the agent writes there; null: nothing.")


class WrapUpEndBody(RequestModel):
    """What the agent has wrapped up: one `conversation`, or all of them."""

    conversation: Annotated[str, Field(min_length=1, max_length=100)] | None = None


class PresenceView(BaseModel):
    """The presence of an agent."""

    status: PresenceStatus
    presence_declared: PresenceStatus
    presence_reason: str | None
    presence_since: Instant | None
    presence_next: PresenceStatus | None


def presence_view(record: AgentRecord) -> PresenceView:
    """The presence of an agent as REST shows it."""
    return PresenceView(
        status=record.presence,
        presence_declared=record.presence_declared or record.presence,
        presence_reason=record.presence_reason,
        presence_since=record.presence_since,
        presence_next=record.presence_next,
    )


def agent_view(record: AgentRecord) -> AgentView:
    """An agent as REST shows it."""
    return AgentView(
        id=record.id,
        **record.body.model_dump(),
        presence=record.presence,
        presence_declared=record.presence_declared or record.presence,
        presence_reason=record.presence_reason,
        presence_since=record.presence_since,
        presence_next=record.presence_next,
        load=record.load,
        over=max(0, record.load - record.body.capacity),
        idle_since=record.idle_since,
        leased=record.leased_at is not None,
        wrap_ups=[WrapUpView(conversation=one.conversation, until=one.until) for one in record.wrap_ups],
    )


def own_view(record: AgentRecord, settings: WorkspaceSettings) -> AgentView:
    """An agent as they see themself."""
    known = settings.model_dump(include=set(DeskSettings.model_fields))
    return agent_view(record).model_copy(update={"settings": DeskSettings(**known)})
