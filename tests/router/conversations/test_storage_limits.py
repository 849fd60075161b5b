"""What members of a platform wrote goes when its terms say so; the conversation, its clocks and our answers stay."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from schemas.activity import Attachment, PersonIdentity, Reaction
from schemas.commands import Forward
from schemas.values import EncryptedText
from services.platform.processing.unit_of_work import PartitionContext
from services.platform.sqlite.database import open_database
from services.platform.store.collections import TIMERS
from services.platform.store.port import Changes, Document, Key, Put
from services.platform.store.sqlite import SqliteStore
from services.records.conversations import PERSONS
from services.rest.views import message_view
from services.router.conversations.forwarding import send_forward
from tests.fakes import START
from tests.router.conversations.harness import COLLECTIONS, ConversationsHarness

DAY = timedelta(days=1)
TEXT, NAME = EncryptedText(text="a word of a member"), "Mira Example"


def limited(**more: Any) -> dict[str, Any]:
    """The fields of what a member wrote: words for two days, names for one."""
    times = {"stored_until": START + 2 * DAY, "profile_until": START + DAY}
    return {"text": TEXT, "person_name": NAME, "surface": "public", "thread": "p1", **times, **more}


def stored(house: ConversationsHarness) -> bytes:
    """Every document and every event that the partition has written."""
    return orjson.dumps(list(house.driver.store.documents.values()), default=str)


async def test_the_words_go_at_their_time_and_the_conversation_stays() -> None:
    house = ConversationsHarness()
    files = [Attachment(kind="image", url="https://files.example/a-member")]
    await house.customer(1, **limited(attachments=files, quote="quoted by a member", links=["https://l.example"]))
    await house.driver.advance_to(START + 2 * DAY - timedelta(seconds=1))
    assert house.messages()[0].text == TEXT
    await house.driver.advance_to(START + 2 * DAY)
    message = house.messages()[0]
    assert (message.text, message.attachments, message.quote, message.links) == (None, [], None, [])
    assert message.content_removed is not None
    assert (message.content_removed.code, message.content_removed.at) == ("storage_limit", START + 2 * DAY)
    assert message_view(message).content_removed == message.content_removed
    assert [fact.message for fact in house.facts("content_removed")] == ["m1"]
    assert (house.case().status, house.case().received) == ("waiting", 1)
    assert house.case().response_tracking.open_run() is not None
    assert b"a word of a member" not in stored(house)
    assert b"a-member" not in stored(house)


async def test_names_go_before_the_words() -> None:
    house = ConversationsHarness()
    identities = [PersonIdentity(kind="username", value="mira.example")]
    await house.customer(1, **limited(identities=identities))
    await house.customer(1, "reaction", reaction=Reaction(emoji="👍"), **limited(id="r1", text=None))
    await house.driver.advance_to(START + DAY)
    person = house.driver.get(PERSONS, house.key)
    assert person is not None
    assert (person.name, person.identities) == (None, [])
    assert (house.messages()[0].text, house.messages()[0].author.name) == (TEXT, None)
    assert NAME.encode() not in stored(house)
    assert NAME not in str([event.data for event in house.driver.sent])


async def test_a_name_that_the_platform_told_again_has_its_own_time() -> None:
    house = ConversationsHarness()
    await house.customer(1, **limited())
    await house.customer(2, **limited(profile_until=START + DAY + timedelta(hours=5)))
    await house.driver.advance_to(START + DAY)
    assert (known := house.driver.get(PERSONS, house.key)) is not None
    assert known.name == NAME
    await house.driver.advance_to(START + DAY + timedelta(hours=5))
    assert (known := house.driver.get(PERSONS, house.key)) is not None
    assert known.name is None


@given(st.lists(st.sampled_from(["repeat", "edit", "reaction"]), max_size=6))
async def test_nothing_brings_removed_words_back(events: list[str]) -> None:
    house = ConversationsHarness()
    await house.customer(1, **limited())
    await house.driver.advance_to(START + 2 * DAY)
    again = limited(stored_until=START + 5 * DAY, profile_until=START + 4 * DAY, received_at=START + 2 * DAY)
    for number, event in enumerate(events):
        if event == "repeat":
            await house.customer(1, **again)
        else:
            kind: dict[str, Any] = {"reaction": Reaction(emoji="👍")} if event == "reaction" else {}
            await house.customer(1, event, id=f"{event}-{number}", **kind, **again)
    (message,) = house.messages()
    assert (message.text, message.reactions, message.edits) == (None, [], [])
    assert message.content_removed is not None
    assert b"a word of a member" not in stored(house)


async def test_names_with_a_limit_are_no_evidence_of_who_is_one_customer() -> None:
    proven = [PersonIdentity(kind="email", value="mira@example.com", proven=True)]
    for fields, reported in (({"identities": proven}, 1), (limited(identities=proven), 0)):
        house = ConversationsHarness()
        await house.customer(1, **fields)
        assert [event.type for event in house.driver.sent].count("pasokh.identity.proven") == reported


async def test_our_own_answers_stay() -> None:
    house = ConversationsHarness()
    await house.customer(1, **limited())
    await house.assign()
    await house.reply(text="an answer of ours")
    await house.driver.advance_to(START + 30 * DAY)
    ours = [message.text for message in house.messages() if message.direction == "outbound"]
    assert ours == [EncryptedText(text="an answer of ours")]


async def test_a_deletion_at_the_platform_is_not_waited_for() -> None:
    house = ConversationsHarness()
    await house.customer(1, **limited())
    await house.customer(1, "deletion", **limited(text=None))
    assert b"a word of a member" not in stored(house)
    await house.driver.advance_to(START + 3 * DAY)
    assert (house.messages()[0].state, house.messages()[0].content_removed) == ("deleted", None)


async def test_a_change_that_waits_for_its_message_waits_no_longer_than_its_words_may() -> None:
    house = ConversationsHarness()
    await house.customer(1, "edit", author="account", **limited())
    (waiting,) = [d for k, d in house.driver.store.documents.items() if k.id.startswith("early/")]
    assert str(waiting["expires_at"]).startswith((START + DAY).strftime("%Y-%m-%dT%H"))


async def test_what_goes_on_in_another_partition_goes_by_the_same_log() -> None:
    house = ConversationsHarness()
    work = house.driver.processor.unit_of_work(PartitionContext("conversations", 0, 1, 1), START, house.driver.store)
    for activity in (house.activity(1), house.activity(2, **limited())):
        send_forward(work, house.key, Forward(conversation="c", activity=activity))
    assert [record.topic for record in work.outbox] == ["commands", "inbound_limited"]


async def test_no_file_of_the_data_folder_has_the_words_and_names_after_their_time(tmp_path: Path) -> None:
    house = ConversationsHarness()
    async with open_database(tmp_path / "pasokh.db") as database:
        store = SqliteStore(database, paired=True)
        await store.prepare([*COLLECTIONS, TIMERS])
        known = {collection.name for collection in (*COLLECTIONS, TIMERS)}

        async def save(before: dict[Key, Document]) -> None:
            after = house.driver.store.documents
            puts = [Put(key, after[key]) for key in after if key.collection in known and after[key] != before.get(key)]
            for number in range(0, len(puts), 20):
                await store.commit(Changes(puts=puts[number : number + 20]))
            await store.commit(Changes(deletes=[key for key in before if key.collection in known and key not in after]))

        for number in range(60):
            text = EncryptedText(text=f"{TEXT.text} {number} " + "long " * (number * 13 % 300))
            await house.customer(number, **limited(text=text, quote="quoted by a member"))
        await house.assign()
        await house.reply(text="an answer")
        written = dict(house.driver.store.documents)
        await save({})
        assert in_files(tmp_path, TEXT.text) >= 60
        await house.driver.advance_to(START + DAY)
        named = dict(house.driver.store.documents)
        await save(written)
        assert await database.truncate_log()
        assert in_files(tmp_path, NAME) == 0
        await house.driver.advance_to(START + 2 * DAY)
        await save(named)
        assert await database.truncate_log()
        assert [in_files(tmp_path, words) for words in (TEXT.text, "quoted by a member")] == [0, 0]
        assert in_files(tmp_path, "an answer") > 0


def in_files(folder: Path, words: str) -> int:
    """How often words stand in the bytes of the files of a folder."""
    return sum(path.read_bytes().count(words.encode()) for path in folder.rglob("*") if path.is_file())
