"""The configuration of a workspace: the bodies that REST writes, and the one versioned document that stores them all."""

from operator import not_
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from schemas.business_calendar import Calendar, Timezone
from schemas.sla import ClockMetric
from schemas.values import OMITTED_IF_EMPTY, Contract, Instant, Json, Priority, RequestModel, Slug, Surface, WorkClass
from schemas.visible import Visible
from schemas.webhooks import Webhook

PresenceStatus = Literal["online", "away", "offline"]
Scope = Literal["read", "desk", "write", "admin"]
AgentRole = Literal["agent", "lead"]
"""A `lead` also moves the work of colleagues and sets their presence."""
Visibility = Literal["team", "own"]
"""Which conversations an agent may see: all of their teams, or their own and those that wait in their teams."""
MYSELF = "me"
"""Stands in paths for the agent that the caller's key is bound to; no agent can have it as id."""


def _integral_to_int(value: object) -> object:
    # JSON and JSON Schema have one kind of number, so 4.0 is an integer there; pydantic in strict mode would refuse it.
    return int(value) if isinstance(value, float) and value.is_integer() else value


Proficiency = Annotated[int, Field(ge=1, le=5), BeforeValidator(_integral_to_int)]
Units = Annotated[int, Field(ge=1, le=1000), BeforeValidator(_integral_to_int)]
ClassLimit = Annotated[int, Field(ge=0, le=1000), BeforeValidator(_integral_to_int)]
Seconds = Annotated[float, Field(gt=0, le=366 * 86400)]
DEFAULT_TEAM = "default"


Name = Annotated[str, Field(min_length=1, max_length=200), Visible]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
SkillName = Annotated[str, Field(min_length=1, max_length=100)]
LANGUAGE_SKILL = "lang:{language}"


def _no_other_placeholder(name: str) -> str:
    # Another name in braces would be a skill that no agent has: its tasks would wait for ever.
    if name != LANGUAGE_SKILL and not {"{", "}"}.isdisjoint(name):
        raise ValueError(f"`{LANGUAGE_SKILL}` is the only name with braces")
    return name


SkillReference = Annotated[SkillName, AfterValidator(_no_other_placeholder)]


OwnValue = Annotated[str, Field(min_length=1, max_length=200)]
OwnValues = Annotated[list[OwnValue], Field(max_length=100)]


class OwnIdentifiers(RequestModel):
    """The shop's own identifiers, which are never masked or refused, not even in public.

    `patterns` match order numbers (docs/api.md).
    """

    phones: OwnValues = []
    emails: OwnValues = []
    addresses: OwnValues = []
    cards: OwnValues = []
    ibans: OwnValues = []
    patterns: OwnValues = []


GreetingText = Annotated[str, Field(min_length=1, max_length=4096, pattern=r"\S")]


def _with_placeholders(*names: str) -> AfterValidator:
    """A text must have each of these placeholders, in braces, and no other braces."""

    def check(text: str) -> str:
        rest = text
        for name in names:
            if f"{{{name}}}" not in text:
                raise ValueError(f"the text must contain `{{{name}}}`, which is replaced when it is sent")
            rest = rest.replace(f"{{{name}}}", "")
        if not {"{", "}"}.isdisjoint(rest):
            known = " and ".join(f"`{{{name}}}`" for name in names) or "none"
            raise ValueError(f"the text has braces that stand for nothing; placeholders: {known}")
        return text

    return AfterValidator(check)


HandoffText = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S"), Visible]
PlainText = Annotated[HandoffText, _with_placeholders()]
LinkText = Annotated[HandoffText, _with_placeholders("link")]
WordsText = Annotated[HandoffText, _with_placeholders("words")]


class HandoffTexts(RequestModel):
    """What customers read when a sensitive conversation moves to a private place (docs/handoff.md).

    Each is one text, or one per language; a language without a text has ours. Public: `link` (with `{link}`), `invitation`,
    `replied_privately`, `notice`. Private: `private_reply`, `verification` (with `{words}`).
    """

    link: LinkText | dict[Language, LinkText] | None = None
    invitation: PlainText | dict[Language, PlainText] | None = None
    private_reply: PlainText | dict[Language, PlainText] | None = None
    replied_privately: PlainText | dict[Language, PlainText] | None = None
    notice: PlainText | dict[Language, PlainText] | None = None
    verification: WordsText | dict[Language, WordsText] | None = None


OpensText = Annotated[HandoffText, _with_placeholders("opens")]


