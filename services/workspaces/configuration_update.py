"""Updates a workspace's configuration: a numbered version and a conditional move of the head, in one commit."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from schemas.configuration import WorkspaceConfiguration
from services.platform.core.errors import Fenced, Unavailable
from services.platform.http.problems import Conflict
from services.platform.http.service import Context
from services.platform.store.port import Changes, Condition, Key, Put
from services.platform.store.read_one import read_one
from services.records.configuration import (
    ANNOUNCEMENTS,
    CONFIGURATION_HEADS,
    CONFIGURATIONS,
    Announcement,
    ConfigurationHead,
    read_configuration,
    version_id,
)
from services.records.removals import REMOVALS
from services.workspaces.rule_notifier import announce

MAX_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Revision:
    """The version number and the time (UTC) of a change."""

    version: int
    at: datetime


Mutation = Callable[[WorkspaceConfiguration | None, Revision], WorkspaceConfiguration]
"""Makes the new configuration from the present one (None: there is no such workspace).

Returns the same object when nothing changes, and raises an HTTP problem when the change is refused. When another write came
first, the mutation is called again with the newer configuration.
"""


async def update_configuration(
    context: Context, workspace: str, edit: Mutation
) -> tuple[WorkspaceConfiguration | None, WorkspaceConfiguration]:
    """Apply a mutation. Returns the configuration before and after. Raises the problems of `edit`, Unavailable, Unknown."""
    for _ in range(MAX_ATTEMPTS):
        before = await read_configuration(context.store, workspace)
        version = 1 + (before.version if before else await _version_of_removed(context, workspace))
        after = edit(before, Revision(version, context.time_source.now()))
        if after is before:
            # No new version and no announcement: ETags stay valid.
            return before, after
        announcement = _announcement(before, after, context.time_source.now())
        try:
            await context.store.commit(_changes(before, after, announcement))
        except Fenced:
            # Another write moved the head since it was read here.
            continue
        if announcement is not None:
            await announce(context, announcement)
        return before, after
    raise Unavailable(f"the configuration of {workspace} was changed by others {MAX_ATTEMPTS} times meanwhile")


async def _version_of_removed(context: Context, workspace: str) -> int:
    """The last version of a deleted workspace of this name, 0 if there was none. Raises Conflict while it is being deleted."""
    removal = await read_one(context.store, REMOVALS, workspace)
    if removal is None:
        return 0
    if removal.state != "done":
        raise Conflict(f"A workspace {workspace!r} is being deleted. Try again in a few seconds.")
    # Numbers go on: processes may still cache a numbered configuration of the deleted workspace.
    return removal.version


def _announcement(
    before: WorkspaceConfiguration | None, after: WorkspaceConfiguration, now: datetime
) -> Announcement | None:
    """The announcement for dispatch when the routing rules changed; None otherwise."""
    if after.routing is None or (before is not None and before.routing == after.routing):
        return None
    return Announcement(workspace=after.workspace, version=after.version, at=now)


def _changes(
    before: WorkspaceConfiguration | None, after: WorkspaceConfiguration, announcement: Announcement | None
) -> Changes:
    head = Key(CONFIGURATION_HEADS.name, after.workspace)
    numbered = Key(CONFIGURATIONS.name, version_id(after.workspace, after.version))
    moved = ConfigurationHead(workspace=after.workspace, version=after.version)
    # The condition makes it one of two concurrent writes that succeeds; the other is refused as a whole.
    return Changes(
        conditions=[Condition(head, "version", before.version if before else None)],
        puts=[
            Put(numbered, after),
            Put(head, moved),
            *([Put(Key(ANNOUNCEMENTS.name, after.workspace), announcement)] if announcement else []),
        ],
    )
