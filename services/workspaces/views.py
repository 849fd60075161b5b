"""REST views of the configuration: the written body and its id. Credentials are shown only as `set`."""

from collections.abc import Sequence
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field

from schemas.accounts import AccountHealth
from schemas.business_calendar import Calendar
from schemas.configuration import (
    DEFAULT_TEAM,
    AccountBody,
    Credential,
    OwnIdentifiers,
    Rule,
    Scope,
    TeamBody,
    TeamSettings,
    Versioned,
    WorkspaceBody,
    WorkspaceConfiguration,
    WorkspaceSettings,
)
from schemas.values import Instant, Json
from services.platform.http.dependencies import Page, PageParams, reject_cursor
from services.platform.store.cursors import decode_cursor, encode_cursor
from services.platform.store.port import Query
from services.records.keys import KeyRecord
from services.records.unmet import ConfigurationWarning
from services.workspaces.mutations import REDACTED

Item = TypeVar("Item", bound=BaseModel)
Hours = Annotated[Calendar | None, Field(exclude_if=lambda calendar: calendar is None)]
"""A calendar, left out of the view when none was written."""


class WorkspaceView(BaseModel):
    """A workspace."""

    id: str
    name: str
    languages: list[str]
    timezone: str
    calendar: Hours = None
    own: Annotated[OwnIdentifiers | None, Field(exclude_if=lambda own: own is None)] = None
    settings: Annotated[WorkspaceSettings | None, Field(exclude_if=lambda settings: settings is None)] = None


class TeamView(BaseModel):
    """A team."""

    id: str
    name: str
    calendar: Hours = None
    settings: Annotated[TeamSettings | None, Field(exclude_if=lambda settings: settings is None)] = None


class AccountView(BaseModel):
    """An account. Each credential reads `"set"`. The platform posts to `webhook_path`. `health` is computed at the request."""

    id: str
    channel: str
    name: str | None = None
    credentials: dict[str, Credential]
    language: str | None = None
    api_base: str | None = None
    settings: dict[str, Json]
    calendar: Hours = None
    webhook_path: str
    health: AccountHealth


class RoutingView(BaseModel):
    """Routing rules in order, with the requirements that no agent meets."""

    rules: list[Rule]
    warnings: list[ConfigurationWarning] = Field(
        default=[], description="The requirements that no agent of the workspace meets; empty when there are none."
    )


class KeyView(BaseModel):
    """A key without its secret. `workspace` is null when the key is for all workspaces, `agent` when it is bound to none."""

    id: str
    name: str
    workspace: str | None
    agent: str | None = None
    scopes: list[Scope]
    created_at: Instant


class KeyCreated(KeyView):
    """A new key. Callers send `secret` as bearer token. Only this response contains it; a repeated request gets null."""

    secret: str | None = None


def workspace_view(workspace: str, body: WorkspaceBody) -> WorkspaceView:
    return WorkspaceView(id=workspace, **dict(body))


def team_view(team: str, body: TeamBody) -> TeamView:
    return TeamView(id=team, **dict(body))


def account_view(workspace: str, name: str, body: AccountBody, health: AccountHealth) -> AccountView:
    channel, account = name.split("/", 1)
    return AccountView(
        id=account,
        channel=channel,
        name=body.name,
        credentials={
            name: REDACTED if isinstance(value, str) else [REDACTED] * len(value)
            for name, value in body.credentials.items()
        },
        language=body.language,
        api_base=body.api_base,
        settings=body.settings,
        calendar=body.calendar,
        webhook_path=f"/webhooks/{channel}/{workspace}/{account}",
        health=health,
    )


def key_view(record: KeyRecord) -> KeyView:
    return KeyView(
        id=record.id,
        name=record.name,
        workspace=record.workspace or None,
        agent=record.agent,
        scopes=record.scopes,
        created_at=record.created_at,
    )


def all_teams(configuration: WorkspaceConfiguration) -> dict[str, TeamBody]:
    """Every team by id. The team `default` exists even when it was never written."""
    stored: dict[str, Versioned[TeamBody]] = configuration.teams
    return {DEFAULT_TEAM: TeamBody(name="Default"), **{team: team_body.body for team, team_body in stored.items()}}


def to_page(items: Sequence[tuple[str, Item]], params: PageParams, kind: str, workspace: str) -> Page[Item]:
    """A page of a workspace's (id, item) of a kind, ascending by id. Raises UnprocessableContent for a cursor of anything else."""
    query = Query(kind, "id", {"workspace": workspace})
    after = _last_id_of_cursor(query, params.cursor) if params.cursor is not None else ""
    rest = sorted((pair for pair in items if pair[0] > after), key=lambda pair: pair[0])
    page = rest[: params.limit]
    # The cursor is an id and not an offset: items that come or go in between shift nothing.
    following = encode_cursor(query, [page[-1][0]]) if len(rest) > len(page) else None
    return Page(items=[item for _, item in page], next=following)


def _last_id_of_cursor(query: Query, cursor: str) -> str:
    try:
        return str(decode_cursor(query, cursor, 1)[0])
    except ValueError as error:
        raise reject_cursor() from error
