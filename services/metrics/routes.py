"""Figures of a time over REST: exact, from the facts."""

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BeforeValidator, Field

from schemas.values import Moment, Written
from services.metrics.domain.business_hours import calendars_of
from services.metrics.domain.report import Asked, Dimension, Edge, Report
from services.metrics.reports import TooMuch, reported
from services.platform.http.auth import allowed
from services.platform.http.dependencies import In
from services.platform.http.problems import Invalid
from services.records.lookups import ExistingWorkspace

LONGEST = timedelta(days=92)
AT_ONCE = 2
"""Reports that one process computes at a time; others wait their turn."""


def _with_its_plus(given: object) -> object:
    """A `+` that arrives as a space was not encoded, and is read as what it was."""
    return given.replace(" ", "+") if isinstance(given, str) else given


When = Annotated[Moment, BeforeValidator(_with_its_plus)]


class KpisAsked(Written):
    """Which time, told apart by what; `by`: placed where it ended (stop) or began (start)."""

    start: When = Field(alias="from")
    to: When
    group: list[Dimension] = Field(default=[], max_length=4)
    by: Edge = "stop"


def _judged(asked: KpisAsked) -> Asked:
    """What is asked for. Raises Invalid."""
    if asked.to <= asked.start:
        raise Invalid(("/query/to", "`to` is after `from`."))
    if asked.to - asked.start > LONGEST:
        raise Invalid(("/query/to", f"A report covers {LONGEST.days} days at most."))
    return Asked(asked.start, asked.to, tuple(dict.fromkeys(asked.group)), asked.by)


def router_of() -> APIRouter:
    """The routes, for the wiring of this service."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def show_kpis(configuration: ExistingWorkspace, context: In, asked: Annotated[KpisAsked, Query()]) -> Report:
        """Volume, times and promises, recounted from the facts; docs/kpis.md defines every name.

        Times are in UTC: `from` inclusive, `to` exclusive, 92 days at most. `group` may be repeated.
        """
        wanted = _judged(asked)
        async with turns:
            try:
                return await reported(context.store, configuration.workspace, wanted, calendars_of(configuration))
            except TooMuch as error:
                raise Invalid(("/query/to", str(error))) from error

    router = APIRouter(prefix="/v1/workspaces/{workspace}/reports", tags=["reports"])
    router.add_api_route("/kpis", show_kpis, dependencies=[Depends(allowed("read"))])
    return router