class AfterHours(RequestModel):
    """What customers read who write while it is closed, once in a conversation (docs/lifecycle.md). `message` false: nothing.

    Each text is one, or one per language; a language without a text has ours. `closed` has the time of opening, `{opens}`. `email` is
    added in a chat of a web page, where the customer left no address.
    """

    message: bool = True
    closed: OpensText | dict[Language, OpensText] | None = None
    email: PlainText | dict[Language, PlainText] | None = None


SettingSeconds = Annotated[float, Field(ge=1, le=366 * 86400)]
WrapUpSeconds = Annotated[float, Field(ge=0, le=900)]
ChannelName = Annotated[str, Field(min_length=1, max_length=100)]
AutoResolveSeconds = dict[ChannelName, SettingSeconds | None]
DEFAULT_CHANNEL = "default"
"""The name that stands for all channels which are not named."""
AUTO_RESOLVE_SECONDS: AutoResolveSeconds = {"webchat": 86_400.0, DEFAULT_CHANNEL: 7 * 86_400.0}


def _auto_resolve_defaults() -> AutoResolveSeconds:
    return dict(AUTO_RESOLVE_SECONDS)


OfferMode = Literal["auto", "offer"]
OfferSeconds = Annotated[float, Field(ge=5, le=300)]


WorkUnits = dict[WorkClass, Units]


class OverflowBody(RequestModel):
    """The limits of a team's queue, beyond which its conversations are open to the team `to_team` too.

    With `max_waiting` one that finds so many waiting overflows at once; with `max_wait_seconds` one that has waited so long.
    """

    to_team: Slug
    max_waiting: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    max_wait_seconds: SettingSeconds | None = None

    @model_validator(mode="after")
    def _limits(self) -> "OverflowBody":
        if self.max_waiting is None and self.max_wait_seconds is None:
            raise ValueError("give `max_waiting`, `max_wait_seconds`, or both: without a limit nothing overflows")
        return self


class TeamSettings(RequestModel):
    """Settings of a team, in place of those of its workspace; None: as the workspace. `overflow` are the limits of its queue."""

    offer_mode: OfferMode | None = None
    offer_seconds: OfferSeconds | None = None
    pending_release_seconds: SettingSeconds | None = None
    auto_resolve_seconds: SettingSeconds | AutoResolveSeconds | None = None
    preferred_agent_seconds: SettingSeconds | None = None
    claim_over_capacity: bool | None = None
    work_units: WorkUnits | None = None
    call_blocks: bool | None = None
    handoff_seconds: SettingSeconds | None = None
    wrap_up_seconds: WrapUpSeconds | None = None
    unread_return_seconds: SettingSeconds | None = None
    after_hours: AfterHours | None = None
    overflow: OverflowBody | None = None


class WorkspaceSettings(RequestModel):
    """Settings of a workspace.

    `greeting` is the text that a person reads on opening a bot: one text, or one per language. `handoff_texts` replace the
    texts of hand-offs. `detect_silence`: an account that hears nothing for much longer than in its weeks before is
    reported as `silent`. `visibility`: whether agents see all conversations of their teams, or their own and waiting ones.

    `pending_release_seconds`: so long after an answer, a customer who is silent uses no unit of the agent any more; on channels
    of mail and reviews it is at once. `auto_resolve_seconds`: so long after it, the conversation is resolved; by channel, `default` for the
    others, null for never. `preferred_agent_seconds`: so long a customer who comes back waits for their agent first.
    `claim_over_capacity`: agents may claim conversations although they have no free unit. `work_units`: the units that a
    conversation takes of its agent, by class of work; one for a class that is not named. With `call_blocks` a call is the only live work
    of its agent. `handoff_seconds`: so long the link of a hand-off holds, unless the account says otherwise.
    `after_hours`: what customers read who write while it is closed.

    `offer_mode`: agents are given conversations (`auto`), or are asked first and have `offer_seconds` to accept (`offer`). An agent
    who missed so many offers in a row as `missed_offers` says is set away. Teams may have their own mode and time.

    The page of an agent is heard every `beat_seconds`. After `lost_away_seconds` of silence the agent is away, after
    `lost_return_seconds` who waits for them goes back to the queue, after `lost_offline_seconds` they are offline. An agent who
    touches nothing for `idle_away_seconds` is away; null: never. What is given to an agent who does not look at it for
    `unread_return_seconds` goes back (null: never), and after the end of a conversation its units stay in use for `wrap_up_seconds`.
    """

    greeting: GreetingText | dict[Language, GreetingText] | None = None
    handoff_texts: HandoffTexts | None = None
    detect_silence: bool = True
    visibility: Visibility = "team"
    pending_release_seconds: SettingSeconds = 600.0
    auto_resolve_seconds: SettingSeconds | AutoResolveSeconds | None = Field(default_factory=_auto_resolve_defaults)
    preferred_agent_seconds: SettingSeconds = 60.0
    claim_over_capacity: bool = False
    work_units: WorkUnits = {}
    call_blocks: bool = False
    handoff_seconds: SettingSeconds = 900.0
    after_hours: AfterHours | None = None
    offer_mode: OfferMode = "auto"
    offer_seconds: OfferSeconds = 30
    missed_offers: Annotated[int, Field(ge=1)] = 2
    beat_seconds: SettingSeconds = 15.0
    lost_away_seconds: SettingSeconds = 60.0
    lost_return_seconds: SettingSeconds = 300.0
    lost_offline_seconds: SettingSeconds = 900.0
    idle_away_seconds: SettingSeconds | None = None
    wrap_up_seconds: WrapUpSeconds = 0.0
    unread_return_seconds: SettingSeconds | None = 120.0


