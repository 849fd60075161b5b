"""What routing rules ask for that nobody could ever give: a customer whom such a rule meets waits for ever."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, Field

from schemas.configuration import DEFAULT_TEAM, LANGUAGE_SKILL, AgentBody, Rule, WorkspaceConfiguration
from services.platform.processing.unit_of_work import Reader
from services.platform.store.all_pages import all_pages
from services.platform.store.port import Query
from services.records.agents import AGENTS


class ConfigurationWarning(BaseModel):
    """Something that was accepted and will not do what is expected of it."""

    pointer: str = Field(description="Where it stands: a JSON pointer within the body of `PUT …/routing`.")
    detail: str = Field(description="What will happen, and what to do about it.")


@dataclass(frozen=True, slots=True)
class RuleRequirement:
    """What one rule asks of an agent. `language`: whose customers it is asked for; None: everybody's."""

    pointer: str
    rule: str
    team: str
    skills: tuple[tuple[str, int], ...] = ()
    language: str | None = None

    def met_by(self, agent: AgentBody) -> bool:
        """Whether this agent could take such a conversation once online and free."""
        return self.team in agent.teams and all(agent.skills.get(name, 0) >= least for name, least in self.skills)

    def warning(self) -> ConfigurationWarning:
        """In words."""
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
    """What nobody of the workspace can meet, in the order of the rules. Raises Unavailable."""
    unmet = list(wanted(configuration))
    if not unmet:
        return []
    async for agents in all_pages(reader, Query(AGENTS.name, "workspace", {"workspace": configuration.workspace})):
        unmet = unmet_by(unmet, [AGENTS.decode(document).body for _, document in agents])
        if not unmet:
            break
    return [one.warning() for one in _worst(unmet)]


def unmet_by(wants: Iterable[RuleRequirement], agents: Iterable[AgentBody]) -> list[RuleRequirement]:
    """What none of these agents meets."""
    known = list(agents)
    return [one for one in wants if not any(one.met_by(agent) for agent in known)]


def wanted(configuration: WorkspaceConfiguration) -> Iterator[RuleRequirement]:
    """What each rule asks for, in each language that may come to it; and the team of what no rule meets."""
    rules = configuration.routing.body.rules if configuration.routing else []
    for index, rule in enumerate(rules):
        yield from _of_rule(f"/rules/{index}/then", f"Routing rule {index + 1}", rule, configuration)
        if rule.when.is_empty:
            return
    if rules:
        yield RuleRequirement("/rules", "What no rule meets goes to the team `default`", DEFAULT_TEAM)


def _of_rule(pointer: str, name: str, rule: Rule, configuration: WorkspaceConfiguration) -> Iterator[RuleRequirement]:
    team = rule.then.team if rule.then.team in configuration.teams else DEFAULT_TEAM
    yield RuleRequirement(f"{pointer}/team", name, team)
    named = {skill: least for skill, least in rule.then.skills.items() if skill != LANGUAGE_SKILL}
    yield from (
        RuleRequirement(_skill(pointer, skill), name, team, ((skill, least),)) for skill, least in named.items()
    )
    if len(named) > 1:
        yield RuleRequirement(f"{pointer}/skills", name, team, _sorted(named))
    least = rule.then.skills.get(LANGUAGE_SKILL)
    if least is None:
        return
    for language in _languages(rule, configuration):
        skill = f"lang:{language}"
        together = {**named, skill: max(least, named.get(skill, 0))}
        yield RuleRequirement(_skill(pointer, LANGUAGE_SKILL), name, team, _sorted(together), language)


def _sorted(skills: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(skills.items()))


def _languages(rule: Rule, configuration: WorkspaceConfiguration) -> list[str]:
    """The languages in which somebody may come to the rule."""
    given = rule.when.language
    if given is not None:
        return [given] if isinstance(given, str) else list(dict.fromkeys(given))
    accounts = (account.body.language for account in configuration.accounts.values())
    return list(dict.fromkeys([*configuration.profile.body.languages, *(one for one in accounts if one)]))


def _skill(pointer: str, name: str) -> str:
    return f"{pointer}/skills/{name.replace('~', '~0').replace('/', '~1')}"


def _worst(unmet: Iterable[RuleRequirement]) -> list[RuleRequirement]:
    """One word about one hole: where nobody is in the team, or has one skill, more is not said of what follows."""
    found: list[RuleRequirement] = []
    for one in unmet:
        if not any(other.rule == one.rule and set(other.skills) < set(one.skills) for other in found):
            found.append(one)
    return found
