"""A review as its provider shows it, and the activities that it becomes: the same for every provider.

A review keeps one id over its edits. Its provider shows one answer of ours below it, which keeps one id too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import orjson

from schemas.activity import Activity, ActivityKind, Address, PostContext, Review
from schemas.values import EncryptedText, Json
from services.channels.account_scope import AccountScope
from services.channels.json_access import as_int, drop_none
from services.platform.core.identifiers import hashed_id

Change = Literal["created", "edited", "deleted"]
"""What the provider says of a review: it was written, or changed, or is gone. A list shows reviews as written."""
AnswerChange = Literal["created", "edited", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopAnswer:
    """Our side's answer below a review. `id` is the provider's, if it has one of its own."""

    text: str
    id: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedReview:
    """A review. `id` names it in every call of the provider; `author` is the provider's id of who wrote it, else the review is
    its own author. `place` tells what is reviewed apart: each place of a business, and its products from itself. `changed_at` is the time of its present text, None where the provider does not say that it was changed.
    `is_answerable`: the provider takes an answer to it.
    """

    id: str
    place: str = "reviews"
    author: str | None = None
    author_name: str | None = None
    stars: int | None = None
    title: str | None = None
    text: str | None = None
    locale: str | None = None
    written_at: datetime | None = None
    changed_at: datetime | None = None
    answer: ShopAnswer | None = None
    permalink: str | None = None
    is_answerable: bool = True
    details: Mapping[str, Json] = field(default_factory=dict)

    @property
    def shown_at(self) -> datetime | None:
        """The time of its present text."""
        return self.changed_at or self.written_at

    def content_id(self, scope: AccountScope) -> str:
        """A hash of what the review says."""
        return scope.content_id(self.title or "", self.text or "", str(self.stars))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewReport:
    """One thing that a body says: `change` happened to a review, `answer_change` to our answer below it.

    `change` None: the review is as it was, and only the answer is news.
    """

    review: PublishedReview
    change: Change | None = "created"
    answer_change: AnswerChange | None = "created"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadReport:
    """Something authentic that says nothing of a review: a notice that only names one, or a type that nobody documented."""

    raw: str
    identity: str
    details: Mapping[str, Json] = field(default_factory=dict)


Report = ReviewReport | UnreadReport


def stars(value: Json) -> int | None:
    """The stars of a review: a whole number from 1 to 5, else None."""
    stated = as_int(value)
    return stated if stated is not None and 1 <= stated <= 5 else None


def unread(raw: str, content: Json, **details: Json) -> UnreadReport:
    """A report of a type `raw`; the same content gives the same id."""
    identity = hashed_id(raw, orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode())
    return UnreadReport(raw=raw, identity=identity, details=drop_none(**details))


def answer_id(scope: AccountScope, review: str) -> str:
    """The permanent id of our answer below a review."""
    return scope.message_id(f"{review}\x00answer")


def answer_platform_id(review: str) -> str:
    """What names our answer below a review, where the provider gives it no id."""
    return f"{review}/reply"


def to_activities(report: Report, scope: AccountScope, at: datetime) -> Iterator[Activity]:
    """The activities of a report that was received `at`; at least one."""
    if isinstance(report, UnreadReport):
        details = drop_none(raw=report.raw, **report.details)
        identity = scope.activity_id("unknown", scope.content_id(report.identity))
        yield scope.activity(identity, "unknown", None, at, surface="public", details=details)
        return
    review = report.review
    if report.change is not None:
        yield _of_customer(report.change, review, scope, at)
    if report.answer_change is not None and (review.answer is not None or report.answer_change == "deleted"):
        yield _of_shop(report.answer_change, review, scope, at)


def _of_customer(change: Change, review: PublishedReview, scope: AccountScope, at: datetime) -> Activity:
    if change == "deleted":
        identity = scope.activity_id("review", review.id, "deletion")
        return _activity("deletion", review, identity, scope, at, message=scope.message_id(review.id))
    content: dict[str, Any] = {  # Any: fields of Activity
        "message": scope.message_id(review.id),
        "platform_id": review.id,
        "text": EncryptedText(text=review.text) if review.text else None,
        "review": Review(stars=review.stars, title=review.title),
        "locale": review.locale,
        "address": Address(chat=review.id, reply_to=review.id) if review.is_answerable else None,
        "details": dict(review.details),
        "sent_at": review.shown_at,
    }
    if change == "created":
        return _activity("message", review, scope.activity_id("review", review.id), scope, at, **content)
    # One edit may take back another: the time tells them apart, where it is stated.
    states = (_milliseconds(review.shown_at), review.content_id(scope))
    identity = scope.activity_id("review", review.id, "edit", *states)
    return _activity("edit", review, identity, scope, at, original_sent_at=review.written_at, **content)


def _of_shop(change: AnswerChange, review: PublishedReview, scope: AccountScope, at: datetime) -> Activity:
    answer = review.answer or ShopAnswer(text="")
    common: dict[str, Any] = {  # Any: fields of Activity
        "author": "account",
        "message": answer_id(scope, review.id),
        "platform_id": answer.id or answer_platform_id(review.id),
        "sent_at": answer.at,
        "replies_to": [scope.message_id(review.id)],
    }
    if change == "deleted":
        identity = scope.activity_id("answer", review.id, "deletion", _milliseconds(review.shown_at))
        return _activity("deletion", review, identity, scope, at, **common)
    said = EncryptedText(text=answer.text)
    if change == "created":
        identity = scope.activity_id("answer", review.id)
        return _activity("echo", review, identity, scope, at, text=said, **common)
    states = (_milliseconds(answer.at), hashed_id(answer.text))
    identity = scope.activity_id("answer", review.id, "edit", *states)
    return _activity("edit", review, identity, scope, at, text=said, **common)


def _activity(
    kind: ActivityKind, review: PublishedReview, identity: str, scope: AccountScope, at: datetime, /, **fields: Any
) -> Activity:  # Any: further fields of Activity
    # A reviewer without an id is known by the review: nobody is to read the answer to somebody else.
    external = review.author or review.id
    return scope.activity(
        identity,
        kind,
        external,
        at,
        surface="public",
        person_name=review.author_name,
        thread=review.place,
        context=PostContext(post=review.id, permalink=review.permalink),
        **fields,
    )


def _milliseconds(at: datetime | None) -> str:
    return str(int(at.timestamp() * 1000)) if at is not None else ""
