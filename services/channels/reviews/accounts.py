"""What an account of reviews must say: each provider has credentials of its own, and no others."""

from collections.abc import Iterator
from typing import Annotated, Literal

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import AfterValidator, Field, StringConstraints

from schemas.configuration import AccountBody
from services.channels.account_settings import (
    AccountCredentials,
    AccountSettings,
    ApiBase,
    ChosenSecret,
    HandoffSettings,
    Rotating,
    Secret,
    ValueOrList,
    account_example,
    api_base_field,
)
from services.channels.reviews.provider import ReviewProvider
from services.channels.reviews.providers import provider_of

SHARED_CREDENTIALS = frozenset({"provider"})


def _readable_key(pem: str) -> str:
    try:
        load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        raise ValueError("this is no private key") from None
    return pem


PrivateKey = Annotated[Secret, AfterValidator(_readable_key)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^\S+$")]
PackageName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)+$", max_length=200)]
Location = Annotated[str, StringConstraints(pattern=r"^accounts/[A-Za-z0-9_-]{1,40}/locations/[A-Za-z0-9_-]{1,40}$")]
PrivateLink = Annotated[
    str, StringConstraints(pattern=r"^(https://|mailto:)[^\s{}]+(\{token\}[^\s{}]*)?$", max_length=300)
]


class ReviewsCredentials(AccountCredentials):
    """Who calls, and by what the provider is asked and answered. Which of these an account has, its provider decides."""

    provider: Literal["trustpilot", "google_business", "google_play", "app_store"] = Field(
        description="who has the reviews: trustpilot, google_business, google_play or app_store"
    )
    path_secret: Rotating[ChosenSecret] | None = Field(
        None, description="a word of your own at the end of the webhook's address, at least 8 characters"
    )
    api_key: Secret | None = Field(None, description="the API key of your application at Trustpilot, for answers")
    api_secret: Secret | None = Field(None, description="the API secret beside Trustpilot's api_key")
    business_unit_id: Text | None = Field(
        None, description="your business unit at Trustpilot, to fetch what was missed"
    )
    business_user_id: Text | None = Field(None, description="the business user in whose name Trustpilot shows answers")
    client_id: Text | None = Field(None, description="the OAuth client of your project at Google, for google_business")
    client_secret: Secret | None = Field(None, description="the secret of the OAuth client at Google")
    refresh_token: Secret | None = Field(
        None, description="the refresh token that the owner of the places consented to"
    )
    audience: Rotating[Text] | None = Field(None, description="the audience of the push subscription at Pub/Sub")
    push_email: Rotating[Text] | None = Field(None, description="the service account that the push subscription uses")
    locations: Annotated[list[Location], Field(min_length=1, max_length=50), ValueOrList()] | None = Field(
        None, description="the places whose reviews are fetched, like accounts/123/locations/456"
    )
    package_name: PackageName | None = Field(None, description="the app at Google Play, like com.example.shop")
    client_email: Text | None = Field(None, description="the service account that may answer reviews at Google Play")
    private_key: PrivateKey | None = Field(None, description="the private key, PEM, of Google's or Apple's key file")
    app_id: Text | None = Field(None, description="the Apple ID of the app, its number in App Store Connect")
    issuer_id: Text | None = Field(None, description="the issuer ID beside your keys in App Store Connect")
    key_id: Text | None = Field(None, description="the ID of the key in App Store Connect")


class ReviewsSettings(HandoffSettings):
    """Where customers go who wrote too much in public."""

    private_link: PrivateLink | None = Field(
        None,
        description="an https or mailto address where customers write in private, up to 300 characters; {token} may stand in it",
    )


class ReviewsAccount(AccountSettings):
    """The reviews of one business, of the places of one owner, or of one app. `api_base` stands for every call."""

    model_config = account_example(
        name="Trustpilot",
        credentials={
            "provider": "trustpilot",
            "path_secret": "a-long-random-text-of-yours",
            "api_key": "0123456789abcdef",
            "api_secret": "fedcba9876543210",
        },
    )
    credentials: ReviewsCredentials
    settings: ReviewsSettings = ReviewsSettings()
    api_base: ApiBase | None = api_base_field("https://api.trustpilot.com")

    @classmethod
    def conflicts(cls, body: AccountBody) -> list[tuple[str, str]]:
        """Each provider has credentials of its own, and no others."""
        provider = provider_of(body)
        return [] if provider is None else [(f"/credentials/{one}", why) for one, why in _conflicts(provider, body)]


def _conflicts(provider: ReviewProvider, body: AccountBody) -> Iterator[tuple[str, str]]:
    name, given = body.credentials["provider"], body.credentials.keys()
    for one in provider.required:
        if one not in given:
            yield one, f"{one} is required of an account of {name}"
    for one in given & ReviewsCredentials.model_fields.keys() - SHARED_CREDENTIALS:
        if one not in (*provider.required, *provider.optional):
            yield one, f"{one} is no credential of {name}: leave it out"
    if given & set(provider.together):
        for one in provider.together:
            if one not in given:
                yield one, f"{' and '.join(provider.together)} go together"
