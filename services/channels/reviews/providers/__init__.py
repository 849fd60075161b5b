"""The review providers by their names in accounts."""

from collections.abc import Mapping

from schemas.configuration import AccountBody
from schemas.values import Json
from services.channels.reviews.provider import ReviewProvider
from services.channels.reviews.providers.app_store import AppStore
from services.channels.reviews.providers.google_business import GoogleBusiness
from services.channels.reviews.providers.google_play import GooglePlay
from services.channels.reviews.providers.trustpilot import Trustpilot

PROVIDERS: Mapping[str, ReviewProvider] = {
    "trustpilot": Trustpilot(),
    "google_business": GoogleBusiness(),
    "google_play": GooglePlay(),
    "app_store": AppStore(),
}


def provider_of(body: AccountBody) -> ReviewProvider | None:
    """The provider of an account; None where it names none."""
    name = body.credentials.get("provider")
    return PROVIDERS.get(name) if isinstance(name, str) else None


def provider_by_shape(document: Json) -> ReviewProvider | None:
    """Whose body it looks like; None where it looks like nobody's."""
    return next((provider for provider in PROVIDERS.values() if provider.owns(document)), None)
