"""What REST writes, and the one versioned document per workspace that it becomes."""

from typing import Annotated, Generic, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from schemas.days import Day
from schemas.sla import ClockMetric
from schemas.values import Contract, Instant, Json, Priority, RequestModel, Slug, Surface
from schemas.visible import Visible
from schemas.webhooks import Webhook

PresenceStatus = Literal["online", "away", "offline"]
Scope = Literal["read", "desk", "write", "admin"]


def _whole(value: object) -> object:
    # JSON has one kind of number: 4.0 is a whole one (JSON Schema says so too), and strictness would refuse it.
    return int(value) if isinstance(value, float) and value.is_integer() else value


Proficiency = Annotated[int, Field(ge=1, le=5), BeforeValidator(_whole)]
Units = Annotated[int, Field(ge=1, le=1000), BeforeValidator(_whole)]
Seconds = Annotated[float, Field(gt=0, le=366 * 86400)]
DEFAULT_TEAM = "default"


# Folders and a file of the system's database that hold copies under names which IANA does not list.
NOT_IANA = ("posix/", "right/", "posixrules")


def _require_known_zone(name: str) -> str:
    # `available_timezones` would walk a folder tree for every calendar that is read; `ZoneInfo` keeps the zones it has read.
    try:
        is_known = ZoneInfo(name).key == name and not name.startswith(NOT_IANA)
    except (
        ZoneInfoNotFoundError,
        OSError,
        ValueError,
    ):  # unknown; a folder; a file that is no zone, a path that leads out
        is_known = False
    if not is_known:
        raise ValueError("this is no IANA time zone; write one such as Asia/Tehran or Europe/Riga")
    return name


Timezone = Annotated[str, AfterValidator(_require_known_zone)]
Name = Annotated[str, Field(min_length=1, max_length=200), Visible]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
SkillName = Annotated[str, Field(min_length=1, max_length=100)]
LANGUAGE_SKILL = "lang:{language}"


def _no_other_placeholder(name: str) -> str:
    # It would be a skill that nobody has, and tasks would wait for it for ever.
    if name != LANGUAGE_SKILL and not {"{", "}"}.isdisjoint(name):
        raise ValueError(f"`{LANGUAGE_SKILL}` is the only name with braces")
    return name


SkillReference = Annotated[SkillName, AfterValidator(_no_other_placeholder)]


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]


class Calendar(RequestModel):
    """Business hours in a time zone; `holidays` are whole days off. A weekday that is not named is closed."""

    timezone: Timezone = "UTC"
    hours: dict[Weekday, list[tuple[ClockTime, ClockTime]]]
    holidays: list[Day] = []

    @model_validator(mode="after")
    def _require_open_hours(self) -> "Calendar":
        spans = [span for day in self.hours.values() for span in day]
        if not spans:
            raise ValueError("hours name no opening time; leave `calendar` out for around the clock")
        if any(opens >= closes for opens, closes in spans):
            raise ValueError("each span needs its end after its start, such as ['09:00', '17:00']")
        return self


OwnValue = Annotated[str, Field(min_length=1, max_length=200)]
OwnValues = Annotated[list[OwnValue], Field(max_length=100)]


class OwnIdentifiers(RequestModel):
    """What is the shop's own and is let through everywhere, in public too. `patterns` are of order numbers (docs/api.md)."""

    phones: OwnValues = []
    emails: OwnValues = []
    addresses: OwnValues = []
    cards: OwnValues = []
    ibans: OwnValues = []
    patterns: OwnValues = []


GreetingText = Annotated[str, Field(min_length=1, max_length=4096, pattern=r"\S")]


class WorkspaceSettings(RequestModel):
    """How the shop wants things. `greeting`: what who opens a bot reads, one text or one per language."""

    greeting: GreetingText | dict[Language, GreetingText] | None = None


