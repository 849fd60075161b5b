"""The contract of the store port: pages of documents by a declared index."""

import base64
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.values import Json
from services.platform.store.port import Changes, Document, Key, Put, Query, Store
from tests.contracts.sample_collection import THINGS, put, thing

many_examples = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def ids(store: Store, query: Query) -> list[str]:
    """Every id, page after page."""
    found: list[str] = []
    while True:
        page = await store.query(query)
        assert len(page.items) <= query.limit
        found += [identity for identity, _ in page.items]
        if page.next is None:
            return found
        query = _after(query, page.next)


def _after(query: Query, cursor: str | None) -> Query:
    return Query(
        query.collection, query.index, query.equals, query.at_least, query.below, query.descending, query.limit, cursor
    )


async def _keep(store: Store, documents: Sequence[Document]) -> None:
    await store.commit(Changes(puts=[Put(thing(f"{n:02}"), document) for n, document in enumerate(documents)]))


def _named(numbers: Sequence[int]) -> list[str]:
    return [f"thing-{n:02}" for n in numbers]


async def test_an_empty_collection_has_an_empty_page(store: Store) -> None:
    page = await store.query(Query(THINGS.name, "at"))
    assert (page.items, page.next) == ([], None)


async def test_documents_come_whole_in_the_order_of_the_index(store: Store) -> None:
    await _keep(store, [{"at": "c", "x": 1}, {"at": "a", "x": [2]}, {"at": "b"}])
    page = await store.query(Query(THINGS.name, "at"))
    assert page.items == [
        ("thing-01", {"at": "a", "x": [2]}),
        ("thing-02", {"at": "b"}),
        ("thing-00", {"at": "c", "x": 1}),
    ]


async def test_equal_values_are_ordered_by_id(store: Store) -> None:
    await _keep(store, [{"at": "a"}] * 7)
    assert await ids(store, Query(THINGS.name, "at", limit=3)) == _named(range(7))
    assert await ids(store, Query(THINGS.name, "at", limit=3, descending=True)) == _named(range(7))[::-1]


async def test_texts_are_ordered_by_code_point(store: Store) -> None:
    values = ["آ", "B", "a", "ی", "ā", "ب", "😀", "", "10", "9"]
    await _keep(store, [{"at": value} for value in values])
    wanted = [f"thing-{values.index(value):02}" for value in sorted(values)]
    assert await ids(store, Query(THINGS.name, "at", limit=4)) == wanted


async def test_a_page_that_is_just_full_is_the_last(store: Store) -> None:
    await _keep(store, [{"at": "a"}] * 3)
    assert (await store.query(Query(THINGS.name, "at", limit=3))).next is None
    assert (await store.query(Query(THINGS.name, "at", limit=2))).next is not None


async def test_dotted_fields_are_indexed(store: Store) -> None:
    await _keep(store, [{"place": {"city": "ری"}, "at": "2"}, {"place": {"city": "ری"}, "at": "1"}, {"place": {}}, {}])
    assert await ids(store, Query(THINGS.name, "city", {"place.city": "ری"})) == _named([1, 0])
    assert await ids(store, Query(THINGS.name, "city", {"place.city": None})) == _named([2, 3])


async def test_booleans_and_nulls_are_values_of_an_index(store: Store) -> None:
    values: list[Json] = [True, False, None, True, False]
    await _keep(store, [{"workspace": "w", "open": value, "at": "a"} for value in values])
    for value, wanted in ((True, [0, 3]), (False, [1, 4]), (None, [2])):
        assert await ids(store, Query(THINGS.name, "open", {"workspace": "w", "open": value}, limit=1)) == _named(
            wanted
        )


async def test_a_prefix_of_any_length_chooses(store: Store) -> None:
    await _keep(store, [{"workspace": w, "open": o, "at": "a"} for w in ("v", "w") for o in (False, True)])
    assert len(await ids(store, Query(THINGS.name, "open"))) == 4
    assert await ids(store, Query(THINGS.name, "open", {"workspace": "w"})) == _named([2, 3])
    assert await ids(store, Query(THINGS.name, "open", {"open": True, "workspace": "v"})) == _named([1])


