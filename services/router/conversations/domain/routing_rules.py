"""Routing rules applied to a conversation: which team, which skills, which priority. Pure."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from schemas.activity import Activity
from schemas.configuration import DEFAULT_TEAM, LANGUAGE_SKILL, Relaxation, Rule, RuleActions, WorkspaceConfiguration
from schemas.values import Priority, RelaxStep, Requirement
from services.domain.conversation_state import ConversationState
from services.domain.rule_matching import matches

DEFAULT_RULE = Rule(then=RuleActions())
"""The rule that applies where no rule of the workspace matches."""


@dataclass(frozen=True, slots=True)
class RoutingAttributes:
    """The attributes that the conditions of a rule are compared with."""

    channel: str
    surface: str
    language: str | None = None
    intent: str | None = None
    sentiment: str | None = None
    sensitive: bool = False
    tier: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoutingResult:
    """How a conversation is routed. `rule` is the rule that matched: `rule 1` is the first, `default` none."""

    team: str
    requirement: Requirement
    priority: Priority
    rule: str
    config_version: int
    relax: tuple[RelaxStep, ...] = ()


def activity_attributes(activity: Activity, language: str | None, sensitive: bool) -> RoutingAttributes:
    """The attributes of a conversation that an activity opens or reopens."""
    return RoutingAttributes(
        channel=activity.channel,
        surface=activity.surface,
        language=language,
        intent=activity.intent,
        sentiment=activity.sentiment,
        sensitive=sensitive,
    )


def conversation_attributes(case: ConversationState) -> RoutingAttributes:
    """The attributes of a conversation that exists: its tags count too."""
    return RoutingAttributes(
        channel=case.channel,
        surface=case.surface,
        language=case.language,
        intent=case.intent,
        sentiment=case.sentiment,
        sensitive=case.sensitive,
        tags=tuple(case.tags),
    )


def evaluate_rules(attributes: RoutingAttributes, configuration: WorkspaceConfiguration | None) -> RoutingResult:
    """The first rule that matches wins; without one: team `default`, no skills, priority normal."""
    rules = configuration.routing.body.rules if configuration and configuration.routing else []
    version = configuration.version if configuration else 0
    for number, rule in enumerate(rules, start=1):
        if matches(rule.when, partial(_values, attributes)):
            return _to_result(rule, attributes, configuration, f"rule {number}", version)
    return _to_result(DEFAULT_RULE, attributes, configuration, "default", version)


def _to_result(
    rule: Rule, attributes: RoutingAttributes, configuration: WorkspaceConfiguration | None, name: str, version: int
) -> RoutingResult:
    teams = configuration.teams if configuration else {}
    # A rule may name a team that was deleted since: its conversations go to the default team instead of nowhere.
    team = rule.then.team if rule.then.team in teams else DEFAULT_TEAM
    requirement = Requirement(skills=_skills(rule.then.skills, attributes))
    relax = sorted(rule.then.relax, key=lambda step: step.after_seconds)
    steps = tuple(_step(step, attributes, teams) for step in relax)
    return RoutingResult(team, requirement, rule.then.priority, name, version, steps)


def _skills(skills: Mapping[str, int], attributes: RoutingAttributes) -> dict[str, int]:
    """`lang:{language}` becomes the conversation's language, or is left out when that is not known."""
    named = {k: v for k, v in skills.items() if k != LANGUAGE_SKILL}
    if LANGUAGE_SKILL in skills and attributes.language:
        skill = f"lang:{attributes.language}"
        # The rule may name the same language itself: the higher level is required.
        named[skill] = max(named.get(skill, 0), skills[LANGUAGE_SKILL])
    return named


def _step(step: Relaxation, attributes: RoutingAttributes, teams: Container[str]) -> RelaxStep:
    dropped = _skills(dict.fromkeys(step.drop_skills, 1), attributes)
    return RelaxStep(
        after_seconds=step.after_seconds,
        skills=_skills(step.skills, attributes),
        drop_skills=list(dropped),
        # A team that was deleted since has nobody to ask.
        add_teams=[team for team in step.add_teams if team in teams or team == DEFAULT_TEAM],
    )


def _values(attributes: RoutingAttributes, condition: str) -> Iterable[object]:
    return attributes.tags if condition == "tag" else (getattr(attributes, condition),)
