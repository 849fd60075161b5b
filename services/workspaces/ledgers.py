"""The ledger of an account over REST: what became of everything that came in for it."""

from fastapi import APIRouter, Depends

from services.platform.http.auth import require_scope
from services.platform.http.dependencies import ContextDep
from services.rest.dependencies import ExistingWorkspace
from services.rest.ledgers import LedgerView, ledger_view, read_ledgers
from services.rest.operator_language import SentenceReaderDep
from services.workspaces.account_mutations import no_account


async def show_ledger(
    configuration: ExistingWorkspace, channel: str, account: str, context: ContextDep, reader: SentenceReaderDep
) -> LedgerView:
    """What became of everything that came in for an account. Ingest writes its counts every 5 seconds."""
    workspace, name = configuration.workspace, f"{channel}/{account}"
    if name not in configuration.accounts:
        raise no_account(name)
    ledgers = await read_ledgers(context.store, context.bus, {workspace: [name]})
    return ledger_view(channel, account, ledgers[workspace, name], reader)


def build_router() -> APIRouter:
    """The route; it needs `read`."""
    router = APIRouter(prefix="/v1/workspaces/{workspace}/accounts", tags=["configuration"])
    path = "/{channel}/{account}/ledger"
    router.add_api_route(path, show_ledger, dependencies=[Depends(require_scope("read", for_agents=False))])
    return router
