"""Conversations over REST: what is listed and shown, and how replies and resolving are answered."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import structlog

from bench.understanding import labelled
from schemas.commands import CommandResult
from schemas.configuration import AgentBody
from schemas.conversation import Author
from schemas.decision import Reason
from schemas.envelope import Event
from schemas.values import EncryptedText, Failure, Problem, instant_text
from services.domain.conversation_state import ConversationState
from services.platform.core.errors import Unavailable
from services.platform.store.collections import OUTCOMES
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.records.decisions import DECISIONS, DecisionRecord
from services.router import lists
from services.text.intents import detect_intent, suggest_intent
from tests.fakes import START
from tests.rest import Rest, open_rest, problem_of

SHOP = "/v1/workspaces/shop"
ONE = f"{SHOP}/conversations/c1"
KEY = "shop/telegram:main:7"
CARD = "4111 1111 1111 1111"


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        opened.store.insert(CONVERSATIONS, "c1", conversation("c1"))
        agent = AgentRecord(workspace="shop", id="sara", body=AgentBody(name="Sara", teams=["default"]), at=START)
        opened.store.insert(AGENTS, agent_id("shop", "sara"), agent)
        yield opened


def conversation(identity: str, minutes: int = 0, **given: Any) -> ConversationState:
    fields = {
        "workspace": "shop",
        "status": "assigned",
        "channel": "telegram",
        "account": "main",
        "surface": "private",
        "person": "telegram:main:7",
        "team": "default",
        "agent": "sara",
        "key": KEY,
        **given,
    }
    at = START + timedelta(minutes=minutes)
    return CONVERSATIONS.decode(
        {"id": identity, "opened_at": instant_text(at), "updated_at": instant_text(at), **fields}
    )


def message(identity: str, order: str, **given: Any) -> MessageRecord:
    fields = {
        "conversation": "c1",
        "direction": "inbound",
        "surface": "private",
        "channel": "telegram",
        "author": Author(kind="customer", id="telegram:main:7"),
        "text": EncryptedText(text="hello"),
        "received_at": START,
        "state": "received",
        "workspace": "shop",
        "key": KEY,
        **given,
    }
    return MESSAGES.decode({"id": identity, "order": order, **fields})


def sends(rest: Rest) -> None:
    """Carry replies out as conversations does, and resolve."""

    def answer(event: Event) -> CommandResult:
        if event.type == "pasokh.command.resolve":
            rest.store.insert(CONVERSATIONS, "c1", conversation("c1", status="resolved"))
            return rest.outcome(event, result="c1")
        said = message(
            f"m-{event.id}",
            event.id,
            direction="outbound",
            author=Author(kind="agent", id=str(event.data["agent"])),
            text=event.data["text"],
            masked=event.data["masked"],
            state="sent",
            platform_id="99",
        )
        rest.store.insert(MESSAGES, said.id, said)
        return rest.outcome(event, result=said.id, created=True)

    rest.outcome_for = answer


async def ids(rest: Rest, query: str) -> list[str]:
    answer = await rest.request("GET", f"{SHOP}/conversations?{query}")
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_one_conversation_is_shown_in_its_shape(rest: Rest) -> None:
    shown = (await rest.request("GET", ONE)).json()
    assert set(shown) == {
        *("id", "workspace", "status", "channel", "account", "surface", "person", "team", "agent", "priority"),
        *("language", "sentiment", "intent", "sensitive", "requirement", "opened_at", "updated_at", "assigned_at"),
        *("first_response_at", "resolved_at", "tags", "handoff", "customer_id", "can_reply"),
    }
    assert shown["opened_at"] == "2026-03-02T09:00:00.000000Z"
    assert shown["person"] == "telegram:main:7"


async def test_a_conversation_of_another_workspace_is_404(rest: Rest) -> None:
    await rest.workspace("other")
    for path in ("", "/messages", "/decisions", "/events", "/clocks"):
        problem_of(await rest.request("GET", f"/v1/workspaces/other/conversations/c1{path}"), 404)
    problem_of(await rest.request("POST", "/v1/workspaces/other/conversations/c1/resolve", {}), 404)


async def test_conversations_are_listed_newest_first_by_any_mix_of_filters(rest: Rest) -> None:
    rest.store.insert(CONVERSATIONS, "c2", conversation("c2", 2, status="waiting", agent=None, sensitive=True))
    rest.store.insert(CONVERSATIONS, "c3", conversation("c3", 1, surface="public", team="persian", channel="bale"))
    rest.store.insert(CONVERSATIONS, "c4", conversation("c4", 3, workspace="other"))
    assert await ids(rest, "") == ["c2", "c3", "c1"]
    assert await ids(rest, "status=assigned") == ["c3", "c1"]
    assert await ids(rest, "status=assigned&surface=public") == ["c3"]
    assert await ids(rest, "agent=sara&team=persian&channel=bale") == ["c3"]
    assert await ids(rest, "person=telegram:main:7&sensitive=true") == ["c2"]
    assert await ids(rest, "sensitive=false") == ["c3", "c1"]
    assert await ids(rest, "agent=nobody") == []
    assert await ids(rest, "status=waiting&status=assigned&channel=telegram") == ["c2", "c1"]
    assert await ids(rest, "sort=opened_at") == ["c1", "c3", "c2"]
    assert await ids(rest, "updated_since=2026-03-02T10:01:00%2B01:00") == ["c2", "c3"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("stauts=waiting", "/query/stauts"),
        ("stauts=waiting&stauts=assigned", "/query/stauts"),
        ("status=waiting&status=asigned", "/query/status"),
        ("sort=person", "/query/sort"),
        ("q=%20", "/query/q"),
        ("updated_since=yesterday", "/query/updated_since"),
    ],
)
async def test_a_filter_that_is_none_is_422(rest: Rest, query: str, pointer: str) -> None:
    problem = problem_of(await rest.request("GET", f"{SHOP}/conversations?{query}"), 422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
async def test_pages_of_a_filtered_list_hold_each_conversation_once(rest: Rest, limit: int) -> None:
    for number in range(12):
        surface = "public" if number % 3 == 0 else "private"
        rest.store.insert(CONVERSATIONS, f"n{number:02}", conversation(f"n{number:02}", number, surface=surface))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        after = f"&cursor={cursor}" if cursor else ""
        path = f"{SHOP}/conversations?status=assigned&surface=public&limit={limit}{after}"
        page = (await rest.request("GET", path)).json()
        assert len(page["items"]) <= limit
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert seen == ["n09", "n06", "n03", "n00"]


async def test_a_list_that_finds_little_ends_its_page_and_goes_on(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "SCAN_LIMIT", 4)
    for number in range(9):
        rest.store.insert(CONVERSATIONS, f"n{number}", conversation(f"n{number}", number, agent="reza"))
    path = (
        f"{SHOP}/conversations?status=assigned&surface=private&team=default&limit=2&person=telegram:main:7&agent=sara"
    )
    first = (await rest.request("GET", path)).json()
    assert (first["items"], first["next"] is None) == ([], False)
    found: list[str] = []
    cursor = first["next"]
    while cursor is not None:
        page = (await rest.request("GET", f"{path}&cursor={cursor}")).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert found == ["c1"]


async def test_a_customer_is_shown_with_what_the_channel_tells(rest: Rest) -> None:
    known = {"name": "Neda", "email": "neda@example.com", "phone": "+98 21 1234"}
    for workspace in ("shop", "other"):
        named = {"key": f"{workspace}/api:main:a/b", "workspace": workspace, "person": "api:main:a/b"}
        person = PERSONS.decode({**named, **known, "seen_at": instant_text(START)})
        rest.store.insert(PERSONS, person.key, person)
    shown = (await rest.request("GET", f"{SHOP}/persons/api:main:a%2Fb")).json()
    assert shown == {
        **known,
        "person": "api:main:a/b",
        "customer_id": None,
        "language": None,
        "blocked": False,
        "conflicts": [],
        "partings": [],
        "seen_at": "2026-03-02T09:00:00.000000Z",
    }
    problem_of(await rest.request("GET", f"{SHOP}/persons/api:main:nobody"), 404)
    await rest.workspace("elsewhere")
    foreign = await rest.key("read", workspace="elsewhere")
    problem_of(await rest.request("GET", f"{SHOP}/persons/api:main:a/b", authorization=foreign), 404)


async def test_messages_are_listed_oldest_first_with_their_text(rest: Rest) -> None:
    rest.store.insert(MESSAGES, "m2", message("m2", "2", text=None, state="deleted"))
    rest.store.insert(MESSAGES, "m1", message("m1", "1"))
    rest.store.insert(MESSAGES, "m0", message("m0", "0", conversation="another"))
    items = (await rest.request("GET", f"{ONE}/messages")).json()["items"]
    assert [(item["id"], item["text"]) for item in items] == [("m1", "hello"), ("m2", None)]
    assert set(items[0]) == {
        *("id", "conversation", "direction", "surface", "channel", "author", "text", "masked", "attachments"),
        *("sent_at", "received_at", "state", "error", "platform_id"),
        *("reply_to", "quote", "forwarded_from", "links", "edits"),
    }


async def test_what_a_customer_may_want_is_suggested_to_whoever_reads_it(rest: Rest) -> None:
    texts = [message.text for message in labelled()]
    likely = next(text for text in texts if detect_intent(text) is None and suggest_intent(text) is not None)
    certain = next(text for text in texts if detect_intent(text) is not None)
    asked = EncryptedText(text=likely)
    rest.store.insert(MESSAGES, "m1", message("m1", "1", text=asked))
    rest.store.insert(MESSAGES, "m2", message("m2", "2"))
    rest.store.insert(MESSAGES, "m3", message("m3", "3", text=asked, automatic=True))
    rest.store.insert(MESSAGES, "m4", message("m4", "4", text=asked, direction="outbound"))
    rest.store.insert(MESSAGES, "m5", message("m5", "5", text=None))
    rest.store.insert(MESSAGES, "m6", message("m6", "6", text=EncryptedText(text=certain)))
    items = (await rest.request("GET", f"{ONE}/messages")).json()["items"]
    suggested = [item["intent_suggested"] for item in items if "intent_suggested" in item]
    assert (len(items), suggested) == (6, [suggest_intent(likely)])
    assert (await rest.request("GET", f"{SHOP}/messages/m1")).json()["intent_suggested"] == suggest_intent(likely)


async def test_an_album_is_one_message_where_that_is_asked_for(rest: Rest) -> None:
    for number in (1, 2):
        rest.store.insert(MESSAGES, f"m{number}", message(f"m{number}", str(number), album="A"))
    apart = (await rest.request("GET", f"{ONE}/messages")).json()["items"]
    assert [(item["id"], item["album"]) for item in apart] == [
        ("m1", {"id": "A", "messages": ["m1"]}),
        ("m2", {"id": "A", "messages": ["m2"]}),
    ]
    together = (await rest.request("GET", f"{ONE}/messages?albums=true&limit=1")).json()
    assert [(item["id"], item["album"]["messages"]) for item in together["items"]] == [("m1", ["m1", "m2"])]
    assert together["next"] is None


async def test_decisions_and_events_are_listed_oldest_first(rest: Rest) -> None:
    for number in (2, 1):
        at = START + timedelta(seconds=number)
        record = DecisionRecord(
            id=f"d{number}",
            conversation="c1",
            at=at,
            outcome="waiting",
            summary="s",
            rule="default",
            config_version=1,
            workspace="shop",
            key=KEY,
        )
        rest.store.insert(DECISIONS, record.id, record)
        fact = Event(
            id=f"f{number}",
            source="conversations/0",
            type="pasokh.conversation.queued",
            time=at,
            workspace="shop",
            partitionkey=KEY,
            seq=number,
            index=0,
            data={"conversation": "c1"},
        )
        rest.store.insert_fact(fact)
    decisions = (await rest.request("GET", f"{ONE}/decisions")).json()["items"]
    assert [item["id"] for item in decisions] == ["d1", "d2"]
    assert "key" not in decisions[0]
    events = (await rest.request("GET", f"{ONE}/events")).json()["items"]
    assert [(item["id"], item["specversion"]) for item in events] == [("f1", "1.0"), ("f2", "1.0")]
    assert events[0]["data"] == {"conversation": "c1"}
    assert "conversation" not in events[0]


@pytest.mark.parametrize(
    ("query", "header", "language", "begins"),
    [
        ("", None, "en", "Waiting: "),
        ("", "fa-IR,en;q=0.5", "fa", "در انتظار: "),
        ("?lang=lv", "fa", "lv", "Gaida: "),
        ("?lang=ar", None, "ar", "قيد الانتظار: "),
    ],
)
async def test_a_decision_is_read_in_the_language_that_is_asked_for(
    rest: Rest, query: str, header: str | None, language: str, begins: str
) -> None:
    decided = DecisionRecord(
        id="d",
        conversation="c1",
        at=START,
        outcome="waiting",
        summary="",
        rule="default",
        config_version=1,
        workspace="shop",
        key=KEY,
        reason=Reason(kind="waiting", team="default"),
    )
    rest.store.insert(DECISIONS, "d", decided)
    sent = {"accept_language": header} if header else {}
    answer = await rest.request("GET", f"{ONE}/decisions{query}", **sent)
    assert answer.json()["items"][0]["summary"].startswith(begins)
    assert "reason" not in answer.json()["items"][0]
    assert (answer.headers["content-language"], answer.headers["vary"]) == (language, "Accept-Language")
    problem_of(await rest.request("GET", f"{ONE}/decisions?lang=tlh"), 422)


async def test_a_reply_is_a_command_of_the_person_and_answers_201_with_the_message(rest: Rest) -> None:
    sends(rest)
    answer = await rest.request("POST", f"{ONE}/replies", {"agent": "sara", "text": "On its way."})
    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["text"], shown["author"]["id"], shown["direction"]) == ("On its way.", "sara", "outbound")
    [event] = rest.events
    assert (event.type, event.partitionkey, event.workspace) == ("pasokh.command.reply", KEY, "shop")
    assert event.data["accepted_at"] == "2026-03-02T09:00:00.000000Z"


async def test_a_repeated_reply_gets_the_same_answer_and_is_sent_once(rest: Rest) -> None:
    sends(rest)
    body = {"agent": "sara", "text": "On its way."}
    first = await rest.request("POST", f"{ONE}/replies", body, idempotency_key="k1")
    identity = first.json()["id"]
    failed = {"state": "failed", "error": Failure(code="blocked", detail="d"), "direction": "outbound"}
    author = Author(kind="agent", id="sara")
    rest.store.insert(
        MESSAGES, identity, message(identity, "1", text=EncryptedText(text="On its way."), author=author, **failed)
    )
    rest.time_source.move(60)
    again = await rest.request("POST", f"{ONE}/replies", body, idempotency_key="k1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(rest.events) == 1


async def test_a_repeat_still_gets_its_answer_after_the_agent_was_deleted(rest: Rest) -> None:
    sends(rest)
    body = {"agent": "sara", "text": "On its way."}
    await rest.request("POST", f"{ONE}/replies", body, idempotency_key="k1")
    del rest.store.documents[next(k for k in rest.store.documents if k.collection == "agents")]
    assert (await rest.request("POST", f"{ONE}/replies", body, idempotency_key="k1")).status_code == 201
    problem_of(await rest.request("POST", f"{ONE}/replies", body, idempotency_key="k2"), 422)


@pytest.mark.parametrize(
    ("path", "body"),
    [("replies", {"agent": "sara", "text": "Other."}), ("resolve", {"agent": "sara"})],
)
async def test_an_idempotency_key_of_another_request_is_409(rest: Rest, path: str, body: dict[str, Any]) -> None:
    sends(rest)
    await rest.request("POST", f"{ONE}/replies", {"agent": "sara", "text": "One."}, idempotency_key="k1")
    problem_of(await rest.request("POST", f"{ONE}/{path}", body, idempotency_key="k1"), 409)


async def reply_with(rest: Rest, text: str, **more: Any) -> Any:
    """Any: an answer of the test client."""
    return await rest.request("POST", f"{ONE}/replies", {"agent": "sara", "text": text, **more})


@pytest.mark.parametrize("surface", ["private", "public"])
async def test_a_card_in_a_reply_is_refused_and_never_reaches_the_bus(rest: Rest, surface: str) -> None:
    sends(rest)
    answer = await reply_with(rest, f"Your card {CARD} was charged.", surface=surface)
    found = problem_of(answer, 409)
    assert "“Your card [card] was charged.”" in found["detail"]
    assert "1111" not in answer.text
    assert rest.events == []
    assert not [e for log in rest.bus.logs.values() for e in log if b"1111" in e.value]


@pytest.mark.parametrize(
    "text",
    [
        "Your tracking number is 774895012345671",
        "IMEI 356938035643809",
        "your temporary password is Sommer2026!",
        "کد تایید شما ۱۲۳۴۵۶ است",
        "کد ملی ۰۰۸۴۵۷۵۹۴۸",
        "cvv 123 is on the back",
        "call 0912 123 4567 or write to sara@example.org",
    ],
)
async def test_a_private_reply_is_sent_as_written(rest: Rest, text: str) -> None:
    sends(rest)
    answer = await reply_with(rest, text, surface="private")
    assert (answer.status_code, answer.json()["text"], answer.json()["masked"]) == (201, text, [])
    assert rest.events[0].data["text"] == {"key": None, "text": text}


@pytest.mark.parametrize("text", ["password: Sommer2026!", "کد تایید ۱۲۳۴۵۶", "call 0912 123 4567", "order 12345"])
async def test_a_public_reply_with_what_identifies_somebody_is_refused(rest: Rest, text: str) -> None:
    sends(rest)
    found = problem_of(await reply_with(rest, text, surface="public"), 409)
    assert found["title"] == "Secret in a public reply"
    assert rest.events == []


async def test_who_may_write_confirms_that_the_guard_is_wrong(rest: Rest) -> None:
    sends(rest)
    with structlog.testing.capture_logs() as lines:
        answer = await reply_with(rest, f"No secret: {CARD}", surface="public", confirm=True)
    assert (answer.status_code, answer.json()["text"]) == (201, f"No secret: {CARD}")
    assert rest.events[0].data["confirmed_by"] == "admin"
    (line,) = [line for line in lines if line["event"] == "guard_confirmed"]
    expected = {"key": "admin", "agent": "sara", "kinds": ["card"], "workspace": "shop", "conversation": "c1"}
    assert expected.items() <= line.items()
    assert CARD not in str(lines)


async def test_nothing_is_confirmed_where_the_guard_found_nothing(rest: Rest) -> None:
    sends(rest)
    with structlog.testing.capture_logs() as lines:
        assert (await reply_with(rest, "On its way.", confirm=True)).status_code == 201
    assert rest.events[0].data["confirmed_by"] is None
    assert [line for line in lines if line["event"] == "guard_confirmed"] == []


async def test_what_is_the_shops_own_is_said_everywhere(rest: Rest) -> None:
    sends(rest)
    own = {
        "cards": [CARD],
        "phones": ["+371 67123456"],
        "patterns": ["ORD-\\d{4,8}"],
        "ibans": ["LV80BANK0000435195001"],
    }
    assert (await rest.request("PUT", SHOP, {"name": "Shop", "own": own})).status_code == 200
    texts = [f"Pay to {CARD}", "call 67123456", "order ord-12345 is here", "LV80 BANK 0000 4351 9500 1"]
    answers = [await reply_with(rest, text, surface="public") for text in texts]
    assert [(a.status_code, a.json()["text"]) for a in answers] == [(201, text) for text in texts]
    problem_of(await reply_with(rest, f"Pay to {CARD}, not to 5555 5555 5555 4444", surface="public"), 409)


async def test_the_hash_of_a_reply_does_not_tell_the_secret(rest: Rest) -> None:
    sends(rest)
    for card in (CARD, "5555 5555 5555 4444"):
        await reply_with(rest, f"card {card}", confirm=True)
    first, second = (event.data["request_hash"] for event in rest.events)
    assert first == second


async def test_a_refused_command_answers_with_its_problem(rest: Rest) -> None:
    problem = Problem(status=409, title="Not the assignee", detail="It is with reza.")
    rest.outcome_for = lambda event: rest.outcome(event, status="refused", problem=problem)
    found = problem_of(await rest.request("POST", f"{ONE}/replies", {"agent": "sara", "text": "x"}), 409)
    assert (found["title"], found["detail"]) == ("Not the assignee", "It is with reza.")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"agent": "nobody", "text": "x"}, "/agent"),
        ({"agent": "Not A Slug", "text": "x"}, "/agent"),
        ({"text": "x"}, "/agent"),
        ({"agent": "sara"}, "/text"),
        ({"agent": "sara", "text": "  \n"}, "/text"),
        ({"agent": "sara", "text": "x" * 65_537}, "/text"),
        ({"agent": "sara", "text": "a\u0000b"}, "/text"),
        ({"agent": "sara", "text": "x", "surface": "secret"}, "/surface"),
        ({"agent": "sara", "text": "x", "txet": "y"}, "/txet"),
    ],
)
async def test_a_reply_that_cannot_be_is_422_and_publishes_nothing(
    rest: Rest, body: dict[str, Any], pointer: str
) -> None:
    problem = problem_of(await rest.request("POST", f"{ONE}/replies", body), 422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert not rest.events


async def test_resolving_answers_200_with_the_conversation(rest: Rest) -> None:
    sends(rest)
    answer = await rest.request("POST", f"{ONE}/resolve", {"agent": "sara"})
    assert (answer.status_code, answer.json()["status"]) == (200, "resolved")
    assert "key" not in answer.json()


async def test_resolving_needs_no_body(rest: Rest) -> None:
    sends(rest)
    assert (await rest.request("POST", f"{ONE}/resolve")).status_code == 200


async def test_policies_are_reapplied_by_a_command_and_200_has_the_conversation(rest: Rest) -> None:
    rest.outcome_for = lambda event: rest.outcome(event, result="c1")
    answer = await rest.request("POST", f"{ONE}/sla/reapply", {"agent": "sara"}, idempotency_key="again")
    assert (answer.status_code, answer.json()["id"]) == (200, "c1")
    [event] = rest.events
    assert (event.type, event.partitionkey, event.data["agent"]) == ("pasokh.command.reapply_sla", KEY, "sara")
    nobody = await rest.request("POST", f"{ONE}/sla/reapply", {"agent": "nobody"})
    assert [error["pointer"] for error in problem_of(nobody, 422)["errors"]] == ["/agent"]


@pytest.mark.parametrize(
    "prefer", ["respond-async", "wait=0", "handling=lenient, respond-async", "wait=5, respond-async"]
)
async def test_who_does_not_wait_gets_202_and_a_status_that_changes(rest: Rest, prefer: str) -> None:
    answer = await rest.request("POST", f"{ONE}/resolve", {}, prefer=prefer)
    assert (answer.status_code, answer.json()) == (202, {"status": "pending"})
    location = answer.headers["location"]
    assert (await rest.request("GET", location)).json() == {"status": "pending"}
    sends(rest)
    [event] = rest.events
    assert rest.outcome_for is not None
    outcome = rest.outcome_for(event)
    assert outcome is not None
    rest.store.insert(OUTCOMES, event.id, outcome)
    assert (await rest.request("GET", location)).json() == {"status": "applied"}


async def test_the_status_of_a_refused_command_tells_why(rest: Rest) -> None:
    problem = Problem(status=409, title="t", detail="d")
    rest.outcome_for = lambda event: rest.outcome(event, status="refused", problem=problem)
    answer = await rest.request("POST", f"{ONE}/resolve", {}, prefer="respond-async")
    shown = (await rest.request("GET", answer.headers["location"])).json()
    assert shown == {"status": "refused", "problem": {"status": 409, "title": "t", "detail": "d", "code": "t"}}


async def test_a_request_whose_answer_got_lost_is_found_by_its_key_without_sending_it_again(rest: Rest) -> None:
    asked = f"{SHOP}/commands?idempotency_key=a-key-of-the-page"
    problem_of(await rest.request("GET", asked), 404)
    await rest.request("POST", f"{ONE}/resolve", {}, prefer="respond-async", idempotency_key="a-key-of-the-page")
    [event] = rest.events
    assert (await rest.request("GET", asked)).json() == {"status": "pending"}
    problem = Problem(status=409, title="Not the assignee", detail="d")
    rest.store.insert(OUTCOMES, event.id, rest.outcome(event, status="refused", problem=problem))
    assert (await rest.request("GET", asked)).json()["problem"]["code"] == "not_assignee"
    assert len(rest.events) == 1
    await rest.workspace("other")
    problem_of(await rest.request("GET", asked.replace("/shop/", "/other/")), 404)
    problem_of(await rest.request("GET", f"{SHOP}/commands"), 422)


async def test_a_command_is_seen_in_its_workspace_alone(rest: Rest) -> None:
    await rest.workspace("other")
    location = (await rest.request("POST", f"{ONE}/resolve", {}, prefer="respond-async")).headers["location"]
    problem_of(await rest.request("GET", location.replace("/shop/", "/other/")), 404)
    problem_of(await rest.request("GET", f"{SHOP}/commands/none"), 404)


async def test_a_bus_that_is_away_is_503_and_a_repeat_works(rest: Rest) -> None:
    sends(rest)
    rest.bus.failure = Unavailable("away")
    body = {"agent": "sara", "text": "x"}
    problem_of(await rest.request("POST", f"{ONE}/replies", body, idempotency_key="k1"), 503)
    rest.bus.failure = None
    assert (await rest.request("POST", f"{ONE}/replies", body, idempotency_key="k1")).status_code == 201


async def test_many_at_once_with_one_key_are_one_reply(rest: Rest) -> None:
    sends(rest)
    body = {"agent": "sara", "text": "x"}
    asked = [rest.request("POST", f"{ONE}/replies", body, idempotency_key="k1") for _ in range(8)]
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len({event.id for event in rest.events}) == 1


async def test_a_first_message_of_an_unknown_account_or_agent_is_422_and_publishes_nothing(rest: Rest) -> None:
    path = "/v1/workspaces/shop/messages"
    found = problem_of(await rest.request("POST", path, {"person": "telegram:gone:1", "text": "x"}), 422)
    assert found["errors"][0]["pointer"] == "/person"
    found = problem_of(await rest.request("POST", path, {"person": "telegram", "text": "x"}), 422)
    assert found["errors"][0]["pointer"] == "/person"
    found = problem_of(await rest.request("POST", path, {"person": "telegram:main:1"}), 422)
    assert found["errors"][0]["pointer"] == "/text"
    assert rest.events == []
