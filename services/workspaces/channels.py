"""The channels of this installation over REST: what an account of each must say, so that a form can be drawn from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from schemas.values import Json
from services.platform.http.auth import require_scope
from services.platform.http.dependencies import Page, PageParamsDep
from services.platform.http.problems import NotFound
from services.rest.dependencies import ExistingWorkspace
from services.workspaces.account_mutations import AccountRules
from services.workspaces.views import to_page


class ChannelView(BaseModel):
    """A channel. `account_schema` is the JSON Schema (2020-12) of the body that `PUT …/accounts/{channel}/{account}` takes."""

    id: str = Field(description="The channel's name, as in the paths of its accounts.")
    account_schema: dict[str, Json] = Field(
        description="The JSON Schema of an account: what is secret has the format `password`, each field its description."
    )
    example: dict[str, Json] = Field(description="An account with invented values.")


def unknown_channel(channel: str, channels: Mapping[str, object]) -> NotFound:
    """The refusal of a channel that this installation does not have."""
    return NotFound(f"There is no channel {channel!r}. There are: {', '.join(sorted(channels))}.")


@dataclass(frozen=True)
class ChannelEndpoints:
    """Shows the channels of `rules`, by name."""

    rules: Mapping[str, AccountRules]

    # All of them take a twentieth of the start of a process: they are made for the first who asks.
    @cached_property
    def views(self) -> Mapping[str, ChannelView]:
        """The view of each channel."""
        return {channel: channel_view(channel, one) for channel, one in self.rules.items()}

    async def list_channels(self, configuration: ExistingWorkspace, page: PageParamsDep) -> Page[ChannelView]:
        """The channels that accounts can be connected to, by name."""
        return to_page(list(self.views.items()), page, "channels", configuration.workspace)

    async def show_channel(self, configuration: ExistingWorkspace, channel: str) -> ChannelView:
        """One channel, with all that a form for its accounts is drawn from."""
        if channel not in self.views:
            raise unknown_channel(channel, self.views)
        return self.views[channel]


def channel_view(channel: str, rules: AccountRules) -> ChannelView:
    """The view of a channel by what it demands of its accounts."""
    schema = rules.model.model_json_schema()
    (example,) = schema.pop("examples")
    return ChannelView(id=channel, account_schema=schema, example=example)


def build_router(rules: Mapping[str, AccountRules]) -> APIRouter:
    """The routes; they need `read`."""
    endpoints = ChannelEndpoints(rules)
    read = [Depends(require_scope("read"))]
    router = APIRouter(prefix="/v1/workspaces/{workspace}/channels", tags=["configuration"])
    router.add_api_route("", endpoints.list_channels, dependencies=read)
    router.add_api_route("/{channel}", endpoints.show_channel, dependencies=read)
    return router
