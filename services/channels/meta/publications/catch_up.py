"""Asks the Graph API for what was published while its calls did not reach us: page by page, from the newest on.

A walk visits each edge of an account (`edges`) and of the publications on it. Its cursor is what is still to be asked, and from
when on publications are of interest; so it goes on after a restart, and one poll is one call. developers.facebook.com/docs/graph-api/results
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import orjson

from schemas.values import Json
from services.channels.json_access import as_dict, as_str, dicts, number
from services.channels.meta.graph import GraphAnswer, GraphApi, Verdicts, refused
from services.channels.meta.webhook import as_platform_id, body_of, instant
from services.channels.port import PollResult
from services.platform.http.lenient_json import read_json
from services.platform.http.outgoing import PermanentSendError

INTERVAL = timedelta(minutes=15)
FIRST = timedelta(hours=36)
"""How far back the first walk of an account goes: as long as Meta itself repeats its calls."""
OVERLAP = timedelta(minutes=10)
"""How far a walk goes back behind the begin of the one before it: what was published then may not have been listed yet."""
MAX_POST_AGE = timedelta(days=30)
"""The age of posts below which new comments are looked for."""
ADVICE = "Give the app the permissions to read comments, or set the account's settings.catch_up to false"
POST_FIELDS = frozenset({"permalink", "media_product_type", "username"})
"""What the comments of a further page need of their post. Texts have no place in a cursor."""
TIMES = ("created_time", "timestamp", "updated_time")
Item = dict[str, Json]


@dataclass(frozen=True, slots=True)
class ListedChange:
    """A publication that was read: when it was published, and the change by which a webhook reports it."""

    at: datetime
    field: str
    value: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A list of publications at the Graph API, the newest first, and how each of them is read.

    `read(item, of)` gives what was published by an item of the edge of the object `of`. `below` names the edge of comments of
    an item, whose first page comes with the item. `parameters` go with each call. `path` is where the list is, if not below
    `of`. `is_optional`: the account may lack the permission for it.
    """

    fields: str
    read: Callable[[Item, "EdgeCall"], Iterable[ListedChange]]
    limit: int = 25
    below: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    path: str | None = None
    is_optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeCall:
    """One call that is to be made: an edge of an object, after a position in its list. `known` is what else is known of the object."""

    edge: str
    of: str
    after: str | None = None
    known: Item = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What is still to be asked (`todo`); everything published until `since` is known, and until `until` after this walk.

    `own` is the platform's id of the account: the cursor of another account is of no use.
    """

    own: str
    since: float | None = None
    until: float | None = None
    todo: tuple[EdgeCall, ...] = ()

    def span(self, at: datetime | None) -> tuple[float | None, float]:
        """When the walk began, whose first answer was given `at`, and from when on publications are of interest."""
        began = self.until if self.until is not None else _seconds(at)
        if self.since is not None:
            return began, self.since
        # Without a time of the platform's own, all that it lists is of interest.
        return began, began - FIRST.total_seconds() if began else 0.0


@dataclass(frozen=True, slots=True)
class CatchUp:
    """The edges of a kind of account: `roots` are those of the account itself. `subject` is the `object` of its webhooks."""

    subject: str
    roots: tuple[str, ...]
    edges: Mapping[str, Edge]

    async def poll(self, api: GraphApi, cursor: str | None) -> PollResult:
        """Make the next call of the walk. Raises as `Polls.poll`."""
        walk = self._current(api.scope.own_id, cursor)
        call, *rest = walk.todo
        page = await self._read(api, call)
        began, since = walk.span(page.at)
        found = [one for item in dicts(page.body.get("data")) for one in self.edges[call.edge].read(item, call)]
        news = sorted((one for one in found if one.at.timestamp() >= since), key=lambda one: one.at)
        todo = (*self._deeper(call, page.body, since), *self._next_page(call, page.body, since, began), *rest)
        after = replace(walk, since=since, until=began, todo=todo)
        if not todo and began is not None:
            after = replace(after, since=began - OVERLAP.total_seconds(), until=None)
        bodies = [self._body(walk.own, one) for one in news]
        return PollResult(bodies, orjson.dumps(asdict(after)).decode(), has_more=bool(todo))

    def _current(self, own: str, cursor: str | None) -> Walk:
        """The walk that goes on, or the next one."""
        walk = _read_cursor(cursor) if cursor else None
        known = walk if walk is not None and walk.own == own else Walk(own=own)
        todo = tuple(call for call in known.todo if call.edge in self.edges)
        return replace(known, todo=todo or tuple(EdgeCall(edge=name, of=own) for name in self.roots))

    async def _read(self, api: GraphApi, call: EdgeCall) -> GraphAnswer:
        edge = self.edges[call.edge]
        position = {"after": call.after} if call.after else {}
        parameters = {"fields": edge.fields, "limit": str(edge.limit), **edge.parameters, **position}
        path = edge.path or f"{call.of}/{call.edge}"
        try:
            return await api.page(f"{path}?{urlencode(parameters)}", VERDICTS)
        except PermanentSendError as error:
            # A post that is gone has no comments, and what the app may not read has to be left out.
            if error.code not in {"not_found", "not_readable"}:
                raise
            if edge.is_optional or call.of != api.scope.own_id:
                return GraphAnswer({})
            raise PermanentSendError(error.code, f"{error}. {ADVICE}", error.status) from None

    def _deeper(self, call: EdgeCall, body: Item, since: float) -> Iterable[EdgeCall]:
        """The further pages of comments below the items of this page."""
        below = self.edges[call.edge].below
        for item in dicts(body.get("data")) if below else ():
            listed, identity = as_dict(item.get(str(below))), as_platform_id(item.get("id"))
            after = _after(listed)
            if identity is not None and below is not None and after and _reaches(listed, since):
                known: Item = {name: value for name, value in item.items() if name in POST_FIELDS}
                yield EdgeCall(edge=below, of=identity, after=after, known=known)

    def _next_page(self, call: EdgeCall, body: Item, since: float, began: float | None) -> Iterable[EdgeCall]:
        # New comments may stand below posts of before.
        has_comments = self.edges[call.edge].below is not None
        oldest = min(since, began - MAX_POST_AGE.total_seconds()) if has_comments and began else since
        after = _after(body)
        return (replace(call, after=after),) if after and _reaches(body, oldest) else ()

    def _body(self, own: str, found: ListedChange) -> bytes:
        changes: list[Json] = [{"field": found.field, "value": found.value}]
        return body_of(self.subject, own, int(found.at.timestamp()), {"changes": changes})


VERDICTS: Verdicts = {
    33: refused("not_found"),
    100: refused("not_readable"),
    10: refused("not_readable"),
    **dict.fromkeys(range(200, 300), refused("not_readable")),
}


def published_at(item: Item) -> datetime | None:
    """When an item was published; of a chat, its last message."""
    return next((at for name in TIMES if (at := instant(item.get(name))) is not None), None)


def _after(listed: Item) -> str | None:
    """The position of the next page; None on the last one."""
    paging = as_dict(listed.get("paging"))
    return as_str(as_dict(paging.get("cursors")).get("after")) if as_str(paging.get("next")) else None


def _reaches(listed: Item, since: float) -> bool:
    """Whether the page after this one may have something from then on."""
    times = [at.timestamp() for item in dicts(listed.get("data")) if (at := published_at(item)) is not None]
    return bool(times) and min(times) >= since


def _seconds(at: datetime | None) -> float | None:
    return at.astimezone(UTC).timestamp() if at is not None else None


def _read_cursor(cursor: str) -> Walk | None:
    """The walk of a cursor; None for what is none of ours."""
    try:
        read = as_dict(read_json(cursor.encode()))
    except ValueError:
        return None
    steps = (_edge_call(step) for step in dicts(read.get("todo")))
    return Walk(
        own=as_str(read.get("own")) or "",
        since=number(read.get("since")),
        until=number(read.get("until")),
        todo=tuple(step for step in steps if step is not None),
    )


def _edge_call(step: Item) -> EdgeCall | None:
    edge, of = as_str(step.get("edge")), as_str(step.get("of"))
    if edge is None or of is None:
        return None
    return EdgeCall(edge=edge, of=of, after=as_str(step.get("after")), known=as_dict(step.get("known")))
