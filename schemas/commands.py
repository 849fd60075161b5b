"""Commands on `commands` (person key): what REST asks the owner of a conversation to do. The event id is the command's.

The outcome of each command (also of those on `routing`) is one document in the collection `outcomes`, written in the
batch that applied or refused it.
"""

from typing import Literal

from schemas.values import Contract, Instant, Problem, Sealed, Surface


class Reply(Contract):
    """`pasokh.command.reply`. `text` is already masked; `masked` names the kinds that were (a secret is refused)."""

    conversation: str
    agent: str
    text: Sealed
    masked: list[str] = []
    surface: Surface | None = None
    accepted_at: Instant
    request_hash: str


class Resolve(Contract):
    """`pasokh.command.resolve`."""

    conversation: str
    agent: str | None = None
    accepted_at: Instant
    request_hash: str


class Reopen(Contract):
    """`pasokh.command.reopen`."""

    conversation: str
    agent: str | None = None
    accepted_at: Instant
    request_hash: str


class DeadLetterAction(Contract):
    """`pasokh.control.dead_letter`, on any input topic of `group`, at its partition: an operator's retry or drop."""

    group: str
    dead_letter: str
    action: Literal["retry", "drop"]


class Outcome(Contract):
    """What became of a command. `result` is the id of what it made (a reply's message, an agent)."""

    id: str
    workspace: str
    status: Literal["applied", "refused"]
    problem: Problem | None = None
    result: str | None = None
    created: bool = False
    request_hash: str = ""
    at: Instant
