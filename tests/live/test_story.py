"""A card number in a Telegram group, from the first word to the last: what everybody saw, and where it is not.

Neda writes it where everybody reads. She is led into private, where she and her agent write it once more each; Omid
does the same and does not follow. A stranger tries her link. Then everything that was said and kept is searched.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.live.contract import problem, shaped
from tests.live.dialogues import CARD, ENGLISH, ORDER, PARCEL, PERSIAN, Dialogue
from tests.live.group_chat_scenario import GROUP, GroupChatScenario, town_at
from tests.live.installation import ADMIN_KEY, Running, allowing, up
from tests.live.leak_search import (
    Places,
    dashed,
    documents_of_mongo,
    files,
    persian,
    rows_of_sqlite,
    spellings,
    topics_of_kafka,
    topics_of_sqlite,
    with_number,
    with_words,
)
from tests.live.topology import Topology, services_at_one_address
from tests.live.waiting import eventually
from tests.live_servers.server import Server, free_ports

pytestmark = pytest.mark.slow

NEDA, OMID, STRANGER = 71, 72, 73
LINK = re.compile(r"https://t\.me/blue_shop_bot\?start=([A-Za-z0-9_-]{43})")


@dataclass
class Story:
    """What happens, one step after the other. `case` is Neda's, as it was last looked at."""

    town: GroupChatScenario
    words: Dialogue
    case: dict[str, Any] = field(default_factory=dict)
    post: int = 0
    token: str = ""

    async def neda_writes_her_card_number_in_the_group(self) -> None:
        self.post = await self.town.posts_in_group(NEDA, self.words.asks.format(self.words.written))
        self.case = await self.town.case_of(NEDA, agent="mina", status="assigned")
        assert (self.case["surface"], self.case["language"]) == ("public", self.words.language)
        assert self.case["sensitive"] is True

    async def the_group_reads_one_answer_without_detail(self) -> None:
        [(method, text)] = await self.town.shown_in(GROUP, 1)
        link = LINK.search(text)
        assert link is not None
        self.token = link[1]
        assert (method, text) == ("sendMessage", f"{self.words.notice}\n{self.words.goes_on} {link[0]}")
        [(_, sent)] = self.town.outside.of_chats
        assert sent["reply_parameters"] == {"message_id": self.post, "allow_sending_without_reply": True}
        assert set(sent) == {"chat_id", "text", "reply_parameters"}

    async def the_agent_reads_it_masked_and_why_it_is_hers(self) -> None:
        await self.answers_arrived(1)
        asked, notice = await self.town.messages(self.case)
        assert self.message_fields(asked) == ("customer", "public", self.words.asks.format("[card]"), ["card"])
        assert self.message_fields(notice)[:2] == ("system", "public")
        [decision] = await self.town.items(f"/conversations/{self.case['id']}/decisions")
        shaped("decision", decision)
        assert (decision["outcome"], decision["agent"]) == ("assigned", "mina")
        handoff = self.case["handoff"]
        assert (handoff["state"], handoff["private_channel"], handoff["reason"]) == ("started", "telegram", "card")

    async def a_stranger_has_nothing_of_the_link(self) -> None:
        await self.town.writes_to_bot(STRANGER, f"/start {self.token}")
        await self.town.writes_to_bot(STRANGER, "hello?")
        theirs = await self.town.case_of(STRANGER, status="assigned")
        assert [one["text"] for one in await self.town.messages(theirs)] == ["hello?"]
        assert theirs["handoff"] is None
        assert self.town.outside.calls_to(STRANGER) == []
        assert (await self.town.case_of(NEDA))["handoff"]["state"] == "started"

    async def nobody_answers_her_yet(self) -> None:
        """In public it would be read by all, and in private she has not come."""
        assert "sensitive" in await self.refused("Of course.")
        assert "Answer in public." in await self.refused("Of course.", surface="private")

    async def neda_follows_the_link(self) -> None:
        messages, clocks = await self.town.messages(self.case), await eventually(self.running_clocks)
        await self.town.writes_to_bot(NEDA, f"/start {self.token}")
        joined = await self.town.case_of(NEDA, surface="private")
        assert [joined[name] for name in ("id", "agent", "status")] == [self.case["id"], "mina", "assigned"]
        assert joined["handoff"]["state"] == "completed"
        assert await self.town.messages(joined) == messages
        assert await self.running_clocks() == clocks
        self.case = joined

    async def a_public_answer_is_refused_with_the_reason(self) -> None:
        assert "answer on the private surface" in await self.refused("Of course.", surface="public")
        secret = await self.refused(f"Is it {dashed(CARD)}?", surface="public")
        assert "must not hold a secret (card)" in secret

    async def a_card_in_a_private_answer_is_refused_and_all_else_sent_as_written(self) -> None:
        assert "[card]" in await self.refused(self.words.agent_asks.format(CARD))
        text = self.words.agent_asks.format(ORDER)
        answer = await self.town.answered(self.case, text)
        assert answer.status_code == 201, answer.text
        shaped("message", answer.json())
        assert self.message_fields(answer.json()) == ("agent", "private", text, [])
        assert await self.town.shown_in(NEDA, 1) == [("sendMessage", text)]

    async def neda_writes_it_once_more_in_private(self) -> None:
        await self.answers_arrived(2)
        await self.town.writes_to_bot(NEDA, self.words.agrees.format(self.words.again))
        self.case = await self.town.case_of(NEDA, status="assigned")

    async def the_agent_answers_and_neda_reads_it(self) -> None:
        assert (await self.town.answered(self.case, self.words.ends)).status_code == 201
        answers = await self.town.shown_in(NEDA, 2)
        assert answers[1:] == [("sendMessage", self.words.ends)]
        await self.answers_arrived(3)

    async def the_case_is_resolved(self) -> None:
        resolved = await self.town.resolve(self.case, agent="mina")
        assert (resolved.status_code, resolved.json()["status"]) == (200, "resolved")
        self.case = resolved.json()
        shaped("conversation", self.case)
        clocks = await eventually(self.kept_promises)
        asked, _, answer, *_ = await self.town.messages(self.case)
        assert clocks["first_response"]["started_at"] == clocks["public_response"]["started_at"]
        assert clocks["first_response"]["started_at"] in (asked["received_at"], asked["sent_at"])
        assert clocks["first_response"]["stopped_at"] == answer["received_at"]

    async def kept_promises(self) -> dict[str, dict[str, Any]]:
        clocks = await self.town.clocks(self.case)
        metrics = {"first_response", "next_response", "resolution", "pickup", "public_response"}
        return clocks if {m for m, clock in clocks.items() if clock["state"] == "fulfilled"} == metrics else {}

    async def everybody_was_told_the_same(self) -> None:
        facts = await self.town.events(self.case, "pasokh.conversation.resolved")
        told = [fact["type"].removeprefix("pasokh.conversation.") for fact in facts if ".sla." not in fact["type"]]
        assert told[:5] == ["opened", "message_received", "queued", "replied", "handoff_started"]
        assert sorted(told[5:7]) == ["assigned", "reply_delivered"]
        assert told[7:] == [
            "handoff_completed",
            *("replied", "pending", "reply_delivered", "message_received"),
            *("replied", "pending", "reply_delivered", "resolved"),
        ]
        assert Counter(_promised(fact) for fact in facts if ".sla." in fact["type"]) == PROMISED
        for heard in (self.town.outside.told, self.town.stream.facts):
            by_id = {fact["id"]: fact for fact in heard}
            assert [by_id[fact["id"]] for fact in facts] == facts
        assert self.town.outside.unproven == []

    async def the_agent_has_the_whole_talk(self) -> None:
        talk = [self.message_fields(one) for one in await self.town.messages(self.case)]
        link = f"https://t.me/blue_shop_bot?start={self.token}"
        assert talk == [
            ("customer", "public", self.words.asks.format("[card]"), ["card"]),
            ("system", "public", f"{self.words.notice}\n{self.words.goes_on} {link}", []),
            ("agent", "private", self.words.agent_asks.format(ORDER), []),
            ("customer", "private", self.words.agrees.format("[card]"), ["card"]),
            ("agent", "private", self.words.ends, []),
        ]

    async def omid_does_the_same_and_does_not_follow(self) -> None:
        await self.town.lets_customers_follow(1)
        await self.town.posts_in_group(OMID, self.words.asks.format(self.words.again))
        his = await self.town.case_of(OMID, priority="high")
        assert his["handoff"]["state"] == "expired"
        facts = await self.town.events(his, "pasokh.conversation.handoff_expired")
        moves = [_handoff(fact) for fact in facts if ".handoff_" in fact["type"]]
        assert moves == [("handoff_started", "started", "card"), ("handoff_expired", "expired", "card")]
        hers = await self.town.events(self.case, "pasokh.conversation.resolved")
        moves = [_handoff(fact) for fact in hers if ".handoff_" in fact["type"]]
        assert moves == [("handoff_started", "started", "card"), ("handoff_completed", "completed", "card")]

    async def telegram_was_asked_for_nothing_else(self) -> None:
        await self.town.shown_in(GROUP, 2)
        calls = Counter((method, said["chat_id"]) for method, said in self.town.outside.of_chats)
        assert calls == {("sendMessage", GROUP): 2, ("sendMessage", NEDA): 2}

    def message_fields(self, message: Mapping[str, Any]) -> tuple[str, str, str, list[str]]:
        """Who said it, where, what, and what was masked in it."""
        return message["author"]["kind"], message["surface"], message["text"], message["masked"]

    async def refused(self, text: str, **more: str) -> str:
        """Why the agent cannot say that."""
        detail: str = problem(await self.town.answered(self.case, text, **more), 409)["detail"]
        return detail

    async def answers_arrived(self, count: int) -> None:
        """Wait until Telegram's receipts of so many answers are known."""

        async def known() -> bool:
            sent = await self.town.messages(self.case, "outbound")
            return [one["state"] for one in sent] == ["sent"] * count

        await eventually(known)

    async def running_clocks(self) -> dict[str, tuple[str, str]]:
        """From when to when an answer and the end of it all are promised; empty while anything else is."""
        clocks = (await self.town.clocks(self.case)).items()
        running = {metric: (one["started_at"], one["due_at"]) for metric, one in clocks if one["state"] == "running"}
        return running if set(running) == {"first_response", "resolution"} else {}


