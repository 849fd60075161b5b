"""What agents do beside answering: transfer, reopen, priority, promises, notes. Outcomes as in `commands`."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from schemas.case import Case
from schemas.commands import AddNote, Reapply, Reopen, SetPriority, Transfer
from schemas.conversation import Author
from schemas.routing import TaskChanged, TaskGiven
from schemas.values import Contract, Problem
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.router.conversations import domain
from services.router.conversations.commands import NO_CONVERSATION, is_repeat
from services.router.conversations.facts import accept, next_order, queue, refuse, tell
from services.runtime.stage import Arrived
from services.runtime.work import Work


class Asked(Protocol):
    """What every command of this file has."""

    @property
    def conversation(self) -> str: ...

    @property
    def request_hash(self) -> str: ...


Move = TypeVar("Move", bound=Contract)


def carry_out(
    work: Work,
    command: Arrived,
    asked: Asked,
    why_not: Callable[[Case], Problem | None],
    do: Callable[[Case], str],
) -> None:
    """Do it and say what it made, or refuse it; once."""
    if is_repeat(work, command):
        return
    case = work.get(CONVERSATIONS, asked.conversation)
    refusal = NO_CONVERSATION if case is None else why_not(case)
    if refusal is not None:
        refuse(work, command, asked.request_hash, refusal)
    elif case is not None:
        accept(work, command, asked.request_hash, do(case), created=False)


def _finished(case: Case) -> Problem | None:
    if case.status not in domain.FINISHED:
        return None
    return Problem(
        status=409, title="Conversation is finished", detail=f"The conversation is {case.status}. Reopen it first."
    )


def handle_transfer(work: Work, command: Arrived) -> None:
    """To an agent at once, or to another team's queue; dispatch moves the units and tells who has it."""
    asked = command.event.read(Transfer)
    carry_out(
        work, command, asked, lambda case: _why_not_transfer(case, asked), lambda case: _transfer(work, case, asked)
    )


def _why_not_transfer(case: Case, asked: Transfer) -> Problem | None:
    if asked.to_agent is not None and asked.to_agent == case.agent:
        return Problem(status=409, title="Already there", detail=f"{asked.to_agent} has the conversation already.")
    if asked.to_team is not None and asked.to_team == case.team:
        return Problem(
            status=409, title="Already there", detail=f"The conversation is with team {asked.to_team} already."
        )
    return _finished(case)


def _transfer(work: Work, case: Case, asked: Transfer) -> str:
    where = {"conversation": case.id, "key": case.key, "workspace": case.workspace}
    if asked.to_agent is not None:
        tell(work, "transferred", domain.handed_to(case, asked.to_agent, work.now), case.status)
        given = TaskGiven(**where, to_agent=asked.to_agent, by=asked.agent)
        work.emit("pasokh.routing.task_given", case.workspace, given)
    elif asked.to_team is not None:
        move_to_team(work, case, asked.to_team)
    return case.id


def move_to_team(work: Work, case: Case, team: str) -> Case:
    """Into the queue of another team; whoever has it now gives it up."""
    after = domain.moved_to(case, team, work.now)
    tell(work, "transferred", after, case.status)
    if case.status != "waiting":
        tell(work, "queued", after, after.status)
    change = TaskChanged(conversation=case.id, key=case.key, workspace=case.workspace, team=team)
    work.emit("pasokh.routing.task_changed", case.workspace, change)
    return after


def handle_priority(work: Work, command: Arrived) -> None:
    """Another priority: its place in the queue and its promises follow."""
    asked = command.event.read(SetPriority)
    carry_out(work, command, asked, _finished, lambda case: _prioritise(work, case, asked))


def _prioritise(work: Work, case: Case, asked: SetPriority) -> str:
    if asked.priority != case.priority:
        change_priority(work, case, asked.priority)
    return case.id


def change_priority(work: Work, case: Case, priority: str) -> Case:
    """Tell the new priority to everybody who orders by it."""
    after = case.model_copy(update={"priority": priority, "updated_at": work.now})
    tell(work, "priority_changed", after, case.status)
    change = TaskChanged.model_validate(
        {"conversation": case.id, "key": case.key, "workspace": case.workspace, "priority": priority}
    )
    work.emit("pasokh.routing.task_changed", case.workspace, change)
    return after


def handle_reapply(work: Work, command: Arrived) -> None:
    """Ask `sla` to pick the policy again; what it promises then shows on the clocks a moment later."""
    asked = command.event.read(Reapply)
    carry_out(work, command, asked, _finished, lambda case: _reapply(work, case))


def _reapply(work: Work, case: Case) -> str:
    tell(work, "sla_reapplied", case.model_copy(update={"updated_at": work.now}), case.status)
    return case.id


def handle_reopen(work: Work, command: Arrived) -> None:
    """A resolved conversation waits again, its last agent preferred."""
    asked = command.event.read(Reopen)
    carry_out(work, command, asked, lambda case: _why_not_reopen(work, case), lambda case: _reopen(work, case))


def _why_not_reopen(work: Work, case: Case) -> Problem | None:
    if case.status == "closed":
        detail = "The conversation is closed for good; the customer's next message opens another."
        return Problem(status=409, title="Conversation is closed", detail=detail)
    if case.status != "resolved":
        return Problem(
            status=409,
            title="Not resolved",
            detail=f"The conversation is {case.status}; only a resolved one can be reopened.",
        )
    person = work.get(PERSONS, case.key)
    current = person.open.get(case.thread or "") if person else None
    if current not in {None, case.id}:
        return Problem(
            status=409, title="Another is open", detail=f"The customer has another open conversation there: {current}."
        )
    return None


def _reopen(work: Work, case: Case) -> str:
    after = domain.requeued(case, work.now)
    work.unwake(f"close/{case.id}")
    tell(work, "reopened", after, case.status)
    queue(work, after, after.status)
    return case.id


def handle_note(work: Work, command: Arrived) -> None:
    """A message that only agents see. Finished conversations take notes too."""
    asked = command.event.read(AddNote)
    carry_out(work, command, asked, lambda _: None, lambda case: _note(work, case, asked))


def _note(work: Work, case: Case, asked: AddNote) -> str:
    note = MessageRecord(
        id=work.new_id("note"),
        conversation=case.id,
        workspace=case.workspace,
        key=case.key,
        order=next_order(work),
        direction="note",
        surface=case.surface,
        channel=case.channel,
        author=Author(kind="agent", id=asked.agent) if asked.agent else Author(kind="system"),
        text=asked.text,
        masked=asked.masked,
        received_at=asked.accepted_at,
        state="received",
    )
    work.put(MESSAGES, note.id, note)
    tell(work, "noted", case.model_copy(update={"updated_at": work.now}), case.status, message=note.id)
    return case.id


MOVES: dict[str, Callable[[Work, Arrived], None]] = {
    "pasokh.command.transfer": handle_transfer,
    "pasokh.command.priority": handle_priority,
    "pasokh.command.reapply": handle_reapply,
    "pasokh.command.reopen": handle_reopen,
    "pasokh.command.note": handle_note,
}
