"""Google Business Profile: reviews of places (developers.google.com/my-business/content/review-data).

A change comes as a message of Pub/Sub that names the review (.../notification-setup); what it says is asked for. No message tells of a
deletion: the list of reviews is compared with what was known. A review that was translated has both texts in one.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from schemas.channel import TextLimit
from schemas.configuration import AccountBody
from schemas.values import Json
from services.channels.json_access import as_dict, as_int, as_str, dicts, drop_none, iso_time
from services.channels.port import Account, RefreshedTokens, Request
from services.channels.reviews.api import ACCESS_TOKEN, ReviewApi, api_of, base_of, post_form
from services.channels.reviews.provider import ListedReview, ReviewPage, ReviewProvider
from services.channels.reviews.pubsub_proof import GOOGLE_KEYS, verify_push
from services.channels.reviews.review import PublishedReview, Report, ReviewReport, ShopAnswer, UnreadReport, unread
from services.channels.reviews.tokens import GOOGLE_TOKENS, access_token
from services.platform.http.lenient_json import read_json
from services.platform.http.outgoing import HttpClient

NAME = re.compile(r"accounts/[^/\s]{1,40}/locations/[^/\s]{1,40}/reviews/[^/\s]{1,400}")
STARS: Mapping[str, int] = {"ONE": 1, "TWO": 2, "THREE": 3, "FOUR": 4, "FIVE": 5}
TRANSLATED = re.compile(r"\A\s*\(Translated by Google\).*?\n\s*\(Original\)\s*", re.DOTALL)
ORIGINAL_FIRST = re.compile(r"\n[^\S\n]*+\(Translated by Google\).*\Z", re.DOTALL)
PAGE_SIZE = 50
MAX_ANSWER = 4096
MAX_NAME = 200


class GoogleBusiness(ReviewProvider):
    """The reviews of the places of one Google account."""

    required = ("client_id", "client_secret", "refresh_token")
    optional = ("audience", "push_email", "locations", "path_secret")
    together = ("audience", "push_email")
    host = "https://mybusiness.googleapis.com"
    # .../reference/rest/v4/accounts.locations.reviews#ReviewReply
    text_limits = (TextLimit(limit=MAX_ANSWER, unit="bytes"),)
    token_proof = ("client_id", "client_secret", "refresh_token")

    def key_urls(self, request: Request, account: Account) -> Sequence[str]:
        """Google's keys of OpenID Connect."""
        return (GOOGLE_KEYS,) if self.signs(account) else ()

    def signs(self, account: Account) -> bool:
        """Where the account names the audience of its push subscription."""
        return bool(account.secrets("audience"))

    def verify(self, request: Request, account: Account) -> None:
        """The token of the push subscription."""
        verify_push(request, account.secrets("audience"), account.secrets("push_email"))

    def scope(self, account: Account) -> str:
        """None: the name of a review holds the account and the place."""
        return ""

    def owns(self, document: Json) -> bool:
        """A message of Pub/Sub, a review or a list of reviews, each of which has a `starRating`."""
        fields = as_dict(document)
        return "subscription" in fields or any("starRating" in one for one in _resources(fields))

    def read(self, document: Json) -> Sequence[Report]:
        """A notice, one review, or a list of them."""
        fields = as_dict(document)
        if "message" in fields:
            return [_notice(fields)]
        return [ReviewReport(review=review) for one in _resources(fields) if (review := self.review(one)) is not None]

    def review(self, resource: Json) -> PublishedReview | None:
        """A review."""
        fields = as_dict(resource)
        name, reviewer = as_str(fields.get("name")), as_dict(fields.get("reviewer"))
        if name is None or NAME.fullmatch(name) is None:
            return None
        created, updated = iso_time(fields.get("createTime")), iso_time(fields.get("updateTime"))
        return PublishedReview(
            id=name,
            place=name.partition("/reviews/")[0],
            author=as_str(fields.get("reviewId")) or name.rpartition("/")[2],
            author_name=as_str(reviewer.get("displayName")) if reviewer.get("isAnonymous") is not True else None,
            stars=STARS.get(as_str(fields.get("starRating")) or ""),
            text=_original(as_str(fields.get("comment"))),
            written_at=created,
            changed_at=updated if updated != created else None,
            answer=_answer(fields),
        )

    def named(self, request: Request) -> Sequence[str]:
        """The review of a notice."""
        try:
            fields = as_dict(request.json())
        except (ValueError, RecursionError):
            return ()
        name = _named_review(_data(as_dict(fields.get("message"))))
        return (name,) if name is not None and len(name) <= MAX_NAME else ()

    def is_polled(self, body: AccountBody) -> bool:
        """Always: what a notice names has to be asked for."""
        return True

    def api(self, account: Account, http: HttpClient) -> ReviewApi:
        """The API of the shop's places."""
        return api_of(account, http, self.host, *self.token_proof, "path_secret")

    async def page(self, api: ReviewApi, account: Account, after: str | None) -> ReviewPage:
        """The reviews of all places that the account names, with `locations:batchGetReviews`."""
        places = account.secrets("locations")
        if not places:
            return ReviewPage([], None, None)
        body: dict[str, Json] = {"locationNames": list(places), "pageSize": PAGE_SIZE, "orderBy": "updateTime desc"}
        owner = places[0].partition("/locations/")[0]
        path = f"v4/{quote(owner)}/locations:batchGetReviews"
        answer = await api.call("POST", path, {**body, **({"pageToken": after} if after else {})})
        resources = [as_dict(one.get("review")) for one in dicts(answer.body.get("locationReviews"))]
        listed = [ListedReview(found, one) for one in resources if (found := self.review(one)) is not None]
        return ReviewPage(listed, as_str(answer.body.get("nextPageToken")), answer.at)

    async def find(self, api: ReviewApi, account: Account, review: str) -> Json:
        """One review by its name."""
        return await api.find(f"v4/{quote(review)}")

    async def answer(self, api: ReviewApi, account: Account, review: str, text: str) -> str | None:
        """`updateReply`, which creates the reply or replaces it."""
        await api.call("PUT", f"v4/{quote(review)}/reply", {"comment": text})
        return None

    async def delete_answer(self, api: ReviewApi, account: Account, review: str, answer: str) -> None:
        """`deleteReply`."""
        await api.call("DELETE", f"v4/{quote(review)}/reply")

    async def refresh(self, account: Account, now: datetime, http: HttpClient) -> RefreshedTokens:
        """An access token for the refresh token of the shop's owner (RFC 6749, 6)."""
        form = {name: account.token(name) for name in self.token_proof}
        url = f"{base_of(account, GOOGLE_TOKENS)}/token"
        secrets = tuple(form.values())
        answer = await post_form(http, url, {"grant_type": "refresh_token", **form}, secrets)
        expires = now + timedelta(seconds=as_int(answer.get("expires_in")) or 3600)
        return RefreshedTokens({ACCESS_TOKEN: access_token(answer)}, expires)


