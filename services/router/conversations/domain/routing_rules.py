"""Routing rules applied to a conversation: which team, which skills, which priority. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from schemas.activity import Activity
from schemas.configuration import DEFAULT_TEAM, LANGUAGE_SKILL, Rule, RuleActions, WorkspaceConfiguration
from schemas.values import Priority, Requirement
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
    return RoutingResult(team, Requirement(skills=_skills(rule.then, attributes)), rule.then.priority, name, version)


def _skills(then: RuleActions, attributes: RoutingAttributes) -> dict[str, int]:
    """`lang:{language}` becomes the conversation's language, or is left out when that is not known."""
    named = {k: v for k, v in then.skills.items() if k != LANGUAGE_SKILL}
    if LANGUAGE_SKILL in then.skills and attributes.language:
        skill = f"lang:{attributes.language}"
        # The rule may name the same language itself: the higher level is required.
        named[skill] = max(named.get(skill, 0), then.skills[LANGUAGE_SKILL])
    return named


def _values(attributes: RoutingAttributes, condition: str) -> Iterable[object]:
    return attributes.tags if condition == "tag" else (getattr(attributes, condition),)
