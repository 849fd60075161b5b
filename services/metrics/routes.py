"""Figures of a time over REST: exact, from the facts."""

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BeforeValidator, Field

from schemas.values import InputInstant, RequestModel
from services.metrics.domain.business_hours import calendars_from
from services.metrics.domain.report import AttributionEdge, Dimension, Report, ReportRequest
from services.metrics.reports import ReportTooLarge, build_report
from services.platform.http.auth import require_scope
from services.platform.http.dependencies import ContextDep
from services.platform.http.problems import UnprocessableContent
from services.rest.dependencies import ExistingWorkspace

MAX_RANGE = timedelta(days=92)
MAX_CONCURRENT_REPORTS = 2
"""Reports that one process computes at a time; others wait their turn."""


def _restore_plus_sign(given: object) -> object:
    """A `+` that arrives as a space was not encoded, and is read as what it was."""
    return given.replace(" ", "+") if isinstance(given, str) else given


QueryInstant = Annotated[InputInstant, BeforeValidator(_restore_plus_sign)]


class KpiQuery(RequestModel):
    """Which time, told apart by what; `by`: placed where it ended (stop) or began (start)."""

    start: QueryInstant = Field(alias="from")
    to: QueryInstant
    group: list[Dimension] = Field(default=[], max_length=4)
    by: AttributionEdge = "stop"


def _validated(asked: KpiQuery) -> ReportRequest:
    """What is asked for. Raises Invalid."""
    if asked.to <= asked.start:
        raise UnprocessableContent(("/query/to", "`to` is after `from`."))
    if asked.to - asked.start > MAX_RANGE:
        raise UnprocessableContent(("/query/to", f"A report covers {MAX_RANGE.days} days at most."))
    return ReportRequest(asked.start, asked.to, tuple(dict.fromkeys(asked.group)), asked.by)


def router_of() -> APIRouter:
    """The routes, for the wiring of this service."""
    turns = asyncio.Semaphore(MAX_CONCURRENT_REPORTS)

    async def show_kpis(
        configuration: ExistingWorkspace, context: ContextDep, asked: Annotated[KpiQuery, Query()]
    ) -> Report:
        """Volume, times and promises, recounted from the facts; docs/kpis.md defines every name.

        Times are in UTC: `from` inclusive, `to` exclusive, 92 days at most. `group` may be repeated.
        """
        wanted = _validated(asked)
        async with turns:
            try:
                return await build_report(context.store, configuration.workspace, wanted, calendars_from(configuration))
            except ReportTooLarge as error:
                raise UnprocessableContent(("/query/to", str(error))) from error

    router = APIRouter(prefix="/v1/workspaces/{workspace}/reports", tags=["reports"])
    router.add_api_route("/kpis", show_kpis, dependencies=[Depends(require_scope("read"))])
    return router