async def play_story(town: GroupChatScenario, words: Dialogue) -> None:
    """The story, from the first word to the last."""
    story = Story(town, words)
    await story.neda_writes_her_card_number_in_the_group()
    await story.the_group_reads_one_answer_without_detail()
    await story.the_agent_reads_it_masked_and_why_it_is_hers()
    await story.a_stranger_has_nothing_of_the_link()
    await story.nobody_answers_her_yet()
    await story.neda_follows_the_link()
    await story.a_public_answer_is_refused_with_the_reason()
    await story.a_card_in_a_private_answer_is_refused_and_all_else_sent_as_written()
    await story.neda_writes_it_once_more_in_private()
    await story.the_agent_answers_and_neda_reads_it()
    await story.the_case_is_resolved()
    await story.everybody_was_told_the_same()
    await story.the_agent_has_the_whole_talk()
    await story.omid_does_the_same_and_does_not_follow()
    await story.telegram_was_asked_for_nothing_else()


PROMISED = Counter(
    {
        **{(metric, word): 1 for metric in ("pickup", "public_response") for word in ("started", "fulfilled")},
        **{(metric, word): 1 for metric in ("first_response", "next_response") for word in ("started", "fulfilled")},
        ("resolution", "started"): 1,
        ("resolution", "fulfilled"): 1,
        ("resolution", "paused"): 2,
        ("resolution", "resumed"): 2,
        ("resolution", "changed"): 2,
    }
)