async def test_bounds_include_the_lower_and_exclude_the_upper(store: Store) -> None:
    await _keep(store, [{"at": value} for value in ("a", "b", "c", "d", None)])
    assert await ids(store, Query(THINGS.name, "at", at_least="b", below="d")) == _named([1, 2])
    assert await ids(store, Query(THINGS.name, "at", at_least="c")) == _named([2, 3])
    assert await ids(store, Query(THINGS.name, "at", below="b")) == _named([0])
    assert await ids(store, Query(THINGS.name, "at", at_least="b", below="d", descending=True, limit=1)) == _named(
        [2, 1]
    )


async def test_numbers_are_ordered_as_numbers(store: Store) -> None:
    values: list[Json] = [10, 9, -1, 2.5, 0]
    await _keep(store, [{"at": value} for value in values])
    assert await ids(store, Query(THINGS.name, "at")) == _named([2, 4, 3, 1, 0])
    assert await ids(store, Query(THINGS.name, "at", at_least=0, below=10)) == _named([4, 3, 1])


async def test_nulls_come_first_and_pages_go_through_them(store: Store) -> None:
    values: list[Document] = [{"at": "b"}, {"at": None}, {}, {"at": "a"}, {"at": "a"}]
    await _keep(store, values)
    assert await ids(store, Query(THINGS.name, "at", limit=1)) == _named([1, 2, 3, 4, 0])
    assert await ids(store, Query(THINGS.name, "at", limit=1, descending=True)) == _named([0, 4, 3, 2, 1])


values_of_index = st.none() | st.sampled_from(["", "a", "b", "ب"])


@many_examples
@given(
    rows=st.lists(st.tuples(values_of_index, values_of_index), max_size=12),
    limit=st.integers(1, 5),
    descending=st.booleans(),
    chosen=st.booleans(),
)
async def test_pages_together_are_the_sorted_whole(
    store: Store, rows: list[tuple[str | None, str | None]], limit: int, descending: bool, chosen: bool
) -> None:
    every = [thing(f"{n:02}") for n in range(12)]
    puts = [put(every[n], place={"city": city}, at=at) for n, (city, at) in enumerate(rows)]
    await store.commit(Changes(puts=puts, deletes=every[len(rows) :]))
    equals: dict[str, Json] = {"place.city": "a"} if chosen else {}
    kept = [(city, at, every[n].id) for n, (city, at) in enumerate(rows) if not chosen or city == "a"]
    wanted = sorted(kept, key=lambda row: tuple((v is not None, v or "") for v in row), reverse=descending)
    found = await ids(store, Query(THINGS.name, "city", equals, descending=descending, limit=limit))
    assert found == [identity for _, _, identity in wanted]


@pytest.mark.parametrize("descending", [False, True])
async def test_paging_misses_nothing_while_documents_come_and_go(store: Store, descending: bool) -> None:
    await _keep(store, [{"at": f"{n:02}"} for n in range(20)])
    query = Query(THINGS.name, "at", descending=descending, limit=4)
    seen: list[str] = []
    for turn in range(100):
        page = await store.query(query)
        seen += [identity for identity, _ in page.items]
        await store.commit(
            Changes(
                puts=[put(thing(f"new-{turn}-{n}"), at=f"{n:02}") for n in (0, 10, 19)],
                deletes=[Key(THINGS.name, identity) for identity, _ in page.items],
            )
        )
        if page.next is None or turn > 20:
            break
        query = _after(query, page.next)
    assert len(seen) == len(set(seen))
    assert {name for name in seen if "new" not in name} == set(_named(range(20)))


async def test_a_changed_document_moves_in_its_index(store: Store) -> None:
    await _keep(store, [{"at": "a"}, {"at": "b"}])
    await store.commit(Changes(puts=[put(thing("00"), at="c")]))
    assert await ids(store, Query(THINGS.name, "at")) == _named([1, 0])
    assert await ids(store, Query(THINGS.name, "at", {"at": "a"})) == []


