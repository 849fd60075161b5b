"""As much of the REST contract as the demo uses: paths, keys and bodies are checked, nothing is decided."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from schemas.configuration import (
    AccountBody,
    AgentBody,
    PresenceBody,
    RoutingBody,
    SlaBody,
    TeamBody,
    WorkspaceBody,
)
from services.demo.channels import CHANNELS

BODIES: tuple[tuple[str, type[BaseModel]], ...] = (
    (r"", WorkspaceBody),
    (r"/teams/[a-z0-9_-]+", TeamBody),
    (r"/agents/[a-z0-9_-]+", AgentBody),
    (r"/agents/[a-z0-9_-]+/presence", PresenceBody),
    (r"/routing", RoutingBody),
    (r"/sla", SlaBody),
    (rf"/accounts/({'|'.join(one.name for one in CHANNELS)})/[a-z0-9_-]+", AccountBody),
)


@dataclass
class FakeInstallation:
    """Remembers what was put; `answers` (status) are given first, one each, in place of the real ones."""

    key: str
    put: dict[str, Any] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/workspaces/{workspace}", self._put, methods=["PUT"]),
                Route("/v1/workspaces/{workspace}/{rest:path}", self._put, methods=["PUT"]),
            ]
        )

    async def _put(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return JSONResponse({"status": 401}, 401)
        if self.answers:
            return JSONResponse({}, self.answers.pop(0))
        path = request.url.path.removeprefix("/v1/workspaces/demo")
        problem = self._problem(path, await request.body())
        if problem:
            return JSONResponse({"detail": problem}, 422)
        self.put[path] = json.loads(await request.body())
        self.order.append(path)
        return JSONResponse(self.put[path], 200)

    def _problem(self, path: str, body: bytes) -> str | None:
        model = next((model for pattern, model in BODIES if re.fullmatch(pattern, path)), None)
        if model is None:
            return f"no such resource: {path}"
        try:
            parsed = model.model_validate_json(body)
        except ValidationError as error:
            return str(error)
        missing = [team for team in _teams(parsed) if f"/teams/{team}" not in self.put]
        return f"teams that are not there: {missing}" if missing else None


def _teams(body: BaseModel) -> list[str]:
    if isinstance(body, AgentBody):
        return list(body.teams)
    if isinstance(body, RoutingBody):
        return [rule.then.team for rule in body.rules]
    return []
