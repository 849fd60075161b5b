"""Finds requirements of routing rules that no agent of the workspace meets: customers under such a rule wait for ever."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, Field

from schemas.configuration import DEFAULT_TEAM, LANGUAGE_SKILL, AgentBody, Rule, RuleActions, WorkspaceConfiguration
from services.platform.http.problems import escape_pointer
from services.platform.processing.unit_of_work import Reader
from services.platform.store.all_pages import all_pages
from services.platform.store.port import Query
from services.records.agents import AGENTS


class ConfigurationWarning(BaseModel):
    """A part of a configuration that was accepted and will not have the expected effect."""

    pointer: str = Field(description="The position: a JSON pointer within the body of `PUT …/routing`.")
    detail: str = Field(description="What will happen, and what to do about it.")


@dataclass(frozen=True, slots=True)
class RuleRequirement:
    """What one rule requires of an agent in the end, after all its steps of relaxation.

    `language`: the customers' language for which it is required; None: any. `added_teams` may take the task too.
    """

    pointer: str
    rule: str
    team: str
    skills: tuple[tuple[str, int], ...] = ()
    language: str | None = None
    added_teams: frozenset[str] = frozenset()

    def met_by(self, agent: AgentBody) -> bool:
        """Whether the agent could take such a conversation when it is online and free."""
        is_open = self.team in agent.teams or not self.added_teams.isdisjoint(agent.teams)
        return is_open and all(agent.skills.get(name, 0) >= least for name, least in self.skills)

    def warning(self) -> ConfigurationWarning:
        """The warning that no agent meets this requirement."""
        who = f"customers who write {self.language}" if self.language else "whoever it meets"
        if not self.skills:
            does = f"Nobody is in the team `{self.team}`"
            mend = "Put somebody there: PUT …/agents/{agent}."
        else:
            asked = " and ".join(f"`{name}` of at least {least}" for name, least in self.skills)
            does = f"Nobody in the team `{self.team}` has {asked}"
            mend = "Give somebody the skill, or ask for less."
        return ConfigurationWarning(
            pointer=self.pointer, detail=f"{self.rule}: {does}, so {who} would wait for ever. {mend}"
        )


async def read_warnings(reader: Reader, configuration: WorkspaceConfiguration) -> list[ConfigurationWarning]:
    """The requirements that no agent of the workspace meets, in the order of the rules. Raises Unavailable."""
    unmet = list(requirements(configuration))
    if not unmet:
        return []
    async for agents in all_pages(reader, Query(AGENTS.name, "workspace", {"workspace": configuration.workspace})):
        unmet = unmet_by(unmet, [AGENTS.decode(document).body for _, document in agents])
        if not unmet:
            break
    return [requirement.warning() for requirement in _without_consequences(unmet)]


def unmet_by(required: Iterable[RuleRequirement], agents: Iterable[AgentBody]) -> list[RuleRequirement]:
    """The requirements that none of these agents meets."""
    bodies = list(agents)
    return [requirement for requirement in required if not any(requirement.met_by(body) for body in bodies)]


def requirements(configuration: WorkspaceConfiguration) -> Iterator[RuleRequirement]:
    """What each rule requires for each language of customers that it may match; last the team of unmatched customers."""
    rules = configuration.routing.body.rules if configuration.routing else []
    for index, rule in enumerate(rules):
        yield from _requirements_of_rule(f"/rules/{index}/then", f"Routing rule {index + 1}", rule, configuration)
        # A rule without conditions matches every conversation: the rules after it never apply.
        if rule.when.is_empty:
            return
    if rules:
        yield RuleRequirement("/rules", "What no rule meets goes to the team `default`", DEFAULT_TEAM)


def _requirements_of_rule(
    pointer: str, name: str, rule: Rule, configuration: WorkspaceConfiguration
) -> Iterator[RuleRequirement]:
    team = rule.then.team if rule.then.team in configuration.teams else DEFAULT_TEAM
    added = frozenset(team for step in rule.then.relax for team in step.add_teams)
    skills = _after_relaxation(rule.then)
    yield RuleRequirement(f"{pointer}/team", name, team, added_teams=added)
    named = {skill: least for skill, least in skills.items() if skill != LANGUAGE_SKILL}
    yield from (
        RuleRequirement(_skill(pointer, skill), name, team, ((skill, least),), added_teams=added)
        for skill, least in named.items()
    )
    if len(named) > 1:
        yield RuleRequirement(f"{pointer}/skills", name, team, _sorted(named), added_teams=added)
    least = skills.get(LANGUAGE_SKILL)
    if least is None:
        return
    for language in _languages(rule, configuration):
        skill = f"lang:{language}"
        together = {**named, skill: max(least, named.get(skill, 0))}
        yield RuleRequirement(_skill(pointer, LANGUAGE_SKILL), name, team, _sorted(together), language, added)


def _after_relaxation(then: RuleActions) -> dict[str, int]:
    """The skills that a task of the rule still asks for when it has waited for all steps."""
    skills = dict(then.skills)
    for step in sorted(then.relax, key=lambda step: step.after_seconds):
        skills |= step.skills
        for name in step.drop_skills:
            skills.pop(name, None)
    return skills


def _sorted(skills: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(skills.items()))


def _languages(rule: Rule, configuration: WorkspaceConfiguration) -> list[str]:
    """The languages of customers whom the rule may match."""
    condition = rule.when.language
    if condition is not None:
        return [condition] if isinstance(condition, str) else list(dict.fromkeys(condition))
    accounts = (account.body.language for account in configuration.accounts.values())
    # A dict keeps the order and drops repeats.
    return list(dict.fromkeys([*configuration.profile.body.languages, *filter(None, accounts)]))


def _skill(pointer: str, name: str) -> str:
    return f"{pointer}/skills/{escape_pointer(name)}"


def _without_consequences(unmet: Iterable[RuleRequirement]) -> list[RuleRequirement]:
    """The unmet requirements without those that follow from another of the same rule with fewer skills.

    If the team is empty, no skill is there either; if one skill is missing, every combination with it is.
    """
    causes: list[RuleRequirement] = []
    for requirement in unmet:
        if not any(cause.rule == requirement.rule and set(cause.skills) < set(requirement.skills) for cause in causes):
            causes.append(requirement)
    return causes
