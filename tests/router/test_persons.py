"""The list of persons over REST: found by whatever is known of them, in pages, and only as far as the caller may see them."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from schemas.activity import PersonIdentity
from services.domain.conversation_state import Contact
from services.domain.customer_state import GraphReference, IdentityGraph, ProvenName
from services.records.conversations import CONVERSATIONS, PERSONS
from services.records.customers import IDENTITY_GRAPHS, IDENTITY_REFERENCES, reference_id
from tests.fakes import START
from tests.rest import Rest, open_rest, problem_of
from tests.router.test_bound_callers import SHOP, bound_key, put_agent
from tests.router.test_routes import conversation

CHAT, MAIL, NUMBER = "telegram:main:4711", "email:support:sara@example.com", "whatsapp:main:37120000001"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a person, and with which team their conversations are, opened in these minutes."""

    person: str
    team: str
    minutes: tuple[int, ...]
    known: dict[str, Any]


PEOPLE = (
    Known(CHAT, "support", (1, 7), {"name": "Sara Ahmadi", "identities": [{"kind": "username", "value": "saraa"}]}),
    Known(MAIL, "billing", (2,), {"name": "S. Ahmadi", "email": "sara@example.com"}),
    Known(NUMBER, "billing", (3, 5), {"name": "علي كريمي", "phone": "+371 20 000 001"}),
    Known("telegram:main:9", "support", (4,), {"name": "Jānis"}),
)


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        for team in ("support", "billing"):
            await opened.request("PUT", f"{SHOP}/teams/{team}", {"name": team})
        put_agent(opened, "sara", teams=("support",))
        for one in PEOPLE:
            put_person(opened, one)
        yield opened


def put_person(rest: Rest, one: Known) -> None:
    identities = [PersonIdentity.model_validate(identity) for identity in one.known.get("identities", [])]
    contact = Contact(
        **{
            "key": f"shop/{one.person}",
            "workspace": "shop",
            "person": one.person,
            "seen_at": START + timedelta(minutes=max(one.minutes)),
            **one.known,
            "identities": identities,
        }
    )
    rest.store.insert(PERSONS, contact.key, contact)
    for minute in one.minutes:
        case = conversation(
            f"c{minute}", minute, person=one.person, key=contact.key, team=one.team, agent="reza", channel="telegram"
        )
        rest.store.insert(CONVERSATIONS, case.id, case)


def prove(rest: Rest, kind: Any, value: str, *persons: str) -> None:
    """These persons proved a name."""
    names = [ProvenName(kind=kind, value=value, at=START, source="a1")]
    rest.store.insert(
        IDENTITY_GRAPHS, f"g-{value}", IdentityGraph(workspace="shop", names=dict.fromkeys(persons, names))
    )
    reference = GraphReference(workspace="shop", graph=f"g-{value}")
    rest.store.insert(IDENTITY_REFERENCES, reference_id("shop", kind, value), reference)


async def persons(rest: Rest, query: str = "", **options: Any) -> list[str]:
    answer = await rest.request("GET", f"{SHOP}/persons{query}", **options)
    assert answer.status_code == 200, answer.text
    return [one["person"] for one in answer.json()["items"]]


def sought(text: str) -> str:
    return f"?q={text.replace('+', '%2B').replace(' ', '%20').replace('@', '%40')}"


async def test_persons_are_listed_once_whose_latest_conversation_is_newest_first(rest: Rest) -> None:
    assert await persons(rest) == [CHAT, NUMBER, "telegram:main:9", MAIL]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ahmadi", [CHAT, MAIL]),
        ("SARAA", [CHAT]),
        ("sara@example", [MAIL]),
        ("4711", [CHAT]),
        ("علی کریمی", [NUMBER]),
        ("janis", []),
        ("jānis", ["telegram:main:9"]),
        ("+371 2000-0001", [NUMBER]),
        ("٢٠٠٠٠٠٠١", [NUMBER]),
        ("nobody", []),
    ],
)
async def test_search_finds_by_name_address_number_and_id(rest: Rest, text: str, found: list[str]) -> None:
    assert await persons(rest, sought(text)) == found


async def pages(rest: Rest, query: str, limit: int) -> Iterator[list[str]]:
    found, cursor = [], ""
    while True:
        page = (await rest.request("GET", f"{SHOP}/persons{query}limit={limit}{cursor}")).json()
        found.append([one["person"] for one in page["items"]])
        if page["next"] is None:
            return iter(found)
        cursor = f"&cursor={page['next']}"


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_pages_have_everybody_once(rest: Rest, limit: int) -> None:
    prove(rest, "phone", "+37120000001", CHAT, NUMBER, MAIL)
    listed = [person for page in await pages(rest, "?", limit) for person in page]
    assert listed == [CHAT, NUMBER, "telegram:main:9", MAIL]
    # Who proved the number is found although nothing that is shown of them has it.
    found = [person for page in await pages(rest, f"{sought('+37120000001')}&", limit) for person in page]
    assert found == [CHAT, NUMBER, MAIL]


async def test_exact_finds_come_first_however_old_they_are(rest: Rest) -> None:
    prove(rest, "email", "sara@example.com", MAIL)
    put_person(rest, Known("telegram:main:10", "support", (9,), {"name": "not sara@example.com"}))
    assert await persons(rest, sought("sara@example.com")) == [MAIL, "telegram:main:10"]
    assert await persons(rest, sought(MAIL)) == [MAIL]


async def test_agent_finds_whom_they_may_see(rest: Rest) -> None:
    prove(rest, "email", "sara@example.com", CHAT, MAIL)
    sara = await bound_key(rest, "sara")
    assert await persons(rest, authorization=sara) == [CHAT, "telegram:main:9"]
    for text in ("ahmadi", "sara@example.com"):
        assert await persons(rest, sought(text), authorization=sara) == [CHAT]
    assert await persons(rest, sought(MAIL), authorization=sara) == []


async def test_cursor_belongs_to_its_search(rest: Rest) -> None:
    first = (await rest.request("GET", f"{SHOP}/persons?limit=1")).json()
    for query in ("?cursor=abc", f"?q=ahmadi&cursor={first['next']}"):
        problem_of(await rest.request("GET", f"{SHOP}/persons{query}"), 422)


async def test_search_for_nothing_is_refused(rest: Rest) -> None:
    problem_of(await rest.request("GET", f"{SHOP}/persons?q=%E2%80%8B"), 422)
