"""Whatever agents, pages, customers and processes do: soon afterwards no customer waits for somebody who is not there.

The conversations are played here as simply as can be: each knows whether its customer waits, and who has it as far as it was
told. They answer what dispatch asks of them late, and after a restart of dispatch.
"""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.commands import ReturnTask
from schemas.envelope import Event
from tests.examples import examples
from tests.router.dispatch.harness import DispatchHarness

AGENTS = ("ann", "bob", "cy")
STATUSES = st.sampled_from(["online", "away", "offline"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("queue"), st.booleans()),
        st.tuples(
            st.just("declare"), st.sampled_from(AGENTS), STATUSES, st.sampled_from(["return", "keep"]), st.booleans()
        ),
        st.tuples(st.just("page"), st.sampled_from(AGENTS), st.booleans()),
        st.tuples(st.sampled_from(["answer", "write", "close", "accept"]), st.integers(0, 20)),
        st.tuples(st.just("time"), st.sampled_from([1, 20, 70, 200, 400])),
        st.tuples(st.sampled_from(["restart", "deliver"])),
    ),
    max_size=25,
)


@dataclass
class Play:
    """Dispatch with its surroundings. `waits`: the conversations whose customer waits for an answer; `kept_by` as in conversations."""

    office: DispatchHarness = field(default_factory=DispatchHarness)
    pages: set[str] = field(default_factory=set)
    waits: dict[str, bool] = field(default_factory=dict)
    kept_by: dict[str, str] = field(default_factory=dict)
    asked: list[ReturnTask] = field(default_factory=list)
    seen: int = 0

    async def begin(self) -> None:
        for agent in AGENTS:
            await self.office.put_agent(agent, capacity=2)

    def listen(self) -> None:
        """What dispatch has asked since the last time."""
        new = self.office.sent[self.seen :]
        self.seen = len(self.office.sent)
        self.asked += [event.payload_as(ReturnTask) for event in new if event.type == "pasokh.command.return_task"]

    async def tell(self, kind: str, conversation: str, **more: Any) -> None:
        await self.office.handle(self.event(kind, conversation, **more), seconds=0)

    def event(self, kind: str, conversation: str, **more: Any) -> Event:
        return self.office.event(kind, {**self.office.named(conversation), **more})

    async def deliver(self) -> None:
        """The conversations answer."""
        self.listen()
        asked, self.asked = self.asked, []
        for command in asked:
            name, held = command.conversation, self.office.tasks().get(command.conversation)
            if name not in self.waits or held is None:
                continue
            if not self.waits[name]:
                if command.reason != "unread":
                    await self.pause(name, command.agent)
            elif command.keeps:
                self.kept_by[name] = command.agent
            else:
                await self.tell("task_returned", name, agent=command.agent, reason=command.reason, preferred_seconds=60)
        self.listen()

    async def pause(self, name: str, agent: str) -> None:
        await self.tell("task_paused", name, agent=agent, at=self.office.now.isoformat())

    async def pass_time(self, seconds: int) -> None:
        """Pages that live are heard every 15 seconds at most."""
        for step in [15] * (seconds // 15) + ([seconds % 15] if seconds % 15 else []):
            await self.office.advance(step)
            for agent in sorted(self.pages):
                await self.office.beat(agent, idle=0, renews=True)
        self.listen()

    async def step(self, what: str, *how: Any) -> None:
        if what == "queue":
            name = f"c{len(self.waits)}"
            self.waits[name] = True
            await self.office.queue(name, offer_seconds=30 if how[0] else None)
        elif what == "declare":
            agent, status, open_work, after_current = how
            await self.office.set_presence(agent, status, open_work=open_work, after_current=after_current)
        elif what == "page":
            (self.pages.add if how[1] else self.pages.discard)(how[0])
            await self.pass_time(1)
        elif what == "time":
            await self.pass_time(how[0])
        elif what == "restart":
            self.office.restart()
        elif what == "deliver":
            await self.deliver()
        elif self.waits:
            await self.act(what, sorted(self.waits)[how[0] % len(self.waits)])
        self.listen()

    async def act(self, what: str, name: str) -> None:
        task = self.office.tasks()[name]
        if what == "close":
            await self.office.close(name)
            del self.waits[name]
        elif what == "accept" and task.state == "offered":
            data = {"agent": task.agent, "offer": task.offer, "accepted_at": self.office.now.isoformat()}
            await self.office.handle(self.office.event("offer_accept", data), seconds=0)
        elif what == "answer" and task.state == "assigned" and self.waits[name]:
            self.waits[name] = False
            await self.pause(name, str(task.agent))
        elif what == "write" and not self.waits[name]:
            self.waits[name] = True
            await self.tell("task_resumed", name, at=self.office.now.isoformat(), preferred_seconds=60)
        elif what == "write" and name in self.kept_by:
            agent = self.kept_by.pop(name)
            await self.tell("task_returned", name, agent=agent, reason="not_online", preferred_seconds=60)

    def check(self) -> None:
        office, tasks = self.office, self.office.tasks()
        online = {agent for agent in AGENTS if office.agent(agent).presence == "online"}
        for name, waits in self.waits.items():
            task = tasks[name]
            if waits and task.agent is not None and self.kept_by.get(name) != task.agent:
                assert task.agent in online, f"{name} waits for {task.agent}, who is not there"
            if waits:
                assert task.state != "set_aside", f"{name} is nowhere"
        for agent in AGENTS:
            record = office.agent(agent)
            assert record.presence != "online" or record.leased_at is None or agent in self.pages, (
                "a dead page is online"
            )
            # A kept promise of the queue: nobody waits while somebody who takes new work is free.
            takes = record.presence == "online" and record.presence_next is None and record.reserved_for is None
            if takes and record.load < record.body.capacity:
                waiting = [task.conversation for task in tasks.values() if task.state == "waiting"]
                assert all(agent in tasks[name].passed for name in waiting), f"{waiting} wait while {agent} is free"


@examples(60)
@given(STEPS)
async def test_soon_nobody_waits_for_somebody_who_is_not_there(steps: list[tuple[Any, ...]]) -> None:
    play = Play()
    await play.begin()
    for step in steps:
        await play.step(*step)
    # Offers that nobody answers, and what nobody looks at, set their agents away first.
    for _ in range(60):
        await play.deliver()
        await play.pass_time(15)
    await play.deliver()
    play.check()
