"""The App Store: reviews of an app, which are asked for (developer.apple.com/documentation/appstoreconnectapi/customer-reviews).

A call proves itself by a token that we sign ourselves and that lives for 20 minutes at most (.../generating-tokens-for-api-requests).
A review has one response; to post another one replaces it. `createdDate` is the only time of a review.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode, urlsplit

import jwt

from schemas.channel import TextLimit
from schemas.configuration import AccountBody
from schemas.values import Json
from services.channels.json_access import as_dict, as_str, dicts, drop_none, iso_time
from services.channels.port import Account, CredentialsRejected, RefreshedTokens, query_parameters
from services.channels.reviews.api import ACCESS_TOKEN, ReviewApi, api_of
from services.channels.reviews.provider import ListedReview, ReviewPage, ReviewProvider
from services.channels.reviews.review import PublishedReview, Report, ReviewReport, ShopAnswer, stars
from services.platform.http.outgoing import HttpClient

PAGE_SIZE = 200
MAX_ANSWER = 5970
AUDIENCE, LIFETIME, SKEW = "appstoreconnect-v1", timedelta(minutes=19), timedelta(seconds=30)
REVIEWS, RESPONSES = "customerReviews", "customerReviewResponses"


class AppStore(ReviewProvider):
    """The reviews of one app."""

    required = ("app_id", "issuer_id", "key_id", "private_key")
    optional = ("path_secret",)
    host = "https://api.appstoreconnect.apple.com"
    text_limits = (TextLimit(limit=MAX_ANSWER),)
    token_proof = ("issuer_id", "key_id", "private_key")

    def scope(self, account: Account) -> str:
        """The app."""
        return account.token("app_id")

    def owns(self, document: Json) -> bool:
        """Resources of JSON:API, alone or in `data`."""
        return any(one.get("type") == REVIEWS for one in _resources(as_dict(document)))

    def read(self, document: Json) -> Sequence[Report]:
        """One review, or a list of them with their responses."""
        fields = as_dict(document)
        listed = [_with_response(one, fields) for one in _resources(fields)]
        return [ReviewReport(review=review) for one in listed if (review := self.review(one)) is not None]

    def review(self, resource: Json) -> PublishedReview | None:
        """A review; its response is in `included`."""
        fields = as_dict(resource)
        identity, said = as_str(fields.get("id")), as_dict(fields.get("attributes"))
        if identity is None or fields.get("type") != REVIEWS:
            return None
        created = iso_time(said.get("createdDate"))
        return PublishedReview(
            id=identity,
            author_name=as_str(said.get("reviewerNickname")),
            stars=stars(said.get("rating")),
            title=as_str(said.get("title")),
            text=as_str(said.get("body")),
            written_at=created,
            changed_at=created,
            answer=_answer(fields),
            details=drop_none(territory=as_str(said.get("territory"))),
        )

    def is_polled(self, body: AccountBody) -> bool:
        """Always: Apple calls nobody about reviews."""
        return True

    def api(self, account: Account, http: HttpClient) -> ReviewApi:
        """App Store Connect."""
        return api_of(account, http, self.host, "private_key", "path_secret")

    async def page(self, api: ReviewApi, account: Account, after: str | None) -> ReviewPage:
        """The reviews of the app with their responses, by cursor."""
        fields = {"sort": "-createdDate", "limit": PAGE_SIZE, "include": "response"}
        query = urlencode({**fields, **({"cursor": after} if after else {})})
        answer = await api.call("GET", f"v1/apps/{quote(account.token('app_id'), safe='')}/{REVIEWS}?{query}")
        resources = [_with_response(one, answer.body) for one in dicts(answer.body.get("data"))]
        listed = [ListedReview(found, one) for one in resources if (found := self.review(one)) is not None]
        return ReviewPage(listed, _next(answer.body), answer.at)

    async def find(self, api: ReviewApi, account: Account, review: str) -> Json:
        """One review with its response."""
        found = await api.find(f"v1/{REVIEWS}/{quote(review, safe='')}?include=response")
        return _with_response(as_dict(found.get("data")), found) if found is not None else None

    async def answer(self, api: ReviewApi, account: Account, review: str, text: str) -> str | None:
        """Create the response, or replace it."""
        of: dict[str, Json] = {"review": {"data": {"id": review, "type": REVIEWS}}}
        body: dict[str, Json] = {"type": RESPONSES, "attributes": {"responseBody": text}, "relationships": of}
        answer = await api.call("POST", f"v1/{RESPONSES}", {"data": body})
        return as_str(as_dict(answer.body.get("data")).get("id"))

    async def delete_answer(self, api: ReviewApi, account: Account, review: str, answer: str) -> None:
        """Delete the response by its own id."""
        await api.call("DELETE", f"v1/{RESPONSES}/{quote(answer, safe='')}")

    async def refresh(self, account: Account, now: datetime, http: HttpClient) -> RefreshedTokens:
        """Sign a token of our own: Apple gives none. Raises CredentialsRejected for a key that does not sign."""
        claims = {
            "iss": account.token("issuer_id"),
            "iat": int((now - SKEW).timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "aud": AUDIENCE,
        }
        try:
            token = jwt.encode(
                claims, account.token("private_key"), algorithm="ES256", headers={"kid": account.token("key_id")}
            )
        except (ValueError, TypeError, jwt.PyJWTError):
            raise CredentialsRejected("the private_key is no key of the App Store (PEM, ES256)") from None
        return RefreshedTokens({ACCESS_TOKEN: token}, now + LIFETIME)


def _next(document: Mapping[str, Json]) -> str | None:
    """The cursor of the next page, which stands in its link and, by itself, in `meta`."""
    stated = as_str(as_dict(as_dict(document.get("meta")).get("paging")).get("nextCursor"))
    link = as_str(as_dict(document.get("links")).get("next")) or ""
    return stated or dict(query_parameters(urlsplit(link).query)).get("cursor")


def _resources(fields: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    data = fields.get("data")
    return [fields, as_dict(data), *dicts(data)]


def _with_response(resource: Mapping[str, Json], document: Mapping[str, Json]) -> dict[str, Json]:
    """A resource with its response beside it, which JSON:API has once for a whole list."""
    identity = as_dict(as_dict(as_dict(resource.get("relationships")).get("response")).get("data")).get("id")
    if not isinstance(identity, str):
        return dict(resource)
    included: list[Json] = [one for one in dicts(document.get("included")) if one.get("id") == identity]
    return {**resource, "included": included} if included else dict(resource)


def _answer(fields: Mapping[str, Json]) -> ShopAnswer | None:
    found = next((one for one in dicts(fields.get("included")) if one.get("type") == RESPONSES), {})
    said = as_dict(found.get("attributes"))
    text = as_str(said.get("responseBody"))
    at = iso_time(said.get("lastModifiedDate"))
    return ShopAnswer(id=as_str(found.get("id")), text=text, at=at) if text is not None else None
