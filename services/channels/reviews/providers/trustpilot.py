"""Trustpilot: webhooks for reviews of a shop (support.trustpilot.com, "How to set up Trustpilot Webhooks"), answers by its Business API.

A webhook has a list of events, `{eventName, version, eventData}`, and no signature: its address ends in a secret. Trustpilot sends
none again that was missed, so an account that names its business unit is asked for its reviews too (developers.trustpilot.com/business-units-api).
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from schemas.configuration import AccountBody
from schemas.values import Json
from services.channels.json_access import as_dict, as_int, as_str, dicts, drop_none, iso_time
from services.channels.port import Account, RefreshedTokens
from services.channels.reviews.api import ACCESS_TOKEN, ReviewApi, api_of, base_of, post_form
from services.channels.reviews.provider import ListedReview, ReviewPage, ReviewProvider
from services.channels.reviews.review import Change, PublishedReview, Report, ReviewReport, ShopAnswer, stars, unread
from services.channels.reviews.tokens import access_token
from services.platform.http.outgoing import HttpClient

PAGE_SIZE = 100
CHANGES: Mapping[str, Change] = {"created": "created", "updated": "edited", "deleted": "deleted"}
"""The last word of `eventName` → what happened."""
SERVICE = "service-review-"
ITEM = frozenset({"stars", "consumer"})


class Trustpilot(ReviewProvider):
    """The reviews of one business."""

    required = ("path_secret",)
    optional = ("api_key", "api_secret", "business_unit_id", "business_user_id")
    together = ("api_key", "api_secret")
    host = "https://api.trustpilot.com"
    token_proof = ("api_key", "api_secret")

    def scope(self, account: Account) -> str:
        """None: Trustpilot's ids of reviews are its own everywhere, and an account need not name its business."""
        return ""

    def owns(self, document: Json) -> bool:
        """A webhook, or a review as the API shows it."""
        fields = as_dict(document)
        return (
            "events" in fields
            or fields.keys() >= ITEM
            or any(one.keys() >= ITEM for one in dicts(fields.get("reviews")))
        )

    def read(self, document: Json) -> Sequence[Report]:
        """The events of a webhook, or reviews as the API shows them."""
        fields = as_dict(document)
        if "events" in fields:
            return [_event(event) for event in dicts(fields["events"])] or [unread("events", document)]
        resources = [fields, *dicts(fields.get("reviews"))]
        return [ReviewReport(review=review) for one in resources if (review := self.review(one)) is not None]

    def review(self, resource: Json) -> PublishedReview | None:
        """A review of a webhook or of the API."""
        fields = as_dict(resource)
        identity = as_str(fields.get("id"))
        return _review(fields, identity) if identity is not None and "stars" in fields else None

    def is_polled(self, body: AccountBody) -> bool:
        """Where the account names its business unit, and has a key."""
        return {"business_unit_id", *self.token_proof} <= body.credentials.keys()

    def api(self, account: Account, http: HttpClient) -> ReviewApi:
        """The API, which wants its key beside the token."""
        return api_of(account, http, self.host, *self.token_proof, "path_secret", apikey=account.token("api_key"))

    async def page(self, api: ReviewApi, account: Account, after: str | None) -> ReviewPage:
        """The reviews of the business unit, page by page."""
        number = int(after) if after is not None and after.isdecimal() else 1
        unit = quote(account.token("business_unit_id"), safe="")
        query = urlencode({"perPage": PAGE_SIZE, "page": number, "orderBy": "createdat.desc"})
        answer = await api.call("GET", f"v1/private/business-units/{unit}/reviews?{query}")
        listed = [ListedReview(found, one) for one in dicts(answer.body.get("reviews")) if (found := self.review(one))]
        return ReviewPage(listed, str(number + 1) if len(listed) == PAGE_SIZE else None, answer.at)

    async def find(self, api: ReviewApi, account: Account, review: str) -> Json:
        """One review."""
        return await api.find(f"v1/private/reviews/{quote(review, safe='')}")

    async def answer(self, api: ReviewApi, account: Account, review: str, text: str) -> str | None:
        """Trustpilot has one reply to a review, which the same call replaces."""
        body: dict[str, Json] = drop_none(message=text, authorBusinessUserId=account.token("business_user_id"))
        await api.call("POST", f"v1/private/reviews/{quote(review, safe='')}/reply", body)
        return None

    async def delete_answer(self, api: ReviewApi, account: Account, review: str, answer: str) -> None:
        """Delete the reply."""
        await api.call("DELETE", f"v1/private/reviews/{quote(review, safe='')}/reply")

    async def refresh(self, account: Account, now: datetime, http: HttpClient) -> RefreshedTokens:
        """A token for the key and secret of the application (RFC 6749, 4.4)."""
        key, secret = account.token("api_key"), account.token("api_secret")
        basic = b64encode(f"{key}:{secret}".encode()).decode()
        url = f"{base_of(account, self.host)}/v1/oauth/oauth-business-users-for-applications/accesstoken"
        form, headers = {"grant_type": "client_credentials"}, {"authorization": f"Basic {basic}"}
        answer = await post_form(http, url, form, (basic, secret, key), headers)
        # Trustpilot writes the seconds as a text.
        written = as_str(answer.get("expires_in")) or ""
        seconds = as_int(answer.get("expires_in")) or (
            int(written) if written.isdecimal() and len(written) < 10 else 3600
        )
        return RefreshedTokens({ACCESS_TOKEN: access_token(answer)}, now + timedelta(seconds=seconds))


def _event(event: Mapping[str, Json]) -> Report:
    name, data = as_str(event.get("eventName")) or "", as_dict(event.get("eventData"))
    change, identity = CHANGES.get(name.rpartition("-")[2]), as_str(data.get("id"))
    if change is None or identity is None:
        return unread(name or "event", dict(event), id=identity)
    # An answer to a review of a product goes another way, which takes its conversation: it is read, and not answered here.
    review = _review(data, identity, is_answerable=name.startswith(SERVICE))
    return ReviewReport(review=review, change=change, answer_change=None if change == "deleted" else "created")


def _review(data: Mapping[str, Json], identity: str, *, is_answerable: bool = True) -> PublishedReview:
    consumer, reply = as_dict(data.get("consumer")), as_dict(data.get("companyReply"))
    text = as_str(reply.get("text"))
    answered_at = iso_time(reply.get("updatedAt")) or iso_time(reply.get("createdAt"))
    return PublishedReview(
        id=identity,
        place="reviews" if is_answerable else "product reviews",
        author=as_str(consumer.get("id")),
        author_name=as_str(consumer.get("name")) or as_str(consumer.get("displayName")),
        stars=stars(data.get("stars")),
        title=as_str(data.get("title")),
        text=as_str(data.get("text")) or as_str(data.get("content")),
        locale=as_str(data.get("language")),
        written_at=iso_time(data.get("createdAt")),
        changed_at=iso_time(data.get("updatedAt")),
        answer=ShopAnswer(text=text, at=answered_at) if text is not None else None,
        permalink=f"https://www.trustpilot.com/reviews/{quote(identity, safe='')}",
        is_answerable=is_answerable,
        details=drop_none(order_id=as_str(data.get("referenceId")), location_id=as_str(data.get("locationId"))),
    )
