"""Connected accounts over REST. `composition` passes in the channels' account checks."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from schemas.configuration import AccountBody, WorkspaceConfiguration
from schemas.values import Slug
from services.platform.http.auth import require_scope
from services.platform.http.dependencies import ContextDep, IfMatch, Page, PageParamsDep
from services.platform.http.if_match import etag
from services.platform.http.json_body import JsonBody
from services.platform.http.service import Context
from services.records.accounts import in_language, read_health
from services.records.configuration import FRESH_SECONDS
from services.rest.dependencies import ExistingWorkspace
from services.rest.operator_language import SentenceReaderDep
from services.text.sentences import SentenceReader
from services.workspaces import account_mutations
from services.workspaces.account_mutations import AccountRules
from services.workspaces.account_notifier import publish_account_changed
from services.workspaces.channels import unknown_channel
from services.workspaces.configuration_update import update_configuration
from services.workspaces.target_validation import validate_api_base, validate_called_urls, weak_secrets
from services.workspaces.views import AccountView, account_view, to_page


async def list_accounts(
    configuration: ExistingWorkspace, page: PageParamsDep, context: ContextDep, reader: SentenceReaderDep
) -> Page[AccountView]:
    """The accounts of a workspace, by channel and id."""
    workspace, accounts, now = configuration.workspace, configuration.accounts, context.time_source.now()
    health = await read_health(context.store, workspace, accounts, now)
    views = [
        (name, account_view(workspace, name, part.body, in_language(health[name], reader, now)))
        for name, part in accounts.items()
    ]
    return to_page(views, page, "accounts", workspace)


async def _view(
    context: Context, configuration: WorkspaceConfiguration, name: str, reader: SentenceReader
) -> AccountView:
    workspace, now = configuration.workspace, context.time_source.now()
    health = await read_health(context.store, workspace, [name], now)
    return account_view(workspace, name, configuration.accounts[name].body, in_language(health[name], reader, now))


async def show_account(
    configuration: ExistingWorkspace,
    channel: str,
    account: str,
    context: ContextDep,
    reader: SentenceReaderDep,
    response: Response,
) -> AccountView:
    name = f"{channel}/{account}"
    if name not in configuration.accounts:
        raise account_mutations.no_account(name)
    part = configuration.accounts[name]
    response.headers["ETag"] = etag(part.version)
    return await _view(context, configuration, name, reader)


async def delete_account(
    configuration: ExistingWorkspace, channel: str, account: str, condition: IfMatch, context: ContextDep
) -> None:
    """Disconnect an account. Its webhooks answer 404 within a second; its conversations stay."""
    workspace, name = configuration.workspace, f"{channel}/{account}"
    await update_configuration(context, workspace, account_mutations.delete_account(workspace, name, condition))
    await publish_account_changed(context, workspace, name)


KNOWN_AFTER_SECONDS = FRESH_SECONDS * 1.05


@dataclass(frozen=True, slots=True)
class AccountEndpoints:
    """Writes accounts of the channels in `rules`: channel name → what it demands of an account.

    `known_after_seconds`: how long a response waits when credentials changed, until no process caches the old ones.
    """

    rules: Mapping[str, AccountRules]
    known_after_seconds: float

    async def require_channel(self, channel: str) -> AccountRules:
        """The account rules of the path's channel. Raises NotFound for an unknown channel."""
        if channel not in self.rules:
            raise unknown_channel(channel, self.rules)
        return self.rules[channel]

    async def put(
        self,
        configuration: ExistingWorkspace,
        channel: str,
        account: Slug,
        body: AccountBody,
        condition: IfMatch,
        context: ContextDep,
        reader: SentenceReaderDep,
        response: Response,
    ) -> AccountView:
        rules = await self.require_channel(channel)

        def problems_of(full: AccountBody) -> list[tuple[str, str]]:
            return [
                *validate_api_base(full.api_base, context.settings),
                *validate_called_urls(rules.called_urls(full), context.settings),
                # Of the body as written: weak secrets that were stored earlier stay valid.
                *weak_secrets(rules.chosen_secrets(body)),
                *rules.problems(full),
            ]

        workspace, name = configuration.workspace, f"{channel}/{account}"
        before, after = await update_configuration(
            context, workspace, account_mutations.put_account(workspace, name, body, condition, problems_of)
        )
        # A new account has no old credentials that a process could cache.
        if before is not None and name in before.accounts:
            await self._wait_until_visible(before.accounts[name].body, after.accounts[name].body)
        await publish_account_changed(context, workspace, name)
        response.status_code = 200 if before is not None and name in before.accounts else 201
        response.headers["ETag"] = etag(after.accounts[name].version)
        return await _view(context, after, name, reader)

    async def _wait_until_visible(self, before: AccountBody, after: AccountBody) -> None:
        """Wait until no process uses the old credentials: a webhook after the response is then authenticated by the new ones."""
        if before.credentials != after.credentials:
            await asyncio.sleep(self.known_after_seconds)


def build_router(rules: Mapping[str, AccountRules], known_after_seconds: float = KNOWN_AFTER_SECONDS) -> APIRouter:
    """The routes; writing an account needs `admin`. `known_after_seconds`: see `AccountEndpoints`."""
    endpoints = AccountEndpoints(rules, known_after_seconds)
    read_body = JsonBody(AccountBody, forms={channel: one.model for channel, one in rules.items()})

    async def put_account(
        configuration: ExistingWorkspace,
        channel: str,
        account: Slug,
        body: Annotated[AccountBody, Depends(read_body)],
        condition: IfMatch,
        context: ContextDep,
        reader: SentenceReaderDep,
        response: Response,
    ) -> AccountView:
        """Connect an account, or replace it. The fields of the body depend on the channel in the path."""
        return await endpoints.put(configuration, channel, account, body, condition, context, reader, response)

    read, admin = [Depends(require_scope("read", for_agents=False))], [Depends(require_scope("admin"))]
    router = APIRouter(prefix="/v1/workspaces/{workspace}/accounts", tags=["configuration"])
    path = "/{channel}/{account}"
    router.add_api_route("", list_accounts, dependencies=read)
    router.add_api_route(path, show_account, dependencies=read)
    router.add_api_route(path, delete_account, methods=["DELETE"], dependencies=admin, status_code=204)
    # The channel is a resource of the path: an unknown one must answer 404 before the body is read.
    guards = [*admin, Depends(endpoints.require_channel)]
    router.add_api_route(path, put_account, methods=["PUT"], dependencies=guards)
    return router
