"""The REST route that deletes a workspace with everything in it."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Query, Response

from schemas.commands import WORKSPACE_GATE, WorkspaceGate
from schemas.configuration import WorkspaceConfiguration
from services.platform.core.errors import Fenced, Unavailable
from services.platform.http.auth import no_workspace, require_scope
from services.platform.http.command_gateway import Command, command_id
from services.platform.http.dependencies import ContextDep, Wait, accepted_response
from services.platform.http.problems import UnprocessableContent
from services.platform.http.service import Context
from services.records.configuration import read_configuration
from services.records.removals import Removal
from services.rest.dependencies import ExistingWorkspace
from services.workspaces.configuration_update import MAX_ATTEMPTS
from services.workspaces.deletion import Remover

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DeletionEndpoints:
    """Deletes workspaces. A deletion that takes longer than the caller waits continues in the background."""

    remover: Remover
    in_progress: set[asyncio.Task[None]] = field(default_factory=set)

    async def delete(
        self,
        configuration: ExistingWorkspace,
        wait: Wait,
        context: ContextDep,
        confirm: Annotated[str | None, Query(description="The id of the workspace, once more.")] = None,
    ) -> Response:
        """Delete a workspace with its conversations, messages, agents, keys and figures, for good."""
        workspace = configuration.workspace
        if confirm != workspace:
            sentence = f"Everything in it will be gone. Say so: ?confirm={workspace}."
            raise UnprocessableContent(("/query/confirm", sentence))
        identity = command_id(context.time_source, workspace, None)
        removal = await self._begin(context, configuration, identity)
        task = asyncio.create_task(self.remover.run(removal))
        # The event loop holds tasks by weak references alone: this set keeps the task from being collected.
        self.in_progress.add(task)
        task.add_done_callback(self._on_done)
        # `asyncio.wait` does not cancel the task when the time is up.
        done, _ = await asyncio.wait({task}, timeout=max(wait, 0.001))
        if done and task.exception() is None:
            return Response(status_code=204)
        gate = WorkspaceGate(workspace=workspace, is_open=False)
        return accepted_response(Command(identity, WORKSPACE_GATE, workspace, workspace, gate, ""))

    async def _begin(self, context: Context, configuration: WorkspaceConfiguration, command: str) -> Removal:
        for _ in range(MAX_ATTEMPTS):
            try:
                return await self.remover.begin(configuration.workspace, configuration.version, command)
            except Fenced:
                current = await read_configuration(context.store, configuration.workspace)
                if current is None:
                    raise no_workspace(configuration.workspace) from None
                configuration = current
        raise Unavailable(f"the configuration of {configuration.workspace} was changed by others meanwhile")

    def _on_done(self, task: asyncio.Task[None]) -> None:
        # A failed removal is resumed by `run_remover`.
        self.in_progress.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("workspace_removal_incomplete", reason=type(error).__name__)


def build_router(remover: Remover) -> APIRouter:
    """The route. It needs `admin`."""
    router = APIRouter(prefix="/v1/workspaces", tags=["configuration"])
    router.add_api_route(
        "/{workspace}",
        DeletionEndpoints(remover).delete,
        methods=["DELETE"],
        dependencies=[Depends(require_scope("admin"))],
        status_code=204,
        response_model=None,
    )
    return router
