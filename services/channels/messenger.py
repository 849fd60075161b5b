"""Messenger: the direct messages of a Facebook Page, and what is written in public on it (developers.facebook.com/docs/messenger-platform)."""

from pydantic import Field

from schemas.channel import Capabilities, RateLimit, TextLimit
from schemas.configuration import AccountBody
from services.channels.account_settings import AccountSettings, ApiBase, Rotating, account_example, api_base_field
from services.channels.meta.graph import FACEBOOK_HOST
from services.channels.meta.messaging.accounts import (
    AppCredentials,
    MessageSettings,
    MetaSecret,
    PlatformId,
    exchange_conflicts,
)
from services.channels.meta.messaging.bodies import BodyKind
from services.channels.meta.messaging.checks import ConnectionCheck
from services.channels.meta.publications.actions import FACEBOOK, kinds
from services.channels.meta.publications.edges import FACEBOOK as FACEBOOK_LISTS
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
from services.channels.meta.tokens import exchange_token
from services.channels.meta.webhook import MAX_BODY

CHECK = ConnectionCheck("id", ("id",), "page_id", needed=("messages", "messaging_postbacks", "feed"), subject="page")


class MessengerCredentials(AppCredentials):
    """The app, and the Page that it acts for."""

    access_token: Rotating[MetaSecret] = Field(description="the Page's access token, which the app got for it")
    page_id: PlatformId = Field(description="the Page's id, like 1234567890: Page > About > Page transparency")


class MessengerAccount(AccountSettings):
    """A Page. `api_base` replaces graph.facebook.com."""

    model_config = account_example(
        name="Our Page",
        credentials={
            "app_secret": "0123456789abcdef0123456789abcdef",
            "app_id": "1000000000001",
            "verify_token": "a-long-random-text-of-yours",
            "access_token": "EAAexample",
            "page_id": "1234567890",
        },
    )
    credentials: MessengerCredentials
    settings: MessageSettings = MessageSettings()
    api_base: ApiBase | None = api_base_field(FACEBOOK_HOST)

    @classmethod
    def conflicts(cls, body: AccountBody) -> list[tuple[str, str]]:
        """A token that expires is renewed by the app."""
        return exchange_conflicts(body)


class Messenger(SocialChannel):
    """One Page per account."""

    name = "messenger"
    account_model = MessengerAccount
    capabilities = Capabilities(
        surfaces=("private", "public"),
        text_limits=(TextLimit(limit=2000, surface="private", splits=True), TextLimit(limit=8000, surface="public")),
        windows=WINDOWS,
        # Who stops notifications of a topic may still be answered.
        opt_out="marketing",
        # …/discovery/m-me-links
        deep_link="https://m.me/{username}?ref={token}",
        private_reply=PRIVATE_REPLY,
        actions=kinds(FACEBOOK, "private"),
        flat_threads=True,
        public_actions=kinds(FACEBOOK, "public"),
        # …/send-messages/saving-assets; a picture of another type goes out as a file.
        media=(IMAGE_LIMIT, VIDEO_LIMIT, file_limit("audio"), file_limit("file")),
        files_apart=True,
        max_body_bytes=MAX_BODY,
        # …/overview/rate-limiting: over 40 messages a second the Page's inbox shows and sends nothing more.
        rate_limits=(RateLimit(scope="account", count=40, seconds=1),),
    )
    platform = SocialPlatform(
        ids=("page_id",),
        body=BodyKind("page", has_several_ids=False),
        logins={"facebook": GraphLogin(FACEBOOK_HOST, CHECK, exchange_token)},
        answers="comments",
        actions=FACEBOOK,
        lists=FACEBOOK_LISTS,
        upload={},
        echoes_metadata=True,
    )
