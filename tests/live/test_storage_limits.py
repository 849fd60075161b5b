"""What platforms let us store for a limited time goes in time, where every service is a process on Kafka and MongoDB, over kill -9.

The processes start with clocks that are days behind the machine's, are killed, and start with later ones. Kafka has the
machine's clock throughout; it looks for what is past its retention from its second start on.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.record.memory_records import MemoryRecords

from services.channels.port import Request
from services.composition import SERVICES
from tests.channels.linkedin import cases as linkedin
from tests.channels.places import Place, text_of
from tests.channels.x import cases as x
from tests.live.installation import ADMIN_KEY, Running, Shop, database, served, shop_at, update_of
from tests.live.leak_search import documents_of_mongo
from tests.live.waiting import eventually, eventually_sync
from tests.live_servers.fixtures import absence
from tests.live_servers.jars import kafka_jars
from tests.live_servers.kafka import LocalKafka
from tests.live_servers.server import Server, Unavailable

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NOWHERE = "http://127.0.0.1:9"
LATER = 3_600_000
RESTING: Mapping[str, object] = {"log.initial.task.delay.ms": LATER, "log.retention.check.interval.ms": LATER}
DELETING: Mapping[str, object] = {
    "log.initial.task.delay.ms": 0,
    "log.retention.check.interval.ms": 300,
    "log.segment.delete.delay.ms": 0,
}
"""Kafka looks every five minutes by its defaults, and has files for a minute more."""
SAID = {"x": "words of a member of X", "linkedin": "words of a member of LinkedIn", "telegram": "words on Telegram"}
AUTHOR = "Sara Kalnina"
LIMITED = (SAID["x"], AUTHOR, SAID["linkedin"])
WAIT_SECONDS = 120.0
"""A router that starts again waits for the one that was killed, whose membership Kafka ends after ten seconds of its own, and
each of its partitions commits to a disk on which a Kafka recovers."""
TWO_DAYS_AGO, YESTERDAY, NOW = timedelta(hours=50), timedelta(hours=20), timedelta(0)


@dataclass
class Installation:
    """Services as processes, with a Kafka of their own and a database of their own."""

    folder: Path
    kafka: LocalKafka
    store: str
    processes: dict[str, Running] = field(default_factory=dict)

    def start(self, names: Sequence[str], behind: timedelta) -> None:
        """Start services with a clock that is so far behind."""
        environment = {
            "PASOKH_BUS": self.kafka.url,
            "PASOKH_STORE": self.store,
            "PASOKH_PARTITIONS": "2",
            "PASOKH_ADMIN_KEY": ADMIN_KEY,
            "PASOKH_ALLOWED_TARGETS": '["127.0.0.1:9"]',
        }
        program = (sys.executable, "-m", "tests.live.moved_clock", str(behind.total_seconds()))
        for name in names:
            self.processes[name] = served(self.folder / f"{name}-{behind}", name, environment, program)
            self.processes[name].start()
        for name in names:
            self.processes[name].wait_ready()

    def kill(self) -> None:
        for process in self.processes.values():
            process.kill()

    def topics_with(self, words: str) -> set[str]:
        """The directories of Kafka, without the number of the partition, in which a file has the words."""
        files = [path for path in self.kafka.logs.rglob("*") if path.is_file()]
        return {path.parent.name.rpartition("-")[0] for path in files if words.encode() in contents(path)}

    def is_stored(self, words: str) -> bool:
        """Whether any document of any collection has the words."""
        return bool(self.documents_with(words))

    def documents_with(self, words: str) -> list[bytes]:
        """The documents, of any collection, that have the words."""
        name = self.store.rpartition("/")[2].partition("?")[0]
        return [document for document in documents_of_mongo(self.store, name) if words.encode() in document]

    def state(self) -> str:
        """What still has words of limited storage, and the end of the router's log."""
        left = {words: self.documents_with(words) for words in LIMITED}
        return f"\n{left}\n{self.processes['router'].process.last_words()}"


