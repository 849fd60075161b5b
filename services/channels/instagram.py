"""Instagram: the direct messages of a professional account, and what is written below its posts (developers.facebook.com/docs/instagram-platform)."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from schemas.channel import Capabilities, RateLimit, TextLimit
from schemas.configuration import AccountBody
from services.channels.account_settings import AccountSettings, ApiBase, Rotating, account_example, api_base_field
from services.channels.meta.entry import own_id
from services.channels.meta.graph import FACEBOOK_HOST, INSTAGRAM_HOST
from services.channels.meta.messaging.accounts import (
    AppCredentials,
    MessageSettings,
    MetaSecret,
    PlatformId,
    exchange_conflicts,
)
from services.channels.meta.messaging.bodies import BodyKind
from services.channels.meta.messaging.checks import ConnectionCheck
from services.channels.meta.messaging.history import is_message, named_messages, read_messages
from services.channels.meta.publications.actions import INSTAGRAM, kinds
from services.channels.meta.publications.edges import INSTAGRAM as INSTAGRAM_LISTS
from services.channels.meta.publications.mentions import named_mentions, read_mentions
from services.channels.meta.social import (
    IMAGE_LIMIT,
    PRIVATE_REPLY,
    VIDEO_LIMIT,
    WINDOWS,
    GraphLogin,
    SocialChannel,
    SocialPlatform,
    file_limit,
)
from services.channels.meta.tokens import UNSTATED, exchange_token, refresh_instagram_token
from services.channels.meta.webhook import MAX_BODY
from services.channels.port import Account, Request
from services.platform.http.outgoing import HttpClient

CHECK = ConnectionCheck("user_id", ("user_id",), "ig_id", needed=("messages", "messaging_postbacks", "comments"))
CHECK_BY_PAGE = ConnectionCheck(
    "instagram_business_account", ("instagram_business_account", "id"), "ig_id", subject="instagram"
)


class InstagramCredentials(AppCredentials):
    """The app, and the account that it acts for."""

    access_token: Rotating[MetaSecret] = Field(
        description="the account's access token; with settings.login facebook that of its Page"
    )
    ig_id: PlatformId = Field(description="the id of the Instagram professional account, like 17841400000000000")
    page_id: PlatformId | None = Field(None, description="the id of its Page, which settings.login facebook needs")


class InstagramSettings(MessageSettings):
    """How the app got its token, which says where the API is."""

    login: Literal["instagram", "facebook"] = Field(
        "instagram", description='how the token was got: "instagram" (Instagram Login) or "facebook" (Facebook Login)'
    )


class InstagramAccount(AccountSettings):
    """A professional account. `api_base` replaces graph.instagram.com or graph.facebook.com."""

    model_config = account_example(
        name="Our Instagram",
        credentials={
            "app_secret": "0123456789abcdef0123456789abcdef",
            "app_id": "1000000000001",
            "verify_token": "a-long-random-text-of-yours",
            "access_token": "IGAAexample",
            "ig_id": "17841400000000000",
        },
    )
    credentials: InstagramCredentials
    settings: InstagramSettings = InstagramSettings()
    api_base: ApiBase | None = api_base_field(INSTAGRAM_HOST)

    @classmethod
    def conflicts(cls, body: AccountBody) -> list[tuple[str, str]]:
        """A token that expires is renewed by the app."""
        return exchange_conflicts(body) if body.settings.get("login") == "facebook" else []


class Instagram(SocialChannel):
    """One professional account per account."""

    name = "instagram"
    account_model = InstagramAccount
    capabilities = Capabilities(
        surfaces=("private", "public"),
        text_limits=(
            TextLimit(limit=1000, surface="private", unit="bytes", splits=True),
            TextLimit(limit=2200, surface="public"),
        ),
        windows=WINDOWS,
        # …/instagram-messaging/features/ig-me-links
        deep_link="https://ig.me/m/{username}?ref={token}",
        private_reply=PRIVATE_REPLY,
        actions=kinds(INSTAGRAM, "private"),
        flat_threads=True,
        public_actions=kinds(INSTAGRAM, "public"),
        # developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-comment/replies
        answers_hidden=False,
        # …/instagram-messaging/features/attachment-upload
        media=(
            IMAGE_LIMIT,
            VIDEO_LIMIT,
            file_limit("audio", "audio/mp4", "audio/aac", "audio/wav"),
            file_limit("file", "application/pdf"),
        ),
        files_apart=True,
        max_body_bytes=MAX_BODY,
        # …/messenger-platform/overview/rate-limiting
        rate_limits=(RateLimit(scope="account", count=300, seconds=1),),
    )
    platform = SocialPlatform(
        ids=("ig_id", "page_id"),
        body=BodyKind("instagram", has_several_ids=True),
        logins={
            "instagram": GraphLogin(INSTAGRAM_HOST, CHECK, refresh_instagram_token, UNSTATED),
            "facebook": GraphLogin(FACEBOOK_HOST, CHECK_BY_PAGE, exchange_token),
        },
        answers="replies",
        actions=INSTAGRAM,
        lists=INSTAGRAM_LISTS,
        upload={"platform": "instagram"},
        echoes_metadata=False,
    )

    def named(self, request: Request, account: Account) -> list[str]:
        """The mentions that a call names, and the messages of which it does not say who wrote them. See `FetchesNamed`."""
        own_ids = {own_id(account.body, name) for name in self.platform.ids}
        return [*named_mentions(request, own_ids), *named_messages(request, own_ids)]

    async def fetch(self, named: Sequence[str], account: Account, http: HttpClient) -> list[bytes]:
        """What they say; see `meta.publications.mentions` and `meta.messaging.history`."""
        api, messages = self.api(account, http), [one for one in named if is_message(one)]
        mentions = await read_mentions(api, [one for one in named if not is_message(one)])
        return [*mentions, *await read_messages(api, messages, self.platform.body.subject)]
