"""Workspaces that are or were deleted. A record stays for ever: a new workspace of the name goes on with its numbers."""

from dataclasses import dataclass
from typing import Literal

from schemas.values import Instant
from services.platform.store.port import Collection, Index

RemovalState = Literal["closing", "emptying", "opening", "done"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One workspace. Its id is the workspace; `version` is the last one of its configuration.

    `closing`: until no partition handles anything of it. `emptying`: its documents go. `opening`: until each partition
    takes the name again. `done`: nothing is left. `touched_at`: when somebody last worked on it. `command` answers for it.
    """

    name: str
    version: int
    state: RemovalState = "closing"
    at: Instant
    touched_at: Instant
    command: str


REMOVALS = Collection("removals", Removal, writer="rest", indexes=(Index("state", ("state", "touched_at")),))
