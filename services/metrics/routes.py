"""Reports over REST: the figures of a time, from the facts."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BeforeValidator, Field

from schemas.business_calendar import Timezone
from schemas.kpis import AttributionEdge, Dimension, Report
from schemas.values import InputInstant, RequestModel
from services.metrics.domain.business_hours import calendars_from
from services.metrics.domain.recount.report import ReportRequest
from services.metrics.reports import ReportTooLarge, build_report
from services.platform.http.auth import require_scope
from services.platform.http.dependencies import ContextDep
from services.platform.http.problems import UnprocessableContent
from services.rest.dependencies import ExistingWorkspace

MAX_RANGE = timedelta(days=92)
MAX_CONCURRENT_REPORTS = 2
"""Reports that one process computes at a time; others wait their turn."""


def _restore_plus_sign(value: object) -> object:
    """The value with `+` for spaces: a `+` that was not percent-encoded arrives as a space."""
    return value.replace(" ", "+") if isinstance(value, str) else value


QueryInstant = Annotated[InputInstant, BeforeValidator(_restore_plus_sign)]


class KpiQuery(RequestModel):
    """Which time, grouped by what; `by`: placed where it ended (stop) or began (start).

    `timezone` is the one whose days and hours count, by default the workspace's.
    """

    start: QueryInstant = Field(alias="from")
    to: QueryInstant
    group: list[Dimension] = Field(default=[], max_length=4, description="What to group by; repeated for several.")
    by: AttributionEdge = Field(default="stop", description="Placed where it was settled (stop) or began (start).")
    timezone: Timezone | None = Field(default=None, description="Whose days and hours count; absent: the workspace's.")


def _validated(query: KpiQuery, timezone: str, now: datetime) -> ReportRequest:
    """The request of a report; `timezone` is the workspace's. Raises UnprocessableContent."""
    if query.to <= query.start:
        raise UnprocessableContent(("/query/to", "`to` is after `from`."))
    if query.to - query.start > MAX_RANGE:
        raise UnprocessableContent(("/query/to", f"A report covers {MAX_RANGE.days} days at most."))
    # Without repeats, in the order of the query: rows are grouped by them.
    group = tuple(dict.fromkeys(query.group))
    return ReportRequest(query.start, query.to, group, query.by, query.timezone or timezone, now)


def build_router() -> APIRouter:
    """The routes, for the wiring of this service."""
    # A report may hold 200,000 facts in memory: so many at a time, and the others wait.
    turns = asyncio.Semaphore(MAX_CONCURRENT_REPORTS)

    async def show_kpis(
        configuration: ExistingWorkspace, context: ContextDep, query: Annotated[KpiQuery, Query()]
    ) -> Report:
        """Volume, durations, rates and SLA clocks, recounted from the facts; docs/kpis.md defines every name.

        Times are in UTC: `from` inclusive, `to` exclusive, 92 days at most. `group` may be repeated; days and hours are
        those of the workspace's time zone, or of `timezone`.
        """
        request = _validated(query, configuration.profile.body.timezone, context.time_source.now())
        async with turns:
            try:
                return await build_report(
                    context.store, configuration.workspace, request, calendars_from(configuration)
                )
            except ReportTooLarge as error:
                raise UnprocessableContent(("/query/to", str(error))) from error

    router = APIRouter(prefix="/v1/workspaces/{workspace}/reports", tags=["reports"])
    router.add_api_route("/kpis", show_kpis, dependencies=[Depends(require_scope("read", for_agents=False))])
    return router
