"""Deletions of workspaces. A record stays for ever: a new workspace of the name continues its version numbers."""

from dataclasses import dataclass
from typing import Literal

from schemas.values import Instant
from services.platform.store.port import Collection, Index

RemovalState = Literal["closing", "emptying", "opening", "done"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """The deletion of one workspace, whose name is the document's id. `version` is the last one of its configuration.

    `closing` lasts until no partition handles the workspace's events any more, `emptying` until its documents are deleted,
    `opening` until each partition handles events of the name again; then it is `done`. `touched_at` is the time of the last
    progress. `command` is the id of the command whose outcome reports the end.
    """

    name: str
    version: int
    state: RemovalState = "closing"
    at: Instant
    touched_at: Instant
    command: str


REMOVALS = Collection("removals", Removal, writer="rest", indexes=(Index("state", ("state", "touched_at")),))