def contents(path: Path) -> bytes:
    """The bytes of a file of Kafka; of a segment also those that its compressed batches unpack to."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:  # Kafka deletes while this looks
        return b""
    batches = MemoryRecords(raw if ".log" in path.suffixes else b"")
    found = [raw]
    while batches.has_next():
        found += [record.value or b"" for record in batches.next_batch()]
    return b"\n".join(found)


@pytest.fixture
def installation(tmp_path: Path, mongo_server: Server) -> Iterator[Installation]:
    try:
        kafka = LocalKafka(kafka_jars(), 1, lambda *_: RESTING)
    except Unavailable as error:
        raise absence(str(error)) from None
    with closing(kafka):
        kafka.start()
        installed = Installation(tmp_path, kafka, database(mongo_server, f"limits-{uuid4().hex[:8]}"))
        yield installed
        installed.kill()


async def test_words_and_names_go_from_the_log_and_from_every_collection_and_the_rest_stays(
    installation: Installation,
) -> None:
    installation.start(tuple(SERVICES), TWO_DAYS_AGO)
    await write_on_every_channel(installation)
    installation.kill()
    installation.kafka.kill()
    assert [installation.topics_with(words) for words in LIMITED] == [{"pasokh.inbound_limited.v1"}] * len(LIMITED)
    assert installation.topics_with(SAID["telegram"]) == {"pasokh.inbound.v1"}
    assert all(installation.is_stored(words) for words in (*LIMITED, SAID["telegram"]))

    installation.kafka.configure(DELETING)
    installation.kafka.start()
    installation.start(["router"], YESTERDAY)
    eventually_sync(
        lambda: not any(installation.topics_with(words) for words in LIMITED), WAIT_SECONDS, detail=installation.state
    )
    eventually_sync(
        lambda: not installation.is_stored(SAID["x"]) and not installation.is_stored(AUTHOR),
        WAIT_SECONDS,
        detail=installation.state,
    )
    assert installation.is_stored(SAID["linkedin"]), "48 hours are not over"
    installation.kill()

    installation.start(["router", "ingest"], NOW)
    eventually_sync(lambda: not installation.is_stored(SAID["linkedin"]), WAIT_SECONDS, detail=installation.state)
    assert installation.topics_with(SAID["telegram"]) == {"pasokh.inbound.v1"}
    assert installation.is_stored(SAID["telegram"])
    async with shop_at(installation.processes["router"].url, ADMIN_KEY) as shop:
        assert await removals(shop) == {"x": "storage_limit", "linkedin": "storage_limit", "telegram": None}
        await post(installation, linkedin_comment(2, "a comment of today"))
        [comment] = await shop.items("/conversations", channel="linkedin")
        await eventually(lambda: texts(shop, comment), holds=lambda found: found == [None, "a comment of today"])
    assert installation.topics_with("a comment of today") == {"pasokh.inbound_limited.v1"}


async def write_on_every_channel(installation: Installation) -> None:
    """A message on each, which nobody answers."""
    async with shop_at(installation.processes["router"].url, ADMIN_KEY) as shop:
        await shop.open_with(NOWHERE, {})
        for cases in (x, linkedin):
            body = {"credentials": cases.CREDENTIALS, "settings": {"catch_up": False}, "api_base": NOWHERE}
            await shop.put(f"/accounts/{cases.account().channel}/main", body)
        await post(installation, call(x.places()[0], {text_of(1): SAID["x"], x.USERS["name"]: AUTHOR}))
        await post(installation, linkedin_comment(1, SAID["linkedin"]))
        async with shop_at(installation.processes["ingest"].url, ADMIN_KEY) as ingest:
            assert (await ingest.post(update_of(1, 1, SAID["telegram"]))).status_code == 200
        await eventually(lambda: removals(shop), holds=lambda found: found == dict.fromkeys(SAID))


def linkedin_comment(number: int, words: str) -> Request:
    return call(linkedin.places()[0], {text_of(number): words}, number)


def call(place: Place, changed: Mapping[str, str], number: int = 1) -> Request:
    """An authentic call with the place's message of this number, in which words are other ones."""
    written = json.dumps(place.message(number))
    for before, after in changed.items():
        assert before in written
        written = written.replace(before, after)
    return place.post([json.loads(written)])


async def post(installation: Installation, request: Request) -> None:
    async with shop_at(installation.processes["ingest"].url, ADMIN_KEY) as ingest:
        headers = {"authorization": "", **request.headers}
        answer = await ingest.client.post(request.path, content=request.body, headers=headers)
        assert answer.status_code == 200, answer.text


async def removals(shop: Shop) -> dict[str, str | None]:
    """Channel → why the content of the first message there was removed."""
    found = {}
    for conversation in await shop.items("/conversations"):
        first, *_ = await shop.items(f"/conversations/{conversation['id']}/messages")
        found[conversation["channel"]] = first.get("content_removed", {}).get("code")
    return found


async def texts(shop: Shop, conversation: Mapping[str, Any]) -> list[str | None]:
    return [one["text"] for one in await shop.items(f"/conversations/{conversation['id']}/messages")]
