"""Lists of conversations on every store: any filters, any order, any page size, and words that were said."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from schemas.conversation import Author, Status
from schemas.values import EncryptedText
from services.domain.conversation_state import ConversationState
from services.domain.viewer import UNRESTRICTED, Viewer
from services.platform.http.problems import CommandRejected, UnprocessableContent
from services.platform.store.codec import encode
from services.platform.store.port import Changes, Collection, Key, Put, Store
from services.records.conversations import CONVERSATIONS, MESSAGES, MessageRecord
from services.router import lists
from services.router.lists import list_page
from services.router.views import ConversationQuery, Sort
from tests.contracts.stores import MONGO, SQLITE, StoreSite
from tests.examples import SHARE
from tests.fakes import START, MemoryStore
from tests.live_servers.server import Server

MEMORY = "memory"
STATUSES = get_args(Status)
LISTED: list[Collection[Any]] = [CONVERSATIONS, MESSAGES]


@pytest.fixture(params=[MEMORY, SQLITE, pytest.param(MONGO, marks=pytest.mark.live)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == MEMORY:
        memory = MemoryStore()
        await memory.prepare(LISTED)
        yield memory
        return
    if request.param == MONGO:
        server: Server = request.getfixturevalue("mongo_server")
        site = StoreSite(MONGO, urlsplit(server.url)._replace(path=f"/lists-{uuid4().hex}").geturl())
    else:
        site = StoreSite(SQLITE, str(tmp_path / "pasokh.db"))
    async with site.open() as opened:
        await opened.prepare(LISTED)
        yield opened


def case(identity: str, opened: float = 0, **given: Any) -> ConversationState:
    at = START + timedelta(seconds=opened)
    known: dict[str, Any] = {
        "workspace": "shop",
        "status": "assigned",
        "channel": "telegram",
        "account": "main",
        "surface": "private",
        "person": "telegram:main:7",
        "team": "default",
        "agent": "sara",
        "key": "shop/telegram:main:7",
        "opened_at": at,
        "updated_at": at,
        "queued_at": at,
    }
    return CONVERSATIONS.decode({"id": identity, **known, **given})


def message(identity: str, conversation: str, text: str | None) -> MessageRecord:
    return MessageRecord(
        id=identity,
        conversation=conversation,
        direction="inbound",
        surface="private",
        channel="telegram",
        author=Author(kind="customer", id="telegram:main:7"),
        text=EncryptedText(text=text) if text is not None else None,
        received_at=START,
        state="received",
        workspace="shop",
        key="shop/telegram:main:7",
        order=identity,
    )


async def put_records(store: Store, *records: ConversationState | MessageRecord) -> None:
    kind = {ConversationState: CONVERSATIONS.name, MessageRecord: MESSAGES.name}
    await store.commit(Changes(puts=[Put(Key(kind[type(one)], one.id), encode(one)) for one in records]))


async def all_ids(store: Store, viewer: Viewer = UNRESTRICTED, **asked: Any) -> list[str]:
    """The ids of all pages, each page no longer than asked for."""
    found: list[str] = []
    given = ConversationQuery(**asked)
    while True:
        page = await list_page(store, "shop", given, viewer)
        assert len(page.items) <= given.limit
        found += [one.id for one in page.items]
        if page.next is None:
            return found
        given = given.model_copy(update={"cursor": page.next})


@pytest.fixture
async def town(store: Store) -> list[ConversationState]:
    """Forty conversations of all kinds, many of them of the same moment."""
    chance = random.Random(7)
    made = [
        case(
            f"c{number:02}",
            chance.randrange(8),
            status=chance.choice(STATUSES),
            team=chance.choice(["default", "billing"]),
            agent=chance.choice(["sara", "omar", None]),
            channel=chance.choice(["telegram", "api", "webchat"]),
            surface=chance.choice(["private", "public"]),
            sensitive=chance.random() < 0.3,
            updated_at=START + timedelta(seconds=chance.randrange(12)),
            queued_at=chance.choice([None, START, START + timedelta(seconds=chance.randrange(9))]),
        )
        for number in range(40)
    ]
    await put_records(store, *made, case("other", 1, workspace="elsewhere"))
    return made


REQUESTS: list[dict[str, Any]] = [
    {},
    {"status": ["waiting", "assigned"]},
    {"status": ["waiting", "waiting", "pending", "closed"], "channel": ["api", "webchat"]},
    {"agent": ["sara", "omar"], "team": ["billing"]},
    {"agent": ["sara", "omar", "nobody"], "surface": ["public"], "sensitive": [True, False]},
    {"updated_since": START + timedelta(seconds=6)},
    {"updated_since": START + timedelta(seconds=6), "status": ["waiting", "bot"], "sensitive": [False]},
]


VIEWERS = [
    Viewer("sara", frozenset({"billing"})),
    Viewer("sara", frozenset({"billing", "default"}), own_only=True),
    Viewer("nobody", frozenset({"default"}), own_only=True),
    Viewer("omar", frozenset()),
]
LIMITS = (1, 4, 200) if SHARE == 1 else (4, 200)  # pages of one item take most of the time


@pytest.mark.parametrize("sort", get_args(Sort))
@pytest.mark.parametrize("asked", REQUESTS)
async def test_every_list_is_what_a_plain_look_at_all_would_give(
    store: Store, town: list[ConversationState], asked: dict[str, Any], sort: str
) -> None:
    order = lists.Order(sort.removeprefix("-"), sort.startswith("-"))
    since = asked.get("updated_since", START)
    filters = {name: values for name, values in asked.items() if name != "updated_since"}
    fitting = [c for c in town if c.updated_at >= since and all(getattr(c, n) in v for n, v in filters.items())]
    fitting = [one for one in fitting if order.field != "queued_at" or one.queued_at is not None]
    wanted = [c.id for c in sorted(fitting, key=order.position, reverse=order.descending)]
    for limit in LIMITS:
        assert await all_ids(store, sort=sort, limit=limit, **asked) == wanted
    for viewer in VIEWERS:
        seen = {one.id for one in town if viewer.can_see(one)}
        assert await all_ids(store, viewer, sort=sort, limit=3, **asked) == [one for one in wanted if one in seen]


async def test_who_changes_between_pages_is_not_missed_by_updated_at(store: Store) -> None:
    await put_records(store, *(case(f"c{number}", number) for number in range(4)))
    first = await list_page(store, "shop", ConversationQuery(sort="updated_at", limit=2))
    await put_records(store, case("c0", 0, updated_at=START + timedelta(seconds=9)))
    rest = await all_ids(store, sort="updated_at", limit=2, cursor=first.next)
    assert ([one.id for one in first.items], rest) == (["c0", "c1"], ["c2", "c3", "c0"])


async def test_the_longest_waiting_come_first(store: Store) -> None:
    waiting = {"status": "waiting", "agent": None}
    await put_records(store, case("late", 1, **waiting), case("early", 2, queued_at=START, **waiting), case("held", 0))
    assert await all_ids(store, status=["waiting"], sort="queued_at") == ["early", "late"]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("parcel", ["c2", "c1"]),
        ("PARCEL lost", ["c1"]),
        ("كتاب", ["c3"]),
        ("کتاب ۱۲", ["c3"]),
        ("12", ["c3"]),
        ("100%", ["c4"]),
        (".*", []),
        ("hidden", []),
    ],
)
async def test_words_are_found_in_what_was_said(store: Store, q: str, found: list[str]) -> None:
    await put_records(
        store,
        *(case(f"c{number}", number) for number in range(1, 5)),
        message("m1", "c1", "My Parcel is lost"),
        message("m2", "c2", "another parcel"),
        message("m3", "c2", "was lost on the way"),
        message("m4", "c3", "کتاب‌ها ۱۲ تا"),
        message("m5", "c4", "100% sure"),
        message("m6", "c4", None),
        case("x", 9, workspace="elsewhere"),
        message("m7", "x", "hidden"),
    )
    assert await all_ids(store, q=q, limit=1) == found


async def test_a_search_that_finds_little_ends_its_page_and_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "SEARCH_SCAN_LIMIT", 3)
    await put_records(store, *(case(f"c{number}", number) for number in range(10)), message("m", "c0", "parcel"))
    first = await list_page(store, "shop", ConversationQuery(q="parcel"))
    assert (first.items, first.next is None) == ([], False)
    assert await all_ids(store, q="parcel") == ["c0"]


async def test_a_cursor_fits_its_own_list_alone(store: Store) -> None:
    await put_records(store, *(case(f"c{number}", number) for number in range(3)))
    page = await list_page(store, "shop", ConversationQuery(limit=1))
    for other in ({"sort": "updated_at"}, {"status": ["assigned"]}, {"q": "x"}, {"updated_since": START}):
        with pytest.raises(UnprocessableContent):
            await list_page(store, "shop", ConversationQuery(cursor=page.next, **other))
    with pytest.raises(UnprocessableContent):
        await list_page(store, "elsewhere", ConversationQuery(cursor=page.next))
    again = await list_page(store, "shop", ConversationQuery(limit=2, cursor=page.next))
    assert [one.id for one in again.items] == ["c1", "c0"]


async def test_a_search_for_no_word_is_refused(store: Store) -> None:
    with pytest.raises(CommandRejected, match="no word"):
        await list_page(store, "shop", ConversationQuery(q="\u200c"))
