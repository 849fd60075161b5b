"""Customers of several persons over REST: what joins them, one timeline over all channels, and who may join and part."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from schemas.commands import CommandResult
from schemas.envelope import Event
from services.domain.conversation_state import Contact
from services.domain.customer_state import (
    CustomerRecord,
    GraphReference,
    IdentityGraph,
    Parting,
    PersonLink,
    ProvenName,
)
from services.platform.store.port import Key
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS
from services.records.customers import CUSTOMERS, IDENTITY_GRAPHS, IDENTITY_REFERENCES, reference_id
from tests.fakes import START
from tests.rest import Rest, open_rest, problem_of
from tests.router.test_bound_callers import SHOP, bound_key, put_agent
from tests.router.test_routes import conversation, message

TELEGRAM, MAIL, STRANGER = "telegram:main:1", "email:support:sara@example.com", "telegram:main:2"
CUSTOMER = f"{SHOP}/customers/cu1"


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        for team in ("support", "billing"):
            await opened.request("PUT", f"{SHOP}/teams/{team}", {"name": team})
        put_agent(opened, "sara", teams=("support",))
        put_agent(opened, "lena", teams=("support",), role="lead")
        put_agent(opened, "omid", teams=("billing",), role="lead")
        fill(opened)
        yield opened


def fill(rest: Rest) -> None:
    """A customer of two persons: on Telegram with the team support, by mail with billing; and somebody else."""
    for person, team in ((TELEGRAM, "support"), (MAIL, "billing"), (STRANGER, "billing")):
        contact = Contact(
            key=f"shop/{person}",
            workspace="shop",
            person=person,
            seen_at=START,
            customer=None if person == STRANGER else "cu1",
        )
        rest.store.insert(PERSONS, contact.key, contact)
        case = conversation(
            f"c-{team}-{person}", person=person, key=contact.key, team=team, agent="reza", channel=person.split(":")[0]
        )
        rest.store.insert(CONVERSATIONS, case.id, case)
    names = [ProvenName(kind="phone", value="+37120000001", at=START, source="a1")]
    graph = IdentityGraph(
        workspace="shop",
        names={MAIL: names, TELEGRAM: names, STRANGER: names},
        links=[PersonLink(person=MAIL, other=TELEGRAM, kind="decision", at=START, source="command", by="lena")],
        partings=[Parting(person=MAIL, other=STRANGER, at=START, by="lena")],
    )
    rest.store.insert(IDENTITY_GRAPHS, "g1", graph)
    record = CustomerRecord(workspace="shop", id="cu1", persons=[MAIL, TELEGRAM], graph="g1", updated_at=START)
    rest.store.insert(CUSTOMERS, "cu1", record)


def say(rest: Rest, person: str, team: str, number: int, minute: int) -> str:
    """A message of a person, of this number in the order of their partition."""
    identity = f"{person.split(':', maxsplit=1)[0]}-{number}"
    case = f"c-{team}-{person}"
    at = START + timedelta(minutes=minute)
    order = f"{number:012d}.000000"
    rest.store.insert(
        MESSAGES, identity, message(identity, order, conversation=case, key=f"shop/{person}", received_at=at)
    )
    return identity


async def test_customer_has_persons_evidence_conflicts_and_partings(rest: Rest) -> None:
    answer = (await rest.request("GET", CUSTOMER)).json()
    assert [person["person"] for person in answer["persons"]] == [MAIL, TELEGRAM]
    assert [(one["kind"], one["value"], one["persons"], one["by"]) for one in answer["evidence"]] == [
        ("decision", None, [MAIL, TELEGRAM], "lena"),
        ("phone", "+37120000001", [MAIL, TELEGRAM], None),
    ]
    assert {(one["reason"], *one["persons"]) for one in answer["conflicts"]} == {
        ("parted", MAIL, STRANGER),
        ("parted", TELEGRAM, STRANGER),
    }
    assert [one["persons"] for one in answer["partings"]] == [[MAIL, STRANGER]]


async def test_timeline_merges_all_channels_newest_first_and_page_by_page(rest: Rest) -> None:
    minutes = {TELEGRAM: (1, 4, 5), MAIL: (2, 3, 6)}
    for person, team in ((TELEGRAM, "support"), (MAIL, "billing")):
        for number, minute in enumerate(minutes[person]):
            say(rest, person, team, number, minute)
    expected = ["email-2", "telegram-2", "telegram-1", "email-1", "email-0", "telegram-0"]
    for limit in (1, 2, 4, 6, 50):
        found, cursor = [], ""
        while True:
            page = (await rest.request("GET", f"{CUSTOMER}/timeline?limit={limit}{cursor}")).json()
            found += [one["id"] for one in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert found == expected, limit


async def test_message_that_comes_while_pages_are_read_moves_none_of_them(rest: Rest) -> None:
    for number in range(3):
        say(rest, TELEGRAM, "support", number, number)
    first = (await rest.request("GET", f"{CUSTOMER}/timeline?limit=2")).json()
    say(rest, TELEGRAM, "support", 9, 9)
    second = (await rest.request("GET", f"{CUSTOMER}/timeline?limit=2&cursor={first['next']}")).json()
    assert [one["id"] for one in (*first["items"], *second["items"])] == ["telegram-2", "telegram-1", "telegram-0"]


async def test_cursor_of_another_list_is_refused(rest: Rest) -> None:
    problem_of(await rest.request("GET", f"{CUSTOMER}/timeline?cursor=abc"), 422)


async def test_agent_sees_what_their_teams_allow(rest: Rest) -> None:
    say(rest, TELEGRAM, "support", 0, 0)
    say(rest, MAIL, "billing", 0, 1)
    sara, omid = await bound_key(rest, "sara"), await bound_key(rest, "omid")
    for key, person in ((sara, TELEGRAM), (omid, MAIL)):
        view = (await rest.request("GET", CUSTOMER, authorization=key)).json()
        assert ([one["person"] for one in view["persons"]], view["evidence"]) == ([person], [])
        # Of whom the customer is not, agents know those whom they may see.
        conflicts = [one["persons"] for one in view["conflicts"]]
        assert conflicts == ([[MAIL, STRANGER]] if person == MAIL else [])
        assert [one["persons"] for one in view["partings"]] == conflicts
        timeline = (await rest.request("GET", f"{CUSTOMER}/timeline", authorization=key)).json()
        assert len(timeline["items"]) == 1


async def test_person_who_stands_alone_shows_what_contradicts_itself_as_far_as_it_may_be_seen(rest: Rest) -> None:
    reference = GraphReference(workspace="shop", graph="g1")
    rest.store.insert(IDENTITY_REFERENCES, reference_id("shop", "person", STRANGER), reference)

    async def conflicts(**options: str) -> list[set[str]]:
        answer = (await rest.request("GET", f"{SHOP}/persons/{STRANGER}", **options)).json()
        assert [one["persons"] for one in answer["partings"]] == [[MAIL, STRANGER]]
        return [set(one["persons"]) for one in answer["conflicts"]]

    assert await conflicts() == [{MAIL, STRANGER}, {TELEGRAM, STRANGER}]
    assert await conflicts(authorization=await bound_key(rest, "omid")) == [{MAIL, STRANGER}]
    alone = (await rest.request("GET", f"{SHOP}/persons/{TELEGRAM}")).json()
    assert (alone["conflicts"], alone["partings"]) == ([], [])


async def test_customer_of_whom_nothing_may_be_seen_does_not_exist(rest: Rest) -> None:
    put_agent(rest, "nobody", teams=("default",))
    nobody = await bound_key(rest, "nobody")
    for path in (CUSTOMER, f"{CUSTOMER}/timeline", f"{SHOP}/customers/none"):
        assert problem_of(await rest.request("GET", path, authorization=nobody), 404)["code"] == "not_found"


async def test_conversation_and_person_show_the_customer(rest: Rest) -> None:
    listed = (await rest.request("GET", f"{SHOP}/conversations?person={MAIL}&person={STRANGER}")).json()["items"]
    assert {one["person"]: one["customer_id"] for one in listed} == {MAIL: "cu1", STRANGER: None}
    one = (await rest.request("GET", f"{SHOP}/conversations/{listed[0]['id']}")).json()
    assert one["customer_id"] == {MAIL: "cu1", STRANGER: None}[one["person"]]
    assert (await rest.request("GET", f"{SHOP}/persons/{MAIL}")).json()["customer_id"] == "cu1"


async def test_leads_and_admins_decide_and_nobody_else(rest: Rest) -> None:
    rest.outcome_for = lambda event: rest.outcome(event, result="cu1")
    sara, lena = await bound_key(rest, "sara"), await bound_key(rest, "lena")
    body = {"persons": [TELEGRAM]}
    for authorization in (sara, await rest.key("write")):
        refused = await rest.request("POST", f"{CUSTOMER}/part", body, authorization=authorization)
        assert problem_of(refused, 403)["code"] == "not_a_lead"
    parted = await rest.request("POST", f"{CUSTOMER}/part", body, authorization=lena)
    assert parted.status_code == 204, parted.text
    sent = rest.events[-1]
    as_another = await rest.request("POST", f"{CUSTOMER}/part", {**body, "agent": "omid"}, authorization=lena)
    assert problem_of(as_another, 403)["code"] == "another_agent"
    assert (sent.type, sent.partitionkey, sent.data["agent"]) == ("pasokh.identity.part", "shop", "lena")


async def test_join_answers_with_the_customer(rest: Rest) -> None:
    def outcome(event: Event) -> CommandResult:
        return rest.outcome(event, result="cu1")

    rest.outcome_for = outcome
    joined = await rest.request("POST", f"{SHOP}/customers", {"persons": [TELEGRAM, MAIL]}, idempotency_key="k")
    assert (joined.status_code, joined.json()["id"]) == (200, "cu1")
    again = await rest.request("POST", f"{SHOP}/customers", {"persons": [TELEGRAM, MAIL]}, idempotency_key="k")
    assert (again.json(), len(rest.events)) == (joined.json(), 1)


async def test_parting_that_is_sent_again_is_answered_as_the_first_though_its_customer_is_gone(rest: Rest) -> None:
    rest.outcome_for = lambda event: rest.outcome(event, result="cu1")
    for _ in range(2):
        parted = await rest.request("POST", f"{CUSTOMER}/part", {"persons": [MAIL]}, idempotency_key="k")
        assert parted.status_code == 204, parted.text
        rest.store.documents.pop(Key(CUSTOMERS.name, "cu1"), None)
    assert len(rest.events) == 1
    problem_of(await rest.request("POST", f"{CUSTOMER}/part", {"persons": [MAIL]}, idempotency_key="other"), 404)


async def test_persons_that_a_lead_may_not_see_are_unknown_to_them(rest: Rest) -> None:
    lena = await bound_key(rest, "lena")
    join = await rest.request("POST", f"{SHOP}/customers", {"persons": [TELEGRAM, STRANGER]}, authorization=lena)
    assert problem_of(join, 422)["errors"][0]["pointer"] == "/persons/1"
    part = await rest.request("POST", f"{CUSTOMER}/part", {"persons": [MAIL]}, authorization=lena)
    assert problem_of(part, 422)["errors"][0]["pointer"] == "/persons"
    assert rest.events == []


@pytest.mark.parametrize("persons", [[], [TELEGRAM], [TELEGRAM, TELEGRAM]])
async def test_join_takes_several_persons_each_once(rest: Rest, persons: list[str]) -> None:
    problem_of(await rest.request("POST", f"{SHOP}/customers", {"persons": persons}), 422)
