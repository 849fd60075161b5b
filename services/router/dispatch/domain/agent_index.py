"""All agents of a workspace, grouped by teams and skills, with the candidate sets of the requirements that tasks had."""

from bisect import bisect_left, insort
from collections import Counter, OrderedDict

from services.router.dispatch.domain.candidates import CandidateSet
from services.router.dispatch.domain.requirement import TaskRequirement, find_rare_skills
from services.router.dispatch.domain.skill_groups import SkillGroup
from services.router.dispatch.domain.values import Agent

MAX_CACHED_CANDIDATE_SETS = 1_000


class AgentIndex:
    """The agents of a workspace by id. `members` are the agent ids of each team, sorted.

    `rare_skills` are the skills of few agents; they are computed anew when the next candidate set is asked for.
    """

    def __init__(self) -> None:
        self.agents: dict[str, Agent] = {}
        self.members: dict[str, list[str]] = {}
        self.rare_skills: frozenset[str] = frozenset()
        self._groups: dict[tuple[frozenset[str], frozenset[tuple[str, int]]], SkillGroup] = {}
        self._group_of_agent: dict[str, SkillGroup] = {}
        # Under (team, None) are all groups of a team, under (team, skill) those of them that have the skill.
        self._groups_by_skill: dict[tuple[str, str | None], dict[int, SkillGroup]] = {}
        self._agents_per_skill: Counter[str] = Counter()
        # The least recently used first: beyond the maximum, the first is dropped.
        self._candidate_sets: OrderedDict[TaskRequirement, CandidateSet] = OrderedDict()
        self._must_recount = False
        self._last_number = 0

    def put(self, agent: Agent) -> None:
        """Add or update an agent."""
        stored = self.agents.get(agent.id)
        # Teams and skills decide the group: an agent whose teams or skills change moves to another one.
        if stored is not None and (stored.teams != agent.teams or stored.skills != agent.skills):
            self.remove(agent.id)
            stored = None
        if stored is None:
            self._add(agent)
        self.agents[agent.id] = agent
        self._group_of_agent[agent.id].put_agent(agent)

    def remove(self, agent: str) -> None:
        """Remove an agent. Raises KeyError for an unknown one."""
        stored, group = self.agents.pop(agent), self._group_of_agent.pop(agent)
        group.remove_agent(agent)
        self._agents_per_skill.subtract(stored.skills.keys())
        for team in stored.teams:
            del self.members[team][bisect_left(self.members[team], agent)]
        if not group.agents:
            self._remove_group(group)
        self._must_recount = True

    def candidates(self, requirement: TaskRequirement) -> CandidateSet:
        """The candidate set of a requirement, cached from call to call."""
        if self._must_recount:
            self._update_rare_skills()
        candidate_set = self._candidate_sets.get(requirement) or self._add_candidate_set(requirement)
        self._candidate_sets.move_to_end(requirement)
        while len(self._candidate_sets) > MAX_CACHED_CANDIDATE_SETS:
            self._drop(next(iter(self._candidate_sets.values())))
        return candidate_set

    def excluded(self, candidate_set: CandidateSet) -> dict[str, int]:
        """The number of agents that each filter excludes; an agent counts under the first filter that it fails."""
        in_team, counts = self._members_of(candidate_set.requirement.teams), candidate_set.counts
        excluded = {
            "team": len(self.agents) - in_team,
            "skills": in_team - sum(counts.values()),
            "presence": counts["presence"],
            "capacity": counts["capacity"],
        }
        return {name: count for name, count in excluded.items() if count}

    def _members_of(self, teams: tuple[str, ...]) -> int:
        """The number of agents who are in any of these teams."""
        if len(teams) == 1:
            return len(self.members.get(teams[0], ()))
        return sum(len(group.agents) for group in self._groups_with(teams, None).values())

    def _groups_with(self, teams: tuple[str, ...], skill: str | None) -> dict[int, SkillGroup]:
        """The groups of any of these teams that have the skill, by number; None: all groups of these teams."""
        if len(teams) == 1:
            return self._groups_by_skill.get((teams[0], skill), {})
        groups: dict[int, SkillGroup] = {}
        for team in teams:
            groups |= self._groups_by_skill.get((team, skill), {})
        return groups

    def _add(self, agent: Agent) -> None:
        self._agents_per_skill.update(agent.skills.keys())
        for team in agent.teams:
            insort(self.members.setdefault(team, []), agent.id)
        key = agent.teams, frozenset(agent.skills.items())
        self._group_of_agent[agent.id] = self._groups.get(key) or self._add_group(agent)
        self._must_recount = True

    def _add_group(self, agent: Agent) -> SkillGroup:
        self._last_number += 1
        group = SkillGroup(self._last_number, agent.teams, agent.skills)
        self._groups[agent.teams, frozenset(agent.skills.items())] = group
        for key in _group_keys(group):
            self._groups_by_skill.setdefault(key, {})[group.number] = group
        # The group is still empty here; its agents reach the sets when they are put into it.
        for candidate_set in self._candidate_sets.values():
            self._add_if_satisfied(candidate_set, group)
        return group

    def _remove_group(self, group: SkillGroup) -> None:
        del self._groups[group.teams, frozenset(group.skills.items())]
        for key in _group_keys(group):
            del self._groups_by_skill[key][group.number]
        for candidate_set in self._candidate_sets_of(group):
            candidate_set.remove_group(group)

    def _candidate_sets_of(self, group: SkillGroup) -> list[CandidateSet]:
        requirements = [requirement for free in group.free.values() for requirement in free.rankings]
        return [self._candidate_sets[requirement] for requirement in requirements]

    def _update_rare_skills(self) -> None:
        self._must_recount = False
        rare_skills = find_rare_skills(self._agents_per_skill, len(self.agents))
        if rare_skills == self.rare_skills:
            return
        self.rare_skills = rare_skills
        # Each set has computed its matches with the rare skills of before, so that all are stale.
        self._candidate_sets.clear()
        for group in self._groups.values():
            group.free.clear()

    def _add_candidate_set(self, requirement: TaskRequirement) -> CandidateSet:
        candidate_set = self._candidate_sets[requirement] = CandidateSet(requirement)
        # Every group that satisfies the requirement has each of its skills: the skill of the fewest groups suffices.
        names: list[str | None] = [name for name, _ in requirement.skills]
        fewest = min((self._groups_with(requirement.teams, name) for name in names or [None]), key=len)
        for group in fewest.values():
            self._add_if_satisfied(candidate_set, group)
        return candidate_set

    def _add_if_satisfied(self, candidate_set: CandidateSet, group: SkillGroup) -> None:
        requirement = candidate_set.requirement
        if requirement.is_satisfied_by(group.teams, group.skills):
            candidate_set.add_group(group, requirement.match(group.skills, self.rare_skills))

    def _drop(self, candidate_set: CandidateSet) -> None:
        del self._candidate_sets[candidate_set.requirement]
        for group, _, _ in list(candidate_set.groups.values()):
            candidate_set.remove_group(group)


def _group_keys(group: SkillGroup) -> list[tuple[str, str | None]]:
    return [(team, name) for team in group.teams for name in (None, *group.skills)]
