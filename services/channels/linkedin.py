"""LinkedIn: what members write below the posts of a Page, and where they mention it (learn.microsoft.com/en-us/linkedin/marketing).

Everything there is public: the API has no messages between a Page and a member, so that every answer is a comment.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.activity import Activity
from schemas.channel import Capabilities, TextLimit
from schemas.configuration import AccountBody
from schemas.outbound import ChannelAction, OutboundMessage
from services.channels.account_settings import (
    AccountCredentials,
    AccountSettings,
    ApiBase,
    HandoffSettings,
    PrintableSecret,
    Rotating,
    account_example,
    api_base_field,
)
from services.channels.errors_without_token import without_token
from services.channels.linkedin_api import catch_up
from services.channels.linkedin_api.calls import API_HOST, LinkedinApi, comment, delete, refresh_tokens
from services.channels.linkedin_api.urns import own_number
from services.channels.linkedin_api.webhook import addressed_organizations, answer_challenge, parse, verify_signature
from services.channels.port import (
    Account,
    PollResult,
    RefreshedTokens,
    Request,
    SendReceipt,
    WebhookResponse,
)
from services.platform.core.time_source import SystemTimeSource, TimeSource
from services.platform.http.outgoing import HttpClient

SECRETS = ("access_token", "refresh_token", "client_secret")


class LinkedinCredentials(AccountCredentials):
    """An app of LinkedIn's developer portal, what a member granted it, and the Page."""

    client_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = Field(
        description="the Client ID: Auth tab of the app in LinkedIn's developer portal"
    )
    client_secret: Rotating[PrintableSecret] = Field(
        description="the Primary Client Secret: Auth tab of the app in LinkedIn's developer portal"
    )
    refresh_token: PrintableSecret = Field(
        description="the refresh token that the app got when an administrator of the Page granted access"
    )
    organization: Annotated[str, StringConstraints(pattern=r"^(urn:li:organization(Brand)?:)?[0-9]{1,20}$")] = Field(
        description="the Page: its number, or its URN like urn:li:organization:12345"
    )


class LinkedinSettings(HandoffSettings):
    """How the API is called."""

    version: Annotated[str, StringConstraints(pattern=r"^20[0-9]{4}$")] | None = Field(
        None, description="a version of LinkedIn's API, year and month like 202610"
    )
    catch_up: bool = Field(True, description="true or false: whether notifications that were missed are fetched")


class LinkedinAccount(AccountSettings):
    """A Page. `api_base` replaces api.linkedin.com and www.linkedin.com."""

    model_config = account_example(
        name="Our Page",
        credentials={
            "client_id": "77abcdefghijkl",
            "client_secret": "a-client-secret-of-your-app",
            "refresh_token": "a-refresh-token-of-your-app",
            "organization": "urn:li:organization:12345",
        },
    )
    credentials: LinkedinCredentials
    settings: LinkedinSettings = LinkedinSettings()
    api_base: ApiBase | None = api_base_field(API_HOST)


class Linkedin:
    """One Page per account. `time_source` tells since when a poll reads, and when the quotas of a day end."""

    name = "linkedin"
    account_model = LinkedinAccount
    interval = catch_up.INTERVAL
    capabilities = Capabilities(
        surfaces=("public",),
        # …/community-management/shares/comments-api: the limit of a comment at linkedin.com.
        text_limits=(TextLimit(limit=1250),),
        actions=("delete",),
        # A reply to a reply stands below the comment above both.
        flat_threads=True,
        # …/linkedin/marketing/data-storage-requirements: social activity, and data of other members' profiles.
        retention_seconds=timedelta(hours=48).total_seconds(),
        profile_retention_seconds=timedelta(hours=24).total_seconds(),
        # LinkedIn repeats what is not answered with 2xx for eight hours; an unreadable body stays unreadable.
        invalid_payload_status=200,
    )

    def __init__(self, time_source: TimeSource | None = None) -> None:
        self._time_source = time_source or SystemTimeSource()

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """The answer to LinkedIn's challenge, by the newest client secret. Raises InvalidSignature."""
        return answer_challenge(request, account.token("client_secret"))

    def verify(self, request: Request, account: Account) -> None:
        """Require LinkedIn's signature of the body by any live client secret. Raises InvalidSignature."""
        verify_signature(request, account.secrets("client_secret"))

    def own_id(self, account: AccountBody) -> str | None:
        """The number of the account's Page. See `SharedEndpoint`."""
        return own_number(account)

    def addressees(self, request: Request) -> Sequence[str]:
        """The numbers of the Pages that a body is about. See `SharedEndpoint`."""
        return addressed_organizations(request)

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """The activities of the account's notifications; see `linkedin_api.webhook`. Raises InvalidPayload."""
        return parse(request, account)

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """A comment of the Page. LinkedIn recognises no repeat, so that an unknown outcome is not tried again."""
        with _without_secrets(account):
            return await comment(self._api(account, http), message)

    async def perform(self, action: ChannelAction, account: Account, http: HttpClient) -> SendReceipt:
        """Delete a comment of the Page. See `PerformsActions`."""
        with _without_secrets(account):
            return await delete(self._api(account, http), action)

    def is_polled(self, body: AccountBody) -> bool:
        """Whether missed notifications are fetched (`settings.catch_up`). See `Polls`."""
        return body.settings.get("catch_up") is not False

    async def begin_polling(self, account: Account, http: HttpClient) -> None:
        """LinkedIn lists notifications without being asked to: nothing is to be done."""

    async def poll(self, account: Account, http: HttpClient, cursor: str | None) -> PollResult:
        """The next page of notifications; see `linkedin_api.catch_up`."""
        with _without_secrets(account):
            return await catch_up.poll(self._api(account, http), cursor)

    def expires_at(self, account: Account, now: datetime) -> datetime | None:
        """At once: the credentials have no access token, which a first refresh gets. See `RefreshesTokens`."""
        return now

    async def refresh(self, account: Account, now: datetime, http: HttpClient) -> RefreshedTokens:
        """An access token for 60 days. See `RefreshesTokens`."""
        with _without_secrets(account):
            return await refresh_tokens(account, http, now)

    def _api(self, account: Account, http: HttpClient) -> LinkedinApi:
        return LinkedinApi(account, http, self._time_source.now())


def _without_secrets(account: Account) -> ExitStack:
    """Errors from within have none of the account's secrets."""
    stack = ExitStack()
    for name in SECRETS:
        stack.enter_context(without_token(account.token(name)))
    return stack
