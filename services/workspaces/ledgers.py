"""The ledger of an account over REST: what became of everything that came in for it."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from schemas.values import Instant
from services.domain.ledger import Ledger
from services.platform.http.auth import require_scope
from services.platform.http.dependencies import ContextDep
from services.rest.dependencies import ExistingWorkspace
from services.rest.ledgers import read_ledgers
from services.workspaces.account_mutations import no_account


class LedgerView(BaseModel):
    """Both sums of an account with their terms, in activities. A refused call without activities counts as one."""

    channel: str
    account: str
    since: Instant | None = Field(description="When counting began; null before anything came in.")
    received: int = Field(description="All that came in: `published` + `rejected` + `failed`.")
    published: int = Field(description="What the log has.")
    rejected: int = Field(description="What was turned away for good: forged, malformed, too large.")
    failed: int = Field(description="What its sender was asked to send again.")
    consumed: int = Field(description="What was taken from the log: `new` + `duplicates` + `dead_lettered`.")
    new: int = Field(description="What was handled for the first time.")
    duplicates: int = Field(description="Repeats, which had no effect.")
    dead_lettered: int = Field(description="What could not be handled, and was not handled at a retry since.")
    on_its_way: int = Field(description="What is published and will be consumed.")
    uncounted: int = Field(
        description="The part of `published` and `received` that the log proves alone: ingest has not written its count yet, "
        "or was killed before it could."
    )
    lost: int = Field(description="What was published, and is not in the log, which has been read to its end.")
    balances: bool = Field(description="Whether both sums equal their terms, and nothing is lost.")
    detail: str = Field(description="What does not balance; empty when all does.")


def ledger_view(channel: str, account: str, ledger: Ledger) -> LedgerView:
    """The view of a ledger."""
    before, after = ledger.before, ledger.after
    return LedgerView(
        channel=channel,
        account=account,
        since=ledger.since,
        received=ledger.received,
        published=ledger.published,
        rejected=before.rejected,
        failed=before.failed,
        consumed=after.consumed,
        new=after.new,
        duplicates=after.duplicates,
        dead_lettered=after.dead_lettered,
        on_its_way=ledger.on_its_way,
        uncounted=ledger.uncounted,
        lost=ledger.lost,
        balances=ledger.balances,
        detail=ledger.detail,
    )


async def show_ledger(configuration: ExistingWorkspace, channel: str, account: str, context: ContextDep) -> LedgerView:
    """What became of everything that came in for an account. Ingest writes its counts every 5 seconds."""
    workspace, name = configuration.workspace, f"{channel}/{account}"
    if name not in configuration.accounts:
        raise no_account(name)
    ledgers = await read_ledgers(context.store, context.bus, {workspace: [name]})
    return ledger_view(channel, account, ledgers[workspace, name])


def build_router() -> APIRouter:
    """The route; it needs `read`."""
    router = APIRouter(prefix="/v1/workspaces/{workspace}/accounts", tags=["configuration"])
    path = "/{channel}/{account}/ledger"
    router.add_api_route(path, show_ledger, dependencies=[Depends(require_scope("read"))])
    return router
