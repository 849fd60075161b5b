"""What is in a body: a provider's own shapes, or the shape in which a poll hands on what it found."""

from collections.abc import Iterator, Mapping
from typing import cast

from schemas.activity import Activity
from schemas.values import Json
from services.channels.account_scope import scope_of
from services.channels.json_access import as_dict, as_str
from services.channels.port import Account, InvalidPayload, Request
from services.channels.reviews.provider import ReviewProvider
from services.channels.reviews.providers import provider_by_shape, provider_of
from services.channels.reviews.review import (
    AnswerChange,
    PublishedReview,
    Report,
    ReviewReport,
    to_activities,
    unread,
)

ANSWER_CHANGES = frozenset({"created", "edited", "deleted"})


def parse(request: Request, account: Account) -> list[Activity]:
    """The activities of a body, in order; at least one. Raises InvalidPayload."""
    try:
        document = request.json()
    except (ValueError, RecursionError):
        raise InvalidPayload("the body is no JSON") from None
    if not isinstance(document, dict | list):
        raise InvalidPayload("the body is no JSON object and no list of them")
    # `pasokh parse` can be given a file without an account; no call of a webhook comes here without one.
    stated = provider_of(account.body)
    scope = scope_of(account, stated.scope(account) if stated is not None else None)
    found: dict[str, Activity] = {}
    for item in document if isinstance(document, list) else [document]:
        for report in _reports(stated, item):
            # A list may have an item twice.
            found |= {one.id: one for one in to_activities(report, scope, request.received_at)}
    return list(found.values()) or list(to_activities(unread("empty", []), scope, request.received_at))


def _reports(stated: ReviewProvider | None, document: Json) -> list[Report]:
    fields = as_dict(document)
    if fields.get("polled") is True:
        found = list(_polled(stated or provider_by_shape(fields.get("review")), fields))
    else:
        provider = stated or provider_by_shape(document)
        found = list(provider.read(document)) if provider is not None else []
    return found or [unread("body", document)]


def _polled(provider: ReviewProvider | None, fields: Mapping[str, Json]) -> Iterator[Report]:
    """What a poll found: it cannot know whether a review is new to us, so it is both written and changed.

    The router takes the one of the two that tells it something.
    """
    deleted = as_str(fields.get("deleted"))
    if deleted is not None:
        yield ReviewReport(review=PublishedReview(id=deleted), change="deleted", answer_change=None)
    review = provider.review(fields.get("review")) if provider is not None else None
    if review is None:
        return
    if fields.get("is_news") is True:
        yield ReviewReport(review=review, change="created", answer_change=None)
    if fields.get("is_news") is True and review.changed_at is not None:
        yield ReviewReport(review=review, change="edited", answer_change=None)
    stated = as_str(fields.get("answer"))
    if stated in ANSWER_CHANGES:
        yield ReviewReport(review=review, change=None, answer_change=cast(AnswerChange, stated))