def _resources(fields: dict[str, Json]) -> Iterator[dict[str, Json]]:
    yield fields
    yield from dicts(fields.get("reviews"))
    yield from (as_dict(one.get("review")) for one in dicts(fields.get("locationReviews")))


def _data(message: Mapping[str, Json]) -> dict[str, Json]:
    """What a message of Pub/Sub says, which is base64 of JSON; empty for anything else."""
    try:
        return as_dict(read_json(b64decode(as_str(message.get("data")) or "", validate=True)))
    except (NotBase64, ValueError, RecursionError):
        return {}


def _named_review(data: Mapping[str, Json]) -> str | None:
    """The name of the review, whatever the field is called."""
    values = (text for one in data.values() if (text := as_str(one)) is not None)
    return next((text for text in values if NAME.fullmatch(text)), None)


def _notice(fields: Mapping[str, Json]) -> UnreadReport:
    message = as_dict(fields.get("message"))
    data, identity = _data(message), as_str(message.get("messageId")) or as_str(message.get("message_id"))
    raw = as_str(data.get("type")) or as_str(data.get("notificationType")) or "notification"
    details: dict[str, Json] = {"review_id": _named_review(data)}
    if identity is None:
        return unread(raw, dict(fields), **details)
    return UnreadReport(raw=raw, identity=f"pubsub:{identity}", details=drop_none(**details))


def _original(text: str | None) -> str | None:
    """What the customer wrote, without Google's translation before or after it."""
    if text is None or "(Translated by Google)" not in text:
        return text
    return ORIGINAL_FIRST.sub("", TRANSLATED.sub("", text)).strip() or text


def _answer(fields: Mapping[str, Json]) -> ShopAnswer | None:
    reply = as_dict(fields.get("reviewReply"))
    text = as_str(reply.get("comment"))
    return ShopAnswer(text=text, at=iso_time(reply.get("updateTime"))) if text is not None else None
