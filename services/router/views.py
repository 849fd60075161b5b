"""Request bodies and views of conversations and agents that only the router's REST routes use."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from schemas.configuration import PresenceStatus
from schemas.conversation import Status
from schemas.values import InputInstant, Instant, Priority, Problem, RequestModel, Slug, Surface
from schemas.visible import Visible
from services.platform.http.dependencies import PageParams
from services.records.agents import AgentRecord
from services.records.unmet import ConfigurationWarning
from services.router.phrases import Language

ReplyText = Annotated[str, Field(min_length=1, max_length=65_536, pattern=r"\S"), Visible]


class ReplyBody(RequestModel):
    """An agent's answer. `surface`: where the customer last wrote, unless given.

    `confirm`: send it although the guard took something in it for a secret; the audit log says who did.
    """

    agent: Slug
    text: ReplyText
    surface: Surface | None = None
    confirm: bool = False


class ResolveBody(RequestModel):
    """Who finished it; without `agent` whoever has it is overruled."""

    agent: Slug | None = None


class ReopenBody(RequestModel):
    """Who reopens it."""

    agent: Slug | None = None


class TransferBody(RequestModel):
    """To an agent, or to a team: exactly one of the two."""

    agent: Slug | None = None
    to_agent: Slug | None = None
    to_team: Slug | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.to_agent is None) == (self.to_team is None):
            raise ValueError("give exactly one of to_agent and to_team")
        return self


class PriorityBody(RequestModel):
    """How urgent it is now."""

    agent: Slug | None = None
    priority: Priority


class ReapplyBody(RequestModel):
    """Who asks for it."""

    agent: Slug | None = None


class NoteBody(RequestModel):
    """A note for colleagues; the customer never sees it."""

    agent: Slug | None = None
    text: ReplyText


class ClearHandoffBody(RequestModel):
    """Who says that the public may read it again."""

    agent: Slug | None = None


class ConfirmHandoffBody(RequestModel):
    """Which of those who followed the link of the hand-off is the customer: `channel:account:external_id`."""

    agent: Slug | None = None
    person: Annotated[str, Field(min_length=1, max_length=512)]


Sort = Literal["opened_at", "-opened_at", "updated_at", "-updated_at", "queued_at", "-queued_at"]
Names = Annotated[list[Annotated[str, Field(max_length=400)]], Field(max_length=50)]


class ConversationQuery(PageParams):
    """Filters of the list; all that are given must hold. One that is repeated holds for any of its values."""

    status: list[Status] | None = Field(default=None, max_length=50, description="In any of these.")
    channel: Names | None = Field(default=None, description="On any of these channels.")
    surface: list[Surface] | None = Field(default=None, max_length=50, description="Opened there.")
    team: Names | None = Field(default=None, description="With any of these teams.")
    agent: Names | None = Field(default=None, description="With any of these agents.")
    person: Names | None = Field(default=None, description="Of any of these customers, `channel:account:external_id`.")
    sensitive: list[bool] | None = Field(default=None, max_length=2, description="Whether something had to be masked.")
    updated_since: InputInstant | None = Field(
        default=None, description="Changed at this moment or later; 1970 to 2100."
    )
    q: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S"), Visible] | None = Field(
        default=None,
        description="Words that one of its messages holds, as texts rest: masked. Case and spelling do not matter.",
    )
    sort: Sort = Field(
        default="-opened_at",
        description="`-` is newest first. `queued_at`: the longest waiting first, best with `status=waiting`. To follow "
        "changes, read by `updated_at`: what changes meanwhile comes again, and nothing is missed.",
    )


class DecisionsQuery(PageParams):
    """Which page of decisions, and the language of their sentences."""

    lang: Language | None = Field(default=None, description="The language of the sentences, before `Accept-Language`.")


class AgentView(BaseModel):
    """An agent: what was written, and what it does now. `load` in units."""

    id: str
    name: str
    teams: list[str]
    skills: dict[str, int]
    capacity: int
    presence: PresenceStatus
    load: int
    idle_since: Instant | None


class AgentSaved(AgentView):
    """An agent who was just written, and what of the routing rules nobody could ever meet."""

    warnings: list[ConfigurationWarning] = Field(
        default=[], description="What nobody could ever meet; empty when all is well."
    )


class PersonView(BaseModel):
    """A customer as one account sees them. `email` and `phone` are known where the channel tells them."""

    person: str = Field(description="`channel:account:external_id`, as conversations name their customer.")
    name: str | None = Field(description="As the platform calls them.")
    language: str | None = Field(description="The language they wrote in last, as a language tag.")
    email: str | None = Field(description="Their e-mail address.")
    phone: str | None = Field(description="Their telephone number.")
    blocked: bool = Field(description="Whether they let the account write to them no more.")
    seen_at: Instant = Field(description="When something came from them last.")


class PresenceView(BaseModel):
    """Whether an agent takes work now."""

    status: PresenceStatus


class CommandView(BaseModel):
    """What became of a command; `problem` says why it was refused."""

    status: Literal["pending", "applied", "refused"]
    problem: Problem | None = None


def agent_view(record: AgentRecord) -> AgentView:
    return AgentView(
        id=record.id,
        **record.body.model_dump(),
        presence=record.presence,
        load=record.load,
        idle_since=record.idle_since,
    )
