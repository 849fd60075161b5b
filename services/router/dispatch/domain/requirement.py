"""What a task asks of its agent: teams, skills, and room for its work."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace

from schemas.values import RelaxStep
from services.router.dispatch.domain.work import ONE_CHAT, Work

SkillMatch = tuple[int, int]
"""How well skills match a requirement: the levels above the minimums, the rare skills that it leaves unused. Least first."""

RARE_SKILL_SHARE = 4
"""A skill is rare when at most one in this many agents has it."""


@dataclass(frozen=True, slots=True)
class TaskRequirement:
    """A task's requirement: an agent of one of `teams`, with `skills`, and with room for `work`.

    `skills` are (name, minimum). Teams and skills are sorted, so that equal requirements are equal values.
    """

    teams: tuple[str, ...]
    skills: tuple[tuple[str, int], ...] = ()
    work: Work = ONE_CHAT

    @classmethod
    def of(cls, teams: str | Iterable[str], skills: Mapping[str, int], work: Work = ONE_CHAT) -> "TaskRequirement":
        names = (teams,) if isinstance(teams, str) else tuple(sorted(set(teams)))
        return cls(names, tuple(sorted(skills.items())), work)

    def is_satisfied_by(self, teams: Set[str], skills: Mapping[str, int]) -> bool:
        """Whether an agent of these teams and skill levels may take the task, free or not."""
        return self.is_open_to(teams) and self.is_met_by_skills(skills)

    def is_open_to(self, teams: Set[str]) -> bool:
        return any(team in teams for team in self.teams)

    def is_met_by_skills(self, skills: Mapping[str, int]) -> bool:
        return all(skills.get(name, 0) >= minimum for name, minimum in self.skills)

    def match(self, skills: Mapping[str, int], rare_skills: Set[str]) -> SkillMatch:
        """How well skills match. They must meet the requirement: a missing one raises KeyError."""
        surplus = sum(skills[name] - minimum for name, minimum in self.skills)
        required = {name for name, _ in self.skills}
        return surplus, sum(1 for name in skills if name in rare_skills and name not in required)

    def relaxed(self, step: RelaxStep) -> "TaskRequirement":
        """This requirement after one step of relaxation."""
        skills = {**dict(self.skills), **step.skills}
        for name in step.drop_skills:
            skills.pop(name, None)
        return TaskRequirement.of((*self.teams, *step.add_teams), skills, self.work)

    def open_to(self, team: str) -> "TaskRequirement":
        """This requirement, open to one team more."""
        return replace(self, teams=tuple(sorted({*self.teams, team})))


def find_rare_skills(agents_per_skill: Mapping[str, int], agents: int) -> frozenset[str]:
    """The skills of at most a quarter of the agents, online or not. A skill of a single agent is always rare."""
    maximum = max(1, agents // RARE_SKILL_SHARE)
    return frozenset(name for name, count in agents_per_skill.items() if 0 < count <= maximum)
