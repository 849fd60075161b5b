"""Routing rules applied to a conversation: which team, which skills, which priority. Pure; data, not code."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from schemas.activity import Activity
from schemas.configuration import DEFAULT_TEAM, LANGUAGE_SKILL, Rule, RuleActions, WorkspaceConfiguration
from schemas.values import Priority, Requirement
from services.domain.conversation_state import ConversationState
from services.domain.rule_matching import matches

DEFAULT_RULE = Rule(then=RuleActions())
"""What holds where no rule matches."""


@dataclass(frozen=True, slots=True)
class RoutingAttributes:
    """What rules may look at."""

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
    """Where a conversation goes. `rule` says which rule decided: `rule 1` is the first, `default` none."""

    team: str
    requirement: Requirement
    priority: Priority
    rule: str
    config_version: int


def activity_attributes(activity: Activity, language: str | None, sensitive: bool) -> RoutingAttributes:
    """What routing rules may look at."""
    return RoutingAttributes(
        channel=activity.channel,
        surface=activity.surface,
        language=language,
        intent=activity.intent,
        sentiment=activity.sentiment,
        sensitive=sensitive,
    )


def conversation_attributes(case: ConversationState) -> RoutingAttributes:
    """What routing rules may look at when they are applied to a conversation again."""
    return RoutingAttributes(
        channel=case.channel,
        surface=case.surface,
        language=case.language,
        intent=case.intent,
        sentiment=case.sentiment,
        sensitive=case.sensitive,
        tags=tuple(case.tags),
    )


def evaluate_rules(traits: RoutingAttributes, configuration: WorkspaceConfiguration | None) -> RoutingResult:
    """The first rule that matches wins; without one: team `default`, no skills, priority normal."""
    rules = configuration.routing.body.rules if configuration and configuration.routing else []
    version = configuration.version if configuration else 0
    for number, rule in enumerate(rules, start=1):
        if matches(rule.when, partial(_values, traits)):
            return _planned(rule, traits, configuration, f"rule {number}", version)
    return _planned(DEFAULT_RULE, traits, configuration, "default", version)


def _planned(
    rule: Rule, traits: RoutingAttributes, configuration: WorkspaceConfiguration | None, name: str, version: int
) -> RoutingResult:
    teams = configuration.teams if configuration else {}
    team = rule.then.team if rule.then.team in teams else DEFAULT_TEAM
    return RoutingResult(team, Requirement(skills=_skills(rule.then, traits)), rule.then.priority, name, version)


def _skills(then: RuleActions, traits: RoutingAttributes) -> dict[str, int]:
    """`lang:{language}` becomes the conversation's language, or is left out when that is not known."""
    named = {k: v for k, v in then.skills.items() if k != LANGUAGE_SKILL}
    if LANGUAGE_SKILL in then.skills and traits.language:
        skill = f"lang:{traits.language}"
        named[skill] = max(named.get(skill, 0), then.skills[LANGUAGE_SKILL])
    return named


def _values(traits: RoutingAttributes, condition: str) -> Iterable[object]:
    return traits.tags if condition == "tag" else (getattr(traits, condition),)
