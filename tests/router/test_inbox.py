"""The lists of an agent's inbox: every view in every order against the obvious model, and over REST."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.activity import Attachment
from schemas.conversation import Author, Status
from schemas.values import EncryptedText, instant_text
from services.domain.conversation_state import Contact, ConversationState, OpenClock
from services.domain.inbox import InboxSort, InboxView, first_due, unanswered_since, with_keys
from services.domain.lifecycle import STATUSES, is_open, is_queued, is_resolved, is_with_agent
from services.domain.response_tracking import CustomerMessages, ResponseTracking
from services.domain.viewer import Viewer, agent_viewer
from services.platform.http.problems import UnprocessableContent
from services.platform.store.port import Changes, Key, Put, Store
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.records.mentions import MENTIONS, mentions_of
from services.router.inbox import count_views, is_in_view, read_inbox, views_of
from services.router.inbox_rows import PREVIEW_LENGTH, preview
from tests.contracts.stores import MONGO, SQLITE, StoreSite
from tests.examples import examples
from tests.fakes import START, MemoryStore
from tests.live_servers.server import Server
from tests.rest import Rest, open_rest, problem_of
from tests.router.test_bound_callers import bound_key, put_agent

VIEWS: tuple[InboxView, ...] = get_args(InboxView)
SORTS: tuple[InboxSort, ...] = get_args(InboxSort)
INBOX = "/v1/workspaces/shop/inbox"


def case(identity: str, status: Status = "assigned", minute: int = 0, **given: Any) -> ConversationState:
    known = ConversationState(
        id=identity,
        workspace="shop",
        status=status,
        channel="telegram",
        account="main",
        surface="private",
        person=f"telegram:main:{identity}",
        key=f"shop/telegram:main:{identity}",
        team="default",
        opened_at=START,
        updated_at=START,
        last_at=START + timedelta(minutes=minute),
    )
    return with_keys(replace(known, **given))


def waits(minute: int) -> ResponseTracking:
    return ResponseTracking(run=1, log=(CustomerMessages(START + timedelta(minutes=minute), 1, "m1"),))


def due(minute: int) -> dict[str, OpenClock]:
    return {"resolution": OpenClock(run=1, due_at=START + timedelta(minutes=minute), state="running")}


async def put_cases(store: Store, cases: Sequence[ConversationState]) -> None:
    puts = [Put(Key(CONVERSATIONS.name, one.id), one) for one in cases]
    found = [Put(Key(MENTIONS.name, i), mention) for one in cases for i, mention in mentions_of(one).items()]
    await store.commit(Changes(puts=[*puts, *found]))


async def all_ids(store: Store, viewer: Viewer, view: InboxView, sort: InboxSort, limit: int) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await read_inbox(store, "shop", viewer, view, sort, limit=limit, cursor=cursor)
        found += [one.id for one in page.cases]
        assert len(page.cases) == limit or page.next is None, "no page is short but the last"
        cursor = page.next
        if cursor is None:
            return found


# -- against a model ---------------------------------------------------------------------------------------------------

TEAMS = ("default", "billing", "other")
minutes = st.integers(0, 3)
any_case: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    status=st.sampled_from(STATUSES),
    team=st.sampled_from(TEAMS),
    agent=st.sampled_from(["sara", "reza", None]),
    minute=minutes,
    response_tracking=st.one_of(st.just(ResponseTracking()), minutes.map(waits)),
    clocks=st.one_of(st.just({}), minutes.map(due)),
    mentioned=st.sampled_from([{}, {"sara": "n1"}, {"reza": "n1"}, {"sara": "n1", "reza": "n2"}]),
    snoozed_until=st.sampled_from([None, None, START]),
    workspace=st.sampled_from(["shop", "shop", "shop", "elsewhere"]),
)
any_viewer = st.builds(
    agent_viewer,
    st.just("sara"),
    st.sets(st.sampled_from(TEAMS[:2])).map(frozenset),
    is_lead=st.booleans(),
    visibility=st.sampled_from(["team", "own"]),
)


def in_view(view: InboxView, viewer: Viewer, one: ConversationState) -> bool:
    """What the documentation says of each view, one conversation at a time."""
    is_mine, is_teams = one.agent == viewer.agent, one.team in viewer.teams
    rests = one.snoozed_until is not None and (is_with_agent(one.status) or is_queued(one.status))
    shown = is_mine if viewer.own_only and not is_queued(one.status) else is_teams
    return (
        one.workspace == "shop"
        and {
            "mine": is_mine and is_with_agent(one.status) and not rests,
            "waiting": is_teams and is_queued(one.status) and not rests,
            "team": shown and is_open(one.status),
            "done": shown and is_resolved(one.status),
            "snoozed": rests and (is_mine if is_with_agent(one.status) else is_teams),
            "mentions": viewer.agent in one.mentioned and viewer.can_see(one),
        }[view]
    )


def expected(cases: Sequence[ConversationState], view: InboxView, viewer: Viewer, sort: InboxSort) -> list[str]:
    late = START + timedelta(days=365)

    def newest(one: ConversationState) -> Any:
        return -(one.last_at or one.opened_at).timestamp()

    def waiting(one: ConversationState) -> Any:
        since = unanswered_since(one)
        return since is None, since or one.last_at

    def by_due(one: ConversationState) -> Any:
        first = first_due(one)
        return first is None, first.clock.due_at if first else late, waiting(one) if first is None else ()

    key = {"newest": newest, "waiting": waiting, "due": by_due}[sort]
    chosen = [one for one in cases if in_view(view, viewer, one)]
    return [one.id for one in sorted(chosen, key=lambda one: (key(one), one.id))]


@given(facts=st.lists(any_case, max_size=25), viewer=any_viewer, limit=st.integers(1, 6))
@settings(examples(60), suppress_health_check=[HealthCheck.too_slow])
async def test_every_view_in_every_order_is_that_of_the_model(
    facts: list[dict[str, Any]], viewer: Viewer, limit: int
) -> None:
    cases = [case(f"c{n:02d}", **one) for n, one in enumerate(facts)]
    store = MemoryStore(CONVERSATIONS, PERSONS, MESSAGES, MENTIONS)
    await put_cases(store, cases)
    counts = await count_views(store, "shop", viewer)
    for view in VIEWS:
        for sort in SORTS:
            found = await all_ids(store, viewer, view, sort, limit)
            assert found == expected(cases, view, viewer, sort), (view, sort)
            assert len(found) == counts[view]
        listed = set(expected(cases, view, viewer, "newest"))
        of_shop = [one for one in cases if one.workspace == "shop"]
        assert {one.id for one in of_shop if is_in_view(view, viewer, one)} == listed
        assert all(viewer.can_see(one) for one in of_shop if one.id in listed)
        assert {one.id for one in of_shop if view in views_of(viewer, one)} == listed


@pytest.fixture(params=["sqlite", pytest.param("mongo", marks=pytest.mark.live)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "mongo":
        server: Server = request.getfixturevalue("mongo_server")
        site = StoreSite(MONGO, urlsplit(server.url)._replace(path=f"/inbox-{uuid4().hex}").geturl())
    else:
        site = StoreSite(SQLITE, str(tmp_path / "pasokh.db"))
    async with site.open() as opened:
        await opened.prepare([CONVERSATIONS, PERSONS, MESSAGES, MENTIONS])
        yield opened


async def test_real_stores_give_the_same_lists_after_each_of_many_changes(store: Store) -> None:
    viewer = agent_viewer("sara", frozenset(TEAMS[:2]), is_lead=False, visibility="own")
    cases: dict[str, ConversationState] = {}
    for n in range(60):
        one = case(
            f"c{n % 20:02d}",
            STATUSES[n % 7],
            n % 4,
            team=TEAMS[n % 3],
            agent=("sara", "reza", None)[n % 4 % 3],
            response_tracking=waits(n % 5) if n % 2 else ResponseTracking(),
            clocks=due(n % 6) if n % 3 else {},
            mentioned={"sara": "n1"} if n % 20 % 3 else {},
        )
        cases[one.id] = one
        await put_cases(store, [one])
        if n % 10 == 9:
            counts = await count_views(store, "shop", viewer)
            for view, sort in product(VIEWS, SORTS):
                found = await all_ids(store, viewer, view, sort, 3)
                assert found == expected(list(cases.values()), view, viewer, sort), (n, view, sort)
                assert len(found) == counts[view]


# -- over REST ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        put_agent(opened, "sara")
        put_agent(opened, "reza", teams=("billing",))
        yield opened


def put_case(rest: Rest, one: ConversationState) -> None:
    rest.store.insert(CONVERSATIONS, one.id, one)
    for identity, mention in mentions_of(one).items():
        rest.store.insert(MENTIONS, identity, mention)


def put_words(rest: Rest, identity: str, conversation: str, text: str | None, **more: Any) -> None:
    author = more.pop("author", Author(kind="customer", id="telegram:main:7", name="Neda"))
    record = MessageRecord(
        id=identity,
        conversation=conversation,
        direction=more.pop("direction", "inbound"),
        surface="private",
        channel="telegram",
        author=author,
        text=EncryptedText(text=text) if text is not None else None,
        received_at=START,
        state="received",
        workspace="shop",
        key=f"shop/telegram:main:{conversation}",
        order=identity,
        **more,
    )
    rest.store.insert(MESSAGES, identity, record)


def put_customer(rest: Rest, conversation: str, name: str) -> None:
    key = f"shop/telegram:main:{conversation}"
    person = Contact(key=key, workspace="shop", person=f"telegram:main:{conversation}", name=name, seen_at=START)
    rest.store.insert(PERSONS, key, person)


async def test_a_row_says_who_wrote_what_and_what_is_due(rest: Rest) -> None:
    put_customer(rest, "c1", "Neda")
    put_words(rest, "m1", "c1", "  Where is\nmy   order? ")
    put_case(
        rest,
        case("c1", agent="sara", last_message="m1", failed_answer="m0", response_tracking=waits(2), clocks=due(9)),
    )
    answer = await rest.request("GET", INBOX, authorization=await bound_key(rest))
    assert answer.status_code == 200, answer.text
    (row,) = answer.json()["items"]
    assert (row["id"], row["status"], row["agent"], row["customer"]) == ("c1", "assigned", "sara", {"name": "Neda"})
    assert row["last"] == {
        "id": "m1",
        "direction": "inbound",
        "author": {"kind": "customer", "id": "telegram:main:7", "name": "Neda"},
        "at": instant_text(START),
        "preview": "Where is my order?",
    }
    assert row["unanswered_since"] is not None
    assert (row["due"]["metric"], row["due"]["state"], row["failed"]) == ("resolution", "running", "m0")


async def test_a_row_of_a_picture_without_words_and_of_nobody_who_wrote(rest: Rest) -> None:
    put_words(rest, "m1", "c1", None, attachments=[Attachment(kind="image", platform_id="p1")])
    put_case(rest, case("c1", agent="sara", last_message="m1"))
    put_case(rest, case("c2", agent="sara", minute=1))
    answer = await rest.request("GET", f"{INBOX}?agent=sara&sort=newest")
    rows = answer.json()["items"]
    assert [row["id"] for row in rows] == ["c2", "c1"]
    assert rows[0]["last"] is None
    assert rows[1]["last"]["preview"] is None
    assert [row["due"] for row in rows] == [row["unanswered_since"] for row in rows] == [None, None]


async def test_rows_are_in_the_order_of_their_order(rest: Rest) -> None:
    for n in range(12):
        put_case(
            rest,
            case(
                f"c{n}",
                agent="sara",
                minute=n % 4,
                response_tracking=waits(n % 3) if n % 2 else ResponseTracking(),
                clocks=due(n % 5) if n % 3 else {},
            ),
        )
    for sort in SORTS:
        rows = (await rest.request("GET", f"{INBOX}?agent=sara&sort={sort}")).json()["items"]
        orders = [row["order"] for row in rows]
        assert len(orders) == 12
        assert orders == sorted(orders), sort


async def test_pages_go_on_by_their_cursor_and_take_no_other(rest: Rest) -> None:
    for n in range(5):
        put_case(rest, case(f"c{n}", agent="sara", minute=n))
    first = (await rest.request("GET", f"{INBOX}?agent=sara&limit=3&sort=newest")).json()
    second = (await rest.request("GET", f"{INBOX}?agent=sara&limit=3&sort=newest&cursor={first['next']}")).json()
    assert [row["id"] for row in (*first["items"], *second["items"])] == ["c4", "c3", "c2", "c1", "c0"]
    assert second["next"] is None
    for other in ("sort=due", "sort=newest&view=team", "sort=newest&q=c"):
        problem_of(await rest.request("GET", f"{INBOX}?agent=sara&cursor={first['next']}&{other}"), 422)


async def test_a_search_looks_at_names_persons_and_ids(rest: Rest) -> None:
    for name, conversation in (("Neda Ahmadi", "c1"), ("نِدا", "c2"), ("Omid", "c3"), ("کریم tel 4", "c4")):
        put_customer(rest, conversation, name)
        put_case(rest, case(conversation, agent="sara", subject="Refund" if conversation == "c3" else None))
    for words, found in (
        ("ahmadi", ["c1"]),
        ("main:c2", ["c2"]),
        ("C3", ["c3"]),
        ("refund", ["c3"]),
        ("nobody", []),
        ("ندا", ["c2"]),
        ("كريم", ["c4"]),
        ("tel ۴", ["c4"]),
    ):
        answer = await rest.request("GET", f"{INBOX}?agent=sara&sort=newest&q={words}")
        assert [row["id"] for row in answer.json()["items"]] == found, words
    problem_of(await rest.request("GET", f"{INBOX}?agent=sara&q=\u064b"), 422)


async def test_whose_inbox_it_is(rest: Rest) -> None:
    put_case(rest, case("c1", agent="sara"))
    put_case(rest, case("c2", agent="reza", team="billing"))
    sara = await bound_key(rest)
    for path in (INBOX, f"{INBOX}/counts"):
        problem_of(await rest.request("GET", f"{path}?agent=reza", authorization=sara), 403)
        problem_of(await rest.request("GET", path), 422)
        problem_of(await rest.request("GET", f"{path}?agent=nobody"), 422)
    mine = (await rest.request("GET", INBOX, authorization=sara)).json()["items"]
    others = (await rest.request("GET", f"{INBOX}?agent=reza")).json()["items"]
    assert ([row["id"] for row in mine], [row["id"] for row in others]) == (["c1"], ["c2"])


async def test_counts_name_every_view(rest: Rest) -> None:
    put_case(rest, case("c1", agent="sara"))
    put_case(rest, case("c2", "waiting"))
    put_case(rest, case("c3", "resolved", agent="reza"))
    put_case(rest, case("c4", "waiting", team="billing"))
    answer = await rest.request("GET", f"{INBOX}/counts?agent=sara")
    assert answer.json() == {"mine": 1, "waiting": 1, "team": 2, "snoozed": 0, "mentions": 0, "done": 1}


async def test_a_cursor_of_something_else_is_refused() -> None:
    store = MemoryStore(CONVERSATIONS)
    viewer = agent_viewer("sara", frozenset(), is_lead=False, visibility="team")
    with pytest.raises(UnprocessableContent):
        await read_inbox(store, "shop", viewer, "mine", "due", limit=1, cursor="x")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("one", "one"),
        ("a" * PREVIEW_LENGTH, "a" * PREVIEW_LENGTH),
        ("a" * 141, "a" * 139 + "…"),
        # No character is torn: a flag is two code points, a family several.
        ("a" * 138 + "🇩🇪🇩🇪", "a" * 138 + "…"),
        (" \n ".join(["word"] * 100), ("word " * 100)[:139] + "…"),
    ],
)
def test_a_preview_is_one_line_of_at_most_140_characters(text: str, shown: str) -> None:
    assert preview(text) == shown
    assert len(preview(text)) <= PREVIEW_LENGTH