class WorkspaceBody(RequestModel):
    """One brand or shop.

    `calendar` are its opening hours. `own` are its identifiers, which are never masked.

    `settings` apply to all accounts that do not override them.
    """

    name: Name
    languages: list[Language] = Field(default=["en"], min_length=1)
    timezone: Timezone = "UTC"
    calendar: Calendar | None = None
    own: OwnIdentifiers | None = None
    settings: WorkspaceSettings | None = None


Credential = str | list[str]
"""A credential: a value, or the list of values that are live while it rotates, newest first."""


class AccountBody(RequestModel):
    """One connected page, bot, mailbox or number. Its channel validates `credentials` and `settings`.

    `calendar` are its opening hours, if they differ from the workspace's.
    """

    name: Name | None = None
    credentials: dict[str, Credential]
    language: Language | None = None
    api_base: str | None = None
    settings: dict[str, Json] = {}
    calendar: Calendar | None = None


class TeamBody(RequestModel):
    """A group of agents.

    `calendar` are its opening hours, if they differ from the account's or workspace's. `settings` override those of the
    workspace.
    """

    name: Name
    calendar: Calendar | None = None
    settings: TeamSettings | None = None


class AgentBody(RequestModel):
    """An agent. `capacity` is in units of work, `limits` are the most units of a class; languages are skills (`lang:fa`).

    A `lead` also moves the work of colleagues of their teams, and sets their presence.
    """

    name: Name
    teams: list[Slug] = Field(min_length=1)
    skills: dict[SkillName, Proficiency] = {}
    capacity: Units = 4
    limits: Annotated[dict[WorkClass, ClassLimit], OMITTED_IF_EMPTY] = {}
    role: AgentRole = "agent"


Lowering = Literal["connection_gone", "connection_lost", "idle", "missed_offers"]
"""What lowers the presence that an agent declared. `connection_gone`: lost for so long that the agent counts as offline."""
OpenWork = Literal["return", "keep"]
"""What becomes of the conversations that wait for an agent who goes."""


class PresenceBody(RequestModel):
    """Whether an agent is online, away or offline, and perhaps why: break, lunch, training, or words of one's own.

    `open_work` says what becomes of the conversations that wait for an agent who goes: they go back to their old places in the
    queue (`return`), or stay until the customer writes again (`keep`). With `after_current` the agent finishes what is in hand first,
    gets nothing new, and then is away or offline by itself.
    """

    status: PresenceStatus
    reason: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S"), Visible] | None = None
    open_work: OpenWork = "return"
    after_current: bool = False


# A single value and a list of one mean the same; callers may write either, and a read returns what was written.
OneOrMore = str | Annotated[list[str], Field(min_length=1)]


