"""Asks a provider for reviews: what is new, what was changed, and what is gone, page by page from the newest on.

The cursor remembers hashes of the reviews that were seen, never what they say. One poll asks for one page; the last page of a walk also
tells what is missing. A review that is missing is asked for by its id before it counts as deleted, since lists have gaps.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import orjson

from schemas.values import Json
from services.channels.account_scope import AccountScope, scope_of
from services.channels.json_access import as_dict, as_list, as_str, number, texts
from services.channels.port import Account, PollResult
from services.channels.reviews.api import ReviewApi
from services.channels.reviews.provider import ListedReview, ReviewProvider
from services.channels.reviews.review import AnswerChange, PublishedReview
from services.platform.core.identifiers import hashed_id
from services.platform.http.lenient_json import read_json

INTERVAL = timedelta(minutes=5)
FIRST = timedelta(days=7)
"""How far back the first walk of an account goes."""
MAX_KNOWN = 500
"""Reviews whose changes and deletion are noticed: the newest."""
CHECKED_AT_ONCE = 10
"""Reviews that are missing in the list and asked for one by one in a poll; the others wait for the next walk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownReview:
    """When a review was written or changed, in Unix seconds, and hashes of what it said and of our answer below it."""

    at: float
    content: str
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewWalk:
    """What is known of the reviews of `owner`, whose walk began at `began` and goes on at `page`; `listed` are those it has seen."""

    owner: str
    known: Mapping[str, KnownReview] = field(default_factory=dict)
    began: float | None = None
    page: str | None = None
    listed: frozenset[str] = frozenset()


async def poll_reviews(provider: ReviewProvider, api: ReviewApi, account: Account, cursor: str | None) -> PollResult:
    """Ask for the next page of the walk. Raises as `Polls.poll`."""
    owner, scope = (
        hashed_id(type(provider).__name__, provider.scope(account)),
        scope_of(account, provider.scope(account)),
    )
    walk = _current(owner, cursor)
    page = await provider.page(api, account, walk.page)
    began = walk.began if walk.began is not None else _seconds(page.at)
    oldest = began - FIRST.total_seconds()
    news = [one for one in page.reviews if one.review.id in walk.known or _at(one.review) >= oldest]
    bodies = [body for one in reversed(news) if (body := _body(one, walk.known.get(one.review.id), scope)) is not None]
    known = {**walk.known, **{one.review.id: _known(one.review, scope) for one in news}}
    after = replace(
        walk, known=known, began=began, page=page.next, listed=walk.listed | {one.review.id for one in page.reviews}
    )
    if page.next is not None and any(_at(one.review) >= oldest for one in page.reviews):
        return PollResult(bodies, _written(after), has_more=True)
    gone = await _deleted(provider, api, account, after)
    known = {identity: one for identity, one in _newest(known, oldest) if identity not in gone}
    bodies += [deleted_body(identity) for identity in gone]
    return PollResult(bodies, _written(ReviewWalk(owner=owner, known=known)))


def review_body(resource: Json, *, is_news: bool = True, answer: AnswerChange | None = "created") -> bytes:
    """A body of a polled review, in the shape that `parse` reads. `is_news`: it is new or was changed; `answer`: what happened to
    the answer of ours that it may have.
    """
    return orjson.dumps({"review": resource, "polled": True, "is_news": is_news, "answer": answer})


def deleted_body(review: str) -> bytes:
    """A body that says that a review is gone."""
    return orjson.dumps({"deleted": review, "polled": True})


def _body(listed: ListedReview, before: KnownReview | None, scope: AccountScope) -> bytes | None:
    """What is new about a review; None: nothing."""
    if before is None:
        return review_body(listed.resource)
    now = _known(listed.review, scope)
    answer = _answer_change(before.answer, now.answer)
    is_news = (before.at, before.content) != (now.at, now.content)
    return review_body(listed.resource, is_news=is_news, answer=answer) if is_news or answer else None


def _answer_change(before: str, now: str) -> AnswerChange | None:
    """What happened to an answer, by its hashes; an empty one: there is none."""
    if before == now:
        return None
    return "created" if not before else "edited" if now else "deleted"


async def _deleted(provider: ReviewProvider, api: ReviewApi, account: Account, walk: ReviewWalk) -> list[str]:
    """The known reviews that the list should have had and that are gone."""
    since = (walk.began or 0.0) - min(FIRST, provider.listed).total_seconds()
    missing = [identity for identity, one in walk.known.items() if one.at >= since and identity not in walk.listed]
    return [one for one in missing[:CHECKED_AT_ONCE] if await provider.find(api, account, one) is None]


def _newest(known: Mapping[str, KnownReview], since: float) -> Iterator[tuple[str, KnownReview]]:
    by_time = sorted(known.items(), key=lambda item: item[1].at, reverse=True)
    return (item for item in by_time[:MAX_KNOWN] if item[1].at >= since)


def _known(review: PublishedReview, scope: AccountScope) -> KnownReview:
    answer = hashed_id(review.answer.text)[:12] if review.answer is not None else ""
    return KnownReview(at=_at(review), content=review.content_id(scope)[:12], answer=answer)


def _at(review: PublishedReview) -> float:
    return _seconds(review.shown_at)


def _seconds(at: datetime | None) -> float:
    return at.timestamp() if at is not None else 0.0


# -- the cursor --------------------------------------------------------------------------------------------------------


def _written(walk: ReviewWalk) -> str:
    known = {identity: [one.at, one.content, one.answer] for identity, one in walk.known.items()}
    state = {"owner": walk.owner, "known": known, "began": walk.began, "page": walk.page, "listed": sorted(walk.listed)}
    return orjson.dumps(state).decode()


def _current(owner: str, cursor: str | None) -> ReviewWalk:
    """The walk that goes on, or a new one: also where the cursor is that of other reviews."""
    try:
        state = as_dict(read_json((cursor or "{}").encode()))
    except ValueError:
        state = {}
    if as_str(state.get("owner")) != owner:
        return ReviewWalk(owner=owner)
    known = {name: one for name, row in as_dict(state.get("known")).items() if (one := _known_row(row)) is not None}
    return ReviewWalk(
        owner=owner,
        known=known,
        began=number(state.get("began")),
        page=as_str(state.get("page")),
        listed=frozenset(texts(state.get("listed"))),
    )


def _known_row(row: Json) -> KnownReview | None:
    values = as_list(row)
    at, said = number(values[0]) if values else None, texts(row)
    return KnownReview(at=at, content=said[0], answer=said[1]) if at is not None and len(said) == 2 else None
