"""`/livez`, `/readyz` and `/metrics`: the routes for probes and Prometheus, in every process."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import APIRouter
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.platform.core.errors import Unavailable
from services.platform.http.metrics_access import Exposition
from services.platform.http.problems import RETRY_SECONDS
from services.platform.http.service import Check

CHECK_SECONDS = 2.0
_log = structlog.get_logger(__name__)


class CheckResult(BaseModel):
    """Whether one dependency works; `detail` names the fault. A REST view."""

    ok: bool
    detail: str


class Readiness(BaseModel):
    """The state of all checks. `status` is `ok` if every check is, else `unavailable`. A REST view."""

    status: str
    checks: dict[str, CheckResult]


async def readiness(checks: Mapping[str, Check], seconds: float = CHECK_SECONDS) -> Readiness:
    """Run all checks concurrently, each for at most `seconds`."""
    results = await asyncio.gather(*[_run_check(name, check, seconds) for name, check in checks.items()])
    by_name = dict(zip(checks, results, strict=True))
    return Readiness(status="ok" if all(r.ok for r in results) else "unavailable", checks=by_name)


async def _run_check(name: str, check: Check, seconds: float) -> CheckResult:
    try:
        async with asyncio.timeout(seconds):
            await check()
    except TimeoutError:
        return CheckResult(ok=False, detail=f"It did not answer within {seconds:g} seconds.")
    except Unavailable as error:
        return CheckResult(ok=False, detail=str(error) or "It cannot be reached.")
    except Exception as error:  # noqa: BLE001 - a check that breaks is a dependency that does not work
        _log.warning("readiness_check_failed", check=name, exc_info=error)
        return CheckResult(ok=False, detail=f"The check failed with {type(error).__name__}; see the log.")
    return CheckResult(ok=True, detail="ok")


def health_router(checks: Mapping[str, Check], exposition: Exposition) -> APIRouter:
    """The routes of probes."""

    async def livez() -> dict[str, str]:
        return {"status": "ok"}

    async def readyz() -> Response:
        found = await readiness(checks)
        if found.status == "ok":
            return JSONResponse(found.model_dump())
        return JSONResponse(found.model_dump(), status_code=503, headers={"Retry-After": str(RETRY_SECONDS)})

    async def metrics(request: Request) -> Response:
        return Response(exposition.text(request), headers={"Content-Type": CONTENT_TYPE_LATEST})

    router = APIRouter(tags=["operations"])
    router.add_api_route("/livez", livez, summary="Check that the process runs")
    # Any: FastAPI's own type of extra responses.
    unready: dict[int | str, dict[str, Any]] = {
        503: {"model": Readiness, "description": "At least one dependency does not work"}
    }
    router.add_api_route(
        "/readyz", readyz, response_model=Readiness, responses=unready, summary="Check that all dependencies work"
    )
    text: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
    router.add_api_route(
        "/metrics", metrics, response_class=Response, responses=text, summary="Read the metrics (Prometheus)"
    )
    return router
