"""The REST route that erases a person."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Response
from starlette.requests import Request

from schemas.erasure import WithdrawMessages
from schemas.identity import PersonKey
from services.platform.core.errors import Fenced, Unavailable
from services.platform.http.auth import Principal, current_caller, require_scope
from services.platform.http.command_gateway import Command
from services.platform.http.dependencies import Wait, accepted_response
from services.records.erasures import Erasure
from services.rest.dependencies import ExistingWorkspace
from services.rest.refusals import not_found
from services.router.erasure.eraser import POLL_SECONDS, Eraser

MAX_ATTEMPTS = 5

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ErasureEndpoints:
    """Erases persons. An erasure that takes longer than the caller waits continues in the background."""

    eraser: Eraser
    in_progress: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def erase(
        self,
        configuration: ExistingWorkspace,
        request: Request,
        wait: Wait,
        caller: Annotated[Principal, Depends(current_caller)],
    ) -> Response:
        """Erase a person: what they wrote, sent and were called, and what was written to and about them, for good.

        Their open conversations are closed first. Counts, clocks and decisions stay under a pseudonym. Whoever writes again is a
        new person. A repeat answers 204 too.
        """
        key = PersonKey(configuration.workspace, request.path_params["person"])
        erasure = await self._begin(key, caller.key)
        if erasure is None:
            raise not_found("unknown_customer", person=key.person)
        if erasure.state == "done" or await self._is_done_within(erasure, key, wait):
            return Response(status_code=204)
        named = Command(erasure.id, "", key.workspace, "", WithdrawMessages(key=""), "")
        return accepted_response(named)

    async def _begin(self, key: PersonKey, by: str | None) -> Erasure | None:
        for _ in range(MAX_ATTEMPTS):
            try:
                known = await self.eraser.find(key)
                erasure = await self.eraser.begin(key, by)
            except Fenced:
                continue
            if erasure is not None and (known is None or known.id != erasure.id):
                self._start(erasure)
            return erasure
        raise Unavailable("others began the same erasure meanwhile")

    def _start(self, erasure: Erasure) -> None:
        task = asyncio.create_task(self.eraser.run(erasure))
        # The event loop holds tasks by weak references alone: this keeps the task from being collected.
        self.in_progress[erasure.id] = task
        task.add_done_callback(lambda done: self._on_done(erasure.id, done))

    async def _is_done_within(self, erasure: Erasure, key: PersonKey, wait: float) -> bool:
        """Whether it ends while the caller waits, whichever process carries it out."""
        try:
            async with asyncio.timeout(max(wait, 0.001)):
                while True:
                    found = await self.eraser.find(key)
                    if found is None or found.id != erasure.id or found.state == "done":
                        return True
                    await self.eraser.pause(POLL_SECONDS)
        except TimeoutError:
            return False

    def _on_done(self, identity: str, task: asyncio.Task[None]) -> None:
        # A failed erasure is resumed by `run_eraser`.
        self.in_progress.pop(identity, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("erasure_incomplete", reason=type(error).__name__)


def build_router(eraser: Eraser) -> APIRouter:
    """The route. It needs `admin`."""
    router = APIRouter(prefix="/v1/workspaces/{workspace}", tags=["conversations"])
    router.add_api_route(
        "/persons/{person:path}",
        ErasureEndpoints(eraser).erase,
        methods=["DELETE"],
        dependencies=[Depends(require_scope("admin"))],
        status_code=204,
        response_model=None,
    )
    return router