class Match(RequestModel):
    """Conditions on a conversation. All that are given must match; a list matches if one of its values does."""

    channel: OneOrMore | None = None
    surface: Surface | list[Surface] | None = None
    language: OneOrMore | None = None
    intent: OneOrMore | None = None
    sentiment: OneOrMore | None = None
    sensitive: bool | None = None
    tier: OneOrMore | None = None
    tag: OneOrMore | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no condition is given, so that every conversation matches."""
        return all(value is None for value in dict(self).values())


class SlaMatch(Match):
    """Conditions as in `Match`, and on priority and team, which routing sets."""

    priority: Priority | list[Priority] | None = None
    team: OneOrMore | None = None


class Relaxation(RequestModel):
    """What a waiting conversation asks for less of, so many seconds after it was queued.

    `skills` replace the minimums of the skills that they name, `drop_skills` are not asked for any more, and agents of
    `add_teams` may take it too.
    """

    after_seconds: Seconds
    skills: dict[SkillReference, Proficiency] = {}
    drop_skills: list[SkillReference] = []
    add_teams: list[Slug] = []

    @model_validator(mode="after")
    def _relaxes(self) -> "Relaxation":
        if not (self.skills or self.drop_skills or self.add_teams):
            raise ValueError("a step has `skills`, `drop_skills` or `add_teams`")
        return self


class RuleActions(RequestModel):
    """The actions of a routing rule. The skill name `lang:{language}` stands for the conversation's language.

    `relax` are the steps by which the conversation asks for less while it waits.
    """

    team: Slug = DEFAULT_TEAM
    skills: dict[SkillReference, Proficiency] = {}
    priority: Priority = "normal"
    relax: list[Relaxation] = Field(default=[], max_length=10, exclude_if=not_)


class Rule(RequestModel):
    """One routing rule; the first that matches wins."""

    when: Match = Match()
    then: RuleActions = RuleActions()


class RoutingBody(RequestModel):
    """Ordered routing rules. The result of a read can be written back; its `warnings` are ignored."""

    rules: list[Rule] = Field(max_length=500)

    @model_validator(mode="before")
    @classmethod
    def _without_warnings(cls, value: object) -> object:
        return (
            {name: value for name, value in value.items() if name != "warnings"} if isinstance(value, dict) else value
        )


class Targets(RequestModel):
    """Target times per metric, in seconds. A metric without a target has no clock."""

    first_response_seconds: Seconds | None = None
    next_response_seconds: Seconds | None = None
    resolution_seconds: Seconds | None = None
    pickup_seconds: Seconds | None = None
    public_response_seconds: Seconds | None = None

    def of(self, metric: ClockMetric) -> float | None:
        """The target of a metric in seconds, None without a target."""
        value: float | None = getattr(self, f"{metric}_seconds")
        return value


class Escalation(RequestModel):
    """The action at a breach, or at the first warning: raise the priority, change the team, or both."""

    on: Literal["warned", "breached"] = "breached"
    priority: Priority | None = None
    team: Slug | None = None

    @model_validator(mode="after")
    def _require_effect(self) -> "Escalation":
        if self.priority is None and self.team is None:
            raise ValueError("name a `priority` or a `team`, or leave `escalate` out")
        return self


class Policy(RequestModel):
    """One SLA policy; the first that matches wins. `warn_at` are fractions of the target."""

    id: Slug
    when: SlaMatch = SlaMatch()
    targets: Targets
    warn_at: list[Annotated[float, Field(gt=0, lt=1)]] = [0.5, 0.8]
    calendar: Calendar | None = None
    escalate: Escalation | None = None


class SlaBody(RequestModel):
    """Ordered SLA policies."""

    policies: list[Policy] = Field(max_length=200)


def _of_a_workspace(agent: str | None, info: ValidationInfo) -> str | None:
    if agent is not None and info.data.get("workspace") is None:
        raise ValueError("an agent is of one workspace; give that as `workspace`")
    return agent


class KeyBody(RequestModel):
    """An API key to create. `workspace` null: for all workspaces.

    `agent`: the key is bound to this agent of the workspace. Who has it speaks as this agent only, and sees what the
    agent may see.
    """

    name: Name
    workspace: Slug | None = None
    # After `workspace`, without which it names nobody.
    agent: Annotated[Slug | None, AfterValidator(_of_a_workspace)] = None
    scopes: list[Scope] = Field(min_length=1)


Body = TypeVar("Body", bound=RequestModel)


# One document per workspace, so that one read gives a consistent configuration and one commit replaces it.
class Versioned(Contract, Generic[Body]):
    """A part of the configuration, with the version (its ETag) and the time of its last write.

    `generation` is of an account: the time of its creation, or of the last removal of a secret that proves identities,
    in microseconds since 1970; 0 for accounts of versions that did not store it. Tokens of another generation are
    invalid.
    """

    body: Body
    version: int
    at: Instant
    generation: int = 0


class WorkspaceConfiguration(Contract):
    """The whole configuration of one workspace, in one versioned document. Accounts are keyed by `channel/account`."""

    workspace: str
    version: int
    profile: Versioned[WorkspaceBody]
    accounts: dict[str, Versioned[AccountBody]] = {}
    teams: dict[str, Versioned[TeamBody]] = {}
    routing: Versioned[RoutingBody] | None = None
    sla: Versioned[SlaBody] | None = None
    webhooks: dict[str, Versioned[Webhook]] = {}

    @model_validator(mode="before")
    @classmethod
    def _accept_former_name(cls, document: object) -> object:
        """`profile` was `itself` before 0.1.0; a REST process of that version may write it while it is being
        replaced.
        """
        if isinstance(document, dict) and "itself" in document:
            document = {"profile": document["itself"], **document}
        return document
