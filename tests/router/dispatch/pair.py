"""A dispatcher and its oracle, which get the same steps and must decide the same."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from services.router.dispatch.domain.dispatcher import Dispatcher
from services.router.dispatch.domain.outcomes import (
    AgentSetAway,
    DispatchOutcome,
    DispatchRefused,
    OfferEnded,
    Overflowed,
    Requeued,
    Resumed,
    TaskAssigned,
    TaskOffered,
    Unmatched,
)
from services.router.dispatch.domain.requirement import TaskRequirement
from services.router.dispatch.domain.values import Agent, Task
from tests.fakes import START
from tests.router.dispatch.oracle import Place, ReferenceDispatcher, ReferenceOutcome, ReferenceRefused
from tests.router.dispatch.strategies import Step, agent_of, task_of

NAMES = {Requeued: "requeued", Resumed: "resumed", Overflowed: "overflowed", Unmatched: "waiting"}


class Pair:
    """A dispatcher and an oracle.

    With `forgetful` the dispatcher is restored from its own values before each step. With `aimed` a step whose task it cannot
    concern means another one, so that few steps find nothing to do.
    """

    def __init__(self, fifo_reserve_interval: int, *, forgetful: bool = False, aimed: bool = False) -> None:
        self.dispatcher = Dispatcher(fifo_reserve_interval=fifo_reserve_interval)
        self.oracle = ReferenceDispatcher(fifo_reserve_interval=fifo_reserve_interval)
        self.now, self.forgetful, self.aimed, self.interval = START, forgetful, aimed, fifo_reserve_interval

    def apply(self, step: Step) -> list[ReferenceOutcome]:
        self.now += timedelta(seconds=step.later)
        if self.forgetful:
            self.restore()
        concerns = self._CONCERNS.get(step.what) if self.aimed else None
        names = sorted(name for name, place in self.oracle.places.items() if concerns and concerns(place))
        if names and step.who not in names:
            step = replace(step, who=names[int(step.who[1:]) % len(names)])
        outcomes = self._STEPS[step.what](self, step)
        self.check()
        return outcomes

    def restore(self) -> None:
        """Build the dispatcher anew, from its agents and placements in another order."""
        before = self.dispatcher
        self.dispatcher = Dispatcher(before.pulled, self.interval)
        agents = list(before.agent_index.agents.values())
        self.dispatcher.restore(reversed(agents), reversed(list(before.board.placements.values())))

    # -- steps ------------------------------------------------------------------------------------------------------

    def _queued(self, step: Step) -> list[ReferenceOutcome]:
        task = task_of(step, self.now)
        return self._same(lambda: self.dispatcher.enqueue(task, self.now), lambda: self.oracle.enqueue(task, self.now))

    def _set_aside(self, step: Step) -> list[ReferenceOutcome]:
        task = task_of(step, self.now)

        def decide() -> list[DispatchOutcome]:
            self.dispatcher.set_aside(task)
            return []

        return self._same(decide, lambda: self.oracle.set_aside(task))

    def _changed(self, step: Step) -> list[ReferenceOutcome]:
        place = self.oracle.places.get(step.who)
        if place is None:
            return []
        body, current = step.body, place.task
        team = body["team"] or current.team
        teams = current.requirement.teams if team == current.team else (team,)
        minimums = dict(current.requirement.skills) if body["skills"] is None else body["skills"]
        due = current.due_at if body["due"] is None else self.now + timedelta(minutes=body["due"])
        task = replace(
            current,
            team=team,
            requirement=TaskRequirement.of(teams, minimums, current.work),
            priority=body["priority"] or current.priority,
            due_at=due,
        )
        return self._same(lambda: self.dispatcher.change(task, self.now), lambda: self.oracle.change(task, self.now))

    def _closed(self, step: Step) -> list[ReferenceOutcome]:
        return self._same(
            lambda: self.dispatcher.close(step.who, self.now), lambda: self.oracle.close(step.who, self.now)
        )

    def _advanced(self, step: Step) -> list[ReferenceOutcome]:
        return self._same(
            lambda: self.dispatcher.advance(step.who, self.now), lambda: self.oracle.advance(step.who, self.now)
        )

    def _accepted(self, step: Step) -> list[ReferenceOutcome]:
        offer, agent = self._offer(step.who, step.body["as_agent"])
        at = self.now - timedelta(seconds=step.body["earlier"])
        return self._same(
            lambda: self.dispatcher.accept(offer, agent, at, self.now),
            lambda: self.oracle.accept(step.who, agent, at, self.now),
        )

    def _declined(self, step: Step) -> list[ReferenceOutcome]:
        offer, agent = self._offer(step.who, step.body["as_agent"])
        reason = step.body["reason"]
        return self._same(
            lambda: self.dispatcher.decline(offer, agent, reason, self.now),
            lambda: self.oracle.decline(step.who, agent, reason, self.now),
        )

    def _offer(self, task: str, agent: str | None) -> tuple[str, str]:
        placement = self.dispatcher.placement(task)
        if placement is None or placement.offer is None:
            return f"{task}.1", agent or "ali"
        return placement.offer.id, agent or placement.offer.agent

    def _claimed(self, step: Step) -> list[ReferenceOutcome]:
        body, place = step.body, self.oracle.places.get(step.who)
        taken_from = body["taken_from"]
        if taken_from == "holder":
            taken_from = place.agent if place else None
        return self._same(
            lambda: self.dispatcher.claim(
                step.who, body["agent"], taken_from, self.now, over_capacity=body["over_capacity"]
            ),
            lambda: self.oracle.claim(step.who, body["agent"], taken_from, self.now, body["over_capacity"]),
        )

    def _forced(self, step: Step) -> list[ReferenceOutcome]:
        agent = step.body["agent"]
        return self._same(
            lambda: self.dispatcher.force_assign(step.who, agent, None, self.now),
            lambda: self.oracle.force_assign(step.who, agent, self.now),
        )

    def _paused(self, step: Step) -> list[ReferenceOutcome]:
        return self._same(
            lambda: self.dispatcher.pause(step.who, self.now), lambda: self.oracle.pause(step.who, self.now)
        )

    def _resumed(self, step: Step) -> list[ReferenceOutcome]:
        seconds = step.body["seconds"]
        return self._same(
            lambda: self.dispatcher.resume(step.who, self.now, seconds),
            lambda: self.oracle.resume(step.who, self.now, seconds),
        )

    def _given_back(self, step: Step) -> list[ReferenceOutcome]:
        body = step.body
        tasks = [name for name, place in self.oracle.places.items() if place.agent == step.who]
        return self._same(
            lambda: self.dispatcher.give_back(tasks, "released", self.now, body["seconds"], missed=body["missed"]),
            lambda: self.oracle.give_back(tasks, self.now, body["seconds"], body["missed"]),
        )

    def _put(self, step: Step) -> list[ReferenceOutcome]:
        known, fresh = self.oracle.agents.get(step.who), agent_of(step)
        if known is not None:
            fresh = replace(
                known,
                teams=fresh.teams,
                skills=fresh.skills,
                capacity=fresh.capacity,
                limits=fresh.limits,
                call_blocks=fresh.call_blocks,
                max_missed_offers=fresh.max_missed_offers,
            )
        return self._put_agent(fresh)

    def _presence(self, step: Step) -> list[ReferenceOutcome]:
        known = self.oracle.agents.get(step.who)
        return self._put_agent(replace(known, presence=step.body["status"])) if known is not None else []

    def _put_agent(self, agent: Agent) -> list[ReferenceOutcome]:
        return self._same(
            lambda: self.dispatcher.put_agent(agent, self.now), lambda: self.oracle.put_agent(agent, self.now)
        )

    def _deleted(self, step: Step) -> list[ReferenceOutcome]:
        if step.who not in self.oracle.agents:
            return []
        return self._same(
            lambda: self.dispatcher.remove_agent(step.who, self.now),
            lambda: self.oracle.remove_agent(step.who, self.now),
        )

    _STEPS: dict[str, Callable[["Pair", Step], list[ReferenceOutcome]]] = {
        "task_queued": _queued,
        "task_set_aside": _set_aside,
        "task_changed": _changed,
        "task_closed": _closed,
        "task_advanced": _advanced,
        "offer_accepted": _accepted,
        "offer_declined": _declined,
        "task_claimed": _claimed,
        "task_forced": _forced,
        "task_paused": _paused,
        "task_resumed": _resumed,
        "tasks_given_back": _given_back,
        "agent_put": _put,
        "agent_deleted": _deleted,
        "presence_set": _presence,
    }

    _CONCERNS: dict[str, Callable[[Place], bool]] = {
        "task_changed": lambda place: True,
        "task_closed": lambda place: True,
        "task_advanced": lambda place: (
            place.expires_at is not None or (place.waits and place.task.next_change is not None)
        ),
        "offer_accepted": lambda place: place.expires_at is not None,
        "offer_declined": lambda place: place.expires_at is not None,
        "task_claimed": lambda place: True,
        "task_forced": lambda place: True,
        "task_paused": lambda place: place.counting,
        "task_resumed": lambda place: not place.counting,
    }

    # -- comparison -------------------------------------------------------------------------------------------------

    def _same(
        self, decide: Callable[[], list[DispatchOutcome]], expect: Callable[[], list[ReferenceOutcome]]
    ) -> list[ReferenceOutcome]:
        outcomes: list[DispatchOutcome] = []
        expected: list[ReferenceOutcome] = []
        refused = expected_refusal = None
        try:
            outcomes = decide()
        except DispatchRefused as error:
            refused = str(error.code)
        try:
            expected = [*expect(), *self.oracle.finish(self.now)]
        except ReferenceRefused as error:
            expected_refusal = str(error)
        assert refused == expected_refusal
        assert [_comparable(outcome) for outcome in outcomes] == expected
        assert self.dispatcher.pulled == self.oracle.pulled
        return expected

    def check(self) -> None:
        """The invariants that hold after every step."""
        oracle = self.oracle
        for name, agent in self.dispatcher.agent_index.agents.items():
            expected = {work_class: units for work_class, units in oracle.in_hand(name).items() if units}
            assert agent.in_hand.by_class() == expected
            assert replace(agent, in_hand=oracle.agents[name].in_hand) == oracle.agents[name]
        assert set(self.dispatcher.agent_index.agents) == set(oracle.agents)
        assert {name: self._place(name) for name in self.dispatcher.board.placements} == oracle.places
        assert self.dispatcher.queue.tasks == oracle.waiting
        for task in oracle.waiting.values():
            assert not any(oracle.may_take(a, task) for a in oracle.agents.values()), (
                "an agent is free for a waiting task"
            )

    def _place(self, task: str) -> Place:
        placement = self.dispatcher.board.placements[task]
        expires_at = placement.offer.expires_at if placement.offer else None
        return Place(placement.task, placement.agent, placement.counting, expires_at)


def open_task(pair: Pair, task: str) -> Task | None:
    """A task of the pair, wherever it is."""
    place = pair.oracle.places.get(task)
    return place.task if place else None


def _comparable(outcome: DispatchOutcome) -> ReferenceOutcome:
    match outcome:
        case TaskAssigned() | TaskOffered():
            eligible = [c.agent for c in outcome.explanation.candidates if c.eligible]
            what = "assigned" if isinstance(outcome, TaskAssigned) else "offered"
            return what, outcome.task.id, outcome.agent, eligible, outcome.explanation.excluded
        case Unmatched():
            return "waiting", outcome.task.id, None, [], outcome.explanation.excluded
        case Overflowed():
            return "overflowed", outcome.task.id, None, [], {}
        case OfferEnded():
            return outcome.why, outcome.task.id, outcome.agent, [], {}
        case AgentSetAway():
            return "away", outcome.agent, outcome.agent, [], {}
        case Requeued():
            return "requeued", outcome.task.id, outcome.agent, [], {}
        case Resumed():
            return "resumed", outcome.task.id, outcome.agent, [], {}