def _promised(fact: Mapping[str, Any]) -> tuple[str, str]:
    return fact["data"]["metric"], fact["type"].rpartition(".")[2]


def _handoff(fact: Mapping[str, Any]) -> tuple[str, str, str]:
    handoff = fact["data"]["snapshot"]["handoff"]
    return fact["type"].rpartition(".")[2], handoff["state"], handoff["reason"]


@pytest.fixture
def port() -> int:
    """Where Telegram and the integrator listen."""
    return free_ports(1)[0]


@pytest.fixture
def installation(tmp_path: Path, port: int) -> Iterator[Running]:
    given = {"PASOKH_ADMIN_KEY": ADMIN_KEY, "PASOKH_LOG_LEVEL": "debug"}
    running = up(tmp_path, **given, **allowing(port))
    running.start()
    running.wait_ready()
    yield running
    running.kill()


@pytest.mark.parametrize("words", [ENGLISH, PERSIAN], ids=lambda words: words.language)
async def test_a_card_number_in_a_group_is_settled_in_private_and_stands_nowhere(
    installation: Running, port: int, words: Dialogue
) -> None:
    async with town_at(installation.url, ADMIN_KEY, port, "blue") as town:
        await play_story(town, words)
        metrics = (await town.client.get("/metrics")).content
        running = files(installation.folder / "data")
    assert installation.stop()[0] == 0
    stopped, database = files(installation.folder / "data"), installation.folder / "data" / "pasokh.db"
    kept = {"files": [*running, *stopped], "store": rows_of_sqlite(database), **topics_of_sqlite(database)}
    said = {**town.everything_said(), "log": [installation.log.encode()], "metrics": [metrics]}
    assert_card_is_nowhere({**kept, **said}, words, "files")