@pytest.mark.parametrize(
    "query",
    [
        Query(THINGS.name, "undeclared"),
        Query("nowhere", "at"),
        Query(THINGS.name, "city", {"at": "a"}),
        Query(THINGS.name, "city", {"place.city": "a", "undeclared": 1}),
        Query(THINGS.name, "at", {"at": "a"}, at_least="b"),
    ],
)
async def test_what_no_declared_index_answers_is_a_lookup_error(store: Store, query: Query) -> None:
    with pytest.raises(LookupError):
        await store.query(query)


async def test_a_value_cannot_be_an_operator(store: Store) -> None:
    await _keep(store, [{"at": "a"}])
    assert await ids(store, Query(THINGS.name, "at", {"at": {"$gt": ""}})) == []
    assert await ids(store, Query(THINGS.name, "at", {"at": "' OR 1 = 1 --"})) == []


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "سلام",
        "!!!!",
        "a" * 500,
        *map(_encoded, ("[]", "{}", "7", "null", "[1]", '[0,"a","b"]', "[[[[", "\x00")),
    ],
)
async def test_a_cursor_of_somebody_elses_making_is_a_value_error(store: Store, cursor: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        await store.query(Query(THINGS.name, "at", after=cursor))


async def test_a_cursor_of_another_query_is_a_value_error(store: Store) -> None:
    await _keep(store, [{"workspace": w, "kind": "k", "at": "a"} for w in ("v", "v", "w", "w")])
    cursor = (await store.query(Query(THINGS.name, "kind", {"workspace": "v"}, limit=1))).next
    assert cursor is not None
    for other_query in (
        Query(THINGS.name, "kind", {"workspace": "w"}, after=cursor),
        Query(THINGS.name, "kind", {"workspace": "v"}, descending=True, after=cursor),
        Query(THINGS.name, "at", after=cursor),
    ):
        with pytest.raises(ValueError, match="cursor"):
            await store.query(other_query)


async def test_a_cursor_fits_into_a_url(store: Store) -> None:
    await _keep(store, [{"at": "??>>~~ی"}] * 2)
    cursor = (await store.query(Query(THINGS.name, "at", limit=1))).next
    assert cursor is not None
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


async def test_a_scan_gives_every_document_by_id_once(store: Store) -> None:
    names = ["a", "b", "ب", "c/1", "z"]
    await store.commit(Changes(puts=[put(thing(name), at=1) for name in names]))
    found: list[str] = []
    while page := await store.scan(THINGS.name, found[-1] if found else "", 2):
        assert len(page) <= 2
        assert all(document == {"at": 1} for _, document in page)
        found += [identity for identity, _ in page]
    assert found == sorted(thing(name).id for name in names)


@pytest.mark.parametrize(
    "query",
    [
        Query(THINGS.name, "open"),
        Query(THINGS.name, "open", {"workspace": "w", "open": True}, limit=1),
        Query(THINGS.name, "open", {"workspace": "w", "open": None}, limit=1),
        Query(THINGS.name, "open", {"workspace": "v"}, limit=2, descending=True),
        Query(THINGS.name, "at", at_least="b", below="d", limit=1),
        Query(THINGS.name, "kind", {"workspace": "none"}),
    ],
)
async def test_a_count_is_the_number_of_documents_on_all_pages(store: Store, query: Query) -> None:
    moments = ("a", "b", "c", "d", None)
    await _keep(store, [{"workspace": w, "open": o, "at": at} for w in "vw" for o in (True, None) for at in moments])
    assert await store.count(query) == len(await ids(store, query))


async def test_a_count_of_what_no_declared_index_answers_is_a_lookup_error(store: Store) -> None:
    with pytest.raises(LookupError):
        await store.count(Query(THINGS.name, "open", {"at": "a"}))