class WorkspaceBody(RequestModel):
    """One brand. `calendar`: its opening hours in reports. `own`: its identifiers, which no guard masks or refuses.

    `settings`: what holds for all its accounts that do not say otherwise.
    """

    name: Name
    languages: list[Language] = Field(default=["en"], min_length=1)
    timezone: Timezone = "UTC"
    calendar: Calendar | None = None
    own: OwnIdentifiers | None = None
    settings: WorkspaceSettings | None = None


class AccountBody(RequestModel):
    """One connected page, bot, mailbox or number. Each channel checks its own `credentials` and `settings`.

    `calendar`: its opening hours in reports, where they are not the workspace's.
    """

    name: Name | None = None
    credentials: dict[str, str]
    language: Language | None = None
    api_base: str | None = None
    settings: dict[str, Json] = {}
    calendar: Calendar | None = None


class TeamBody(RequestModel):
    """A group of agents. `calendar`: its opening hours in reports, where they are not the account's or workspace's."""

    name: Name
    calendar: Calendar | None = None


class AgentBody(RequestModel):
    """Who answers. `capacity` in units; languages are skills (`lang:fa`)."""

    name: Name
    teams: list[Slug] = Field(min_length=1)
    skills: dict[SkillName, Proficiency] = {}
    capacity: Units = 4


class PresenceBody(RequestModel):
    """Whether an agent takes work now."""

    status: PresenceStatus


OneOrMore = str | Annotated[list[str], Field(min_length=1)]


class Match(RequestModel):
    """All keys that are given must hold; a list holds when any of its values does."""

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
        """Whether everything matches."""
        return all(value is None for value in dict(self).values())


class SlaMatch(Match):
    """As `Match`, and by what routing decided."""

    priority: Priority | list[Priority] | None = None
    team: OneOrMore | None = None


class RuleActions(RequestModel):
    """What a routing rule gives. The skill name `lang:{language}` stands for the conversation's language."""

    team: Slug = DEFAULT_TEAM
    skills: dict[SkillReference, Proficiency] = {}
    priority: Priority = "normal"


class Rule(RequestModel):
    """One routing rule; the first that matches wins."""

    when: Match = Match()
    then: RuleActions = RuleActions()


class RoutingBody(RequestModel):
    """Ordered routing rules. What a read showed, with its `warnings`, can be written back."""

    rules: list[Rule] = Field(max_length=500)

    @model_validator(mode="before")
    @classmethod
    def _without_warnings(cls, value: object) -> object:
        return (
            {name: value for name, value in value.items() if name != "warnings"} if isinstance(value, dict) else value
        )


class Targets(RequestModel):
    """Promised times per metric, in seconds; a metric that is not named has no clock."""

    first_response_seconds: Seconds | None = None
    next_response_seconds: Seconds | None = None
    resolution_seconds: Seconds | None = None
    pickup_seconds: Seconds | None = None
    public_response_seconds: Seconds | None = None

    def of(self, metric: ClockMetric) -> float | None:
        """The target of a metric in seconds, None when nothing is promised."""
        value: float | None = getattr(self, f"{metric}_seconds")
        return value


class Escalation(RequestModel):
    """What follows when a promise is broken, or already at the first warning: a higher priority, another team, both."""

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


class KeyBody(RequestModel):
    """An API key to make. `workspace` None: for all workspaces."""

    name: Name
    workspace: Slug | None = None
    scopes: list[Scope] = Field(min_length=1)


Body = TypeVar("Body", bound=RequestModel)


class Versioned(Contract, Generic[Body]):
    """A part of the configuration with the version in which it was last written (its ETag) and when.

    `generation` of an account: when it was made, or last lost a secret that proved somebody (microseconds since 1970; 0:
    before this was noted). What was given out under another generation is good no more.
    """

    body: Body
    version: int
    at: Instant
    generation: int = 0


class WorkspaceConfiguration(Contract):
    """Everything that REST writes of one workspace, in one numbered document. Accounts by `channel/account`."""

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
        """`profile` was `itself` before 0.1.0; a REST process of that version may write it while it is being replaced."""
        if isinstance(document, dict) and "itself" in document:
            document = {"profile": document["itself"], **document}
        return document