@pytest.fixture
def topology(tmp_path: Path, kafka_server: Server, mongo_server: Server, port: int) -> Iterator[Topology]:
    targets = json.dumps([f"127.0.0.1:{port}"])
    with services_at_one_address(
        tmp_path, kafka_server.url, mongo_server.url, targets, PASOKH_LOG_LEVEL="debug"
    ) as topology:
        yield topology


@pytest.mark.timeout(240)
async def test_the_same_holds_where_every_service_is_a_process_on_kafka_and_mongodb(
    topology: Topology, port: int
) -> None:
    key, namespace = topology.values["PASOKH_ADMIN_KEY"], topology.overrides["PASOKH_NAMESPACE"]
    async with town_at(topology.url("proxy"), key, port, "blue") as town:
        await play_story(town, PERSIAN)
    metrics = [httpx2.get(f"{one.url}/metrics", trust_env=False).content for one in topology.of("metrics")]
    logs = [path.read_bytes() for path in topology.folder.rglob("output.log")]
    kept = {"store": documents_of_mongo(topology.store, f"{namespace}-pasokh")}
    said = {**town.everything_said(), "log": logs, "metrics": metrics}
    topics = await topics_of_kafka(topology.bus, namespace)
    assert_card_is_nowhere({**kept, **topics, **said}, PERSIAN)


def assert_card_is_nowhere(places: Places, words: Dialogue, *where_all_is: str) -> None:
    """Neither of its spellings nor its digits; while what is harmless stands where texts belong, and nowhere else."""
    assert with_number(places, CARD) == set()
    texts = {"store", "REST", *where_all_is}
    assert with_words(places, words.harmless) == {*texts, "topic pasokh.inbound.v1"}
    answer = {"topic pasokh.commands.v1", "topic pasokh.outbound.v1", "Telegram"}
    assert with_number(places, PARCEL) == {*texts, *answer}
    assert with_words(places, "blue") >= {"webhooks", "stream", "metrics", "log"}


@pytest.mark.parametrize("written", [*spellings(CARD), "\n".join(CARD), json.dumps(persian(CARD))])
def test_the_search_finds_the_number_however_it_is_written(written: str) -> None:
    piece = b"\xff\x00 12 {}".replace(b"{}", f"x{written}y".encode()) + b"\xfe 34"
    assert with_number({"here": [b"nothing", piece], "there": [b"1" + CARD[:-1].encode()]}, CARD) == {"here"}
