"""Google Play: reviews of an app, which are asked for (developers.google.com/android-publisher/reply-to-reviews).

`reviews.list` shows those that were written or changed within a week. An edit overwrites its review; the comment of the user and that of
the developer stand beside each other. Old clients wrote a title: it stands before the text, with a tab in between.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from schemas.channel import TextLimit
from schemas.configuration import AccountBody
from schemas.values import Json
from services.channels.json_access import as_dict, as_id_str, as_str, dicts, drop_none, seconds
from services.channels.port import Account, RefreshedTokens
from services.channels.reviews.api import ReviewApi, api_of, base_of
from services.channels.reviews.provider import ListedReview, ReviewPage, ReviewProvider
from services.channels.reviews.review import PublishedReview, Report, ReviewReport, ShopAnswer, stars
from services.channels.reviews.tokens import GOOGLE_TOKENS, service_account_token
from services.platform.http.outgoing import HttpClient, PermanentSendError

SCOPE = "https://www.googleapis.com/auth/androidpublisher"
PAGE_SIZE = 100
MAX_ANSWER = 350


class GooglePlay(ReviewProvider):
    """The reviews of one app."""

    required = ("package_name", "client_email", "private_key")
    optional = ("path_secret",)
    host = "https://androidpublisher.googleapis.com"
    text_limits = (TextLimit(limit=MAX_ANSWER),)
    # A reply can be replaced, and not taken back.
    actions = ("edit",)
    # The list reaches back a week: what is older than this may be missing because of its age.
    listed = timedelta(days=6)
    token_proof = ("client_email", "private_key")

    def scope(self, account: Account) -> str:
        """The app."""
        return account.token("package_name")

    def owns(self, document: Json) -> bool:
        """A review has comments, and a list has reviews with comments."""
        fields = as_dict(document)
        return "comments" in fields or any("comments" in one for one in dicts(fields.get("reviews")))

    def read(self, document: Json) -> Sequence[Report]:
        """One review, or the list of `reviews.list`."""
        fields = as_dict(document)
        resources = [fields, *dicts(fields.get("reviews"))]
        return [ReviewReport(review=review) for one in resources if (review := self.review(one)) is not None]

    def review(self, resource: Json) -> PublishedReview | None:
        """A review by the newest comment of its user."""
        fields = as_dict(resource)
        identity = as_str(fields.get("reviewId"))
        users = [as_dict(one.get("userComment")) for one in dicts(fields.get("comments"))]
        written = max(filter(None, users), key=_time, default=None)
        if identity is None or written is None:
            return None
        # `text` may be a translation; what the user wrote is beside it then.
        title, text = _split(as_str(written.get("originalText")) or as_str(written.get("text")) or "")
        return PublishedReview(
            id=identity,
            author_name=as_str(fields.get("authorName")),
            stars=stars(written.get("starRating")),
            title=title,
            text=text,
            locale=as_str(written.get("reviewerLanguage")),
            changed_at=_at(written),
            answer=_answer(fields),
            details=drop_none(
                app_version=as_str(written.get("appVersionName")),
                device=as_str(written.get("device")),
                android_version=as_id_str(written.get("androidOsVersion")),
            ),
        )

    def is_polled(self, body: AccountBody) -> bool:
        """Always: Google Play calls nobody."""
        return True

    def api(self, account: Account, http: HttpClient) -> ReviewApi:
        """The API of the app's publisher."""
        return api_of(account, http, self.host, "private_key", "path_secret")

    async def page(self, api: ReviewApi, account: Account, after: str | None) -> ReviewPage:
        """`reviews.list`."""
        query = urlencode({"maxResults": PAGE_SIZE, **({"token": after} if after else {})})
        answer = await api.call("GET", f"{_app(account)}/reviews?{query}")
        listed = [ListedReview(found, one) for one in dicts(answer.body.get("reviews")) if (found := self.review(one))]
        following = as_str(as_dict(answer.body.get("tokenPagination")).get("nextPageToken"))
        return ReviewPage(listed, following, answer.at)

    async def find(self, api: ReviewApi, account: Account, review: str) -> Json:
        """`reviews.get`."""
        return await api.find(f"{_app(account)}/reviews/{quote(review, safe=':')}")

    async def answer(self, api: ReviewApi, account: Account, review: str, text: str) -> str | None:
        """`reviews.reply`, which replaces the reply that there is."""
        await api.call("POST", f"{_app(account)}/reviews/{quote(review, safe=':')}:reply", {"replyText": text})
        return None

    async def delete_answer(self, api: ReviewApi, account: Account, review: str, answer: str) -> None:
        """Raises PermanentSendError: Google Play has no call for it."""
        raise PermanentSendError("unsupported", "Google Play cannot delete an answer: replace it")

    async def refresh(self, account: Account, now: datetime, http: HttpClient) -> RefreshedTokens:
        """A token of the service account."""
        return await service_account_token(account, base_of(account, GOOGLE_TOKENS), SCOPE, now, http)


def _app(account: Account) -> str:
    return f"androidpublisher/v3/applications/{quote(account.token('package_name'), safe='')}"


def _at(comment: Mapping[str, Json]) -> datetime | None:
    return seconds(as_dict(comment.get("lastModified")).get("seconds"))


def _time(comment: Mapping[str, Json]) -> float:
    at = _at(comment)
    return at.timestamp() if at is not None else 0.0


def _split(text: str) -> tuple[str | None, str | None]:
    """Title and text."""
    title, tab, rest = text.partition("\t")
    return (title.strip() or None, rest.strip() or None) if tab else (None, text.strip() or None)


def _answer(fields: Mapping[str, Json]) -> ShopAnswer | None:
    answers = [as_dict(one.get("developerComment")) for one in dicts(fields.get("comments"))]
    newest = max(filter(None, answers), key=_time, default=None)
    text = as_str(newest.get("text")) if newest is not None else None
    return ShopAnswer(text=text, at=_at(newest)) if newest is not None and text is not None else None
