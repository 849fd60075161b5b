"""Looks for a number in everything that an installation holds or says, however it is written there."""

import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from aiokafka import AIOKafkaConsumer
from pymongo import MongoClient

from schemas.envelope import decode
from schemas.topics import TOPICS
from services.platform.bus.kafka.topics import bootstrap_servers, topic_name

ASCII, PERSIAN, ARABIC = "0123456789", "۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩"
FOLDED = str.maketrans(PERSIAN + ARABIC, ASCII + ASCII)
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")

Places = Mapping[str, Sequence[bytes]]
"""Where something was said or kept → every piece of it."""


def spaced(number: str) -> str:
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))


def dashed(number: str) -> str:
    return spaced(number).replace(" ", "-")


def persian(text: str) -> str:
    return text.translate(str.maketrans(ASCII, PERSIAN))


def spellings(number: str) -> list[str]:
    """A card number as people write it."""
    latin = [number, spaced(number), dashed(number)]
    return latin + [persian(one) for one in latin]


def holds(piece: bytes, number: str) -> bool:
    """Whether a spelling of the number is there, or its digits in a row with anything but digits between them."""
    if any(spelling.encode() in piece for spelling in spellings(number)):
        return True
    text = ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), piece.decode(errors="replace"))
    return number in re.sub(r"[^0-9]", "", text.translate(FOLDED))


def with_number(places: Places, number: str) -> set[str]:
    """The places that hold a number."""
    return {place for place, pieces in places.items() if any(holds(piece, number) for piece in pieces)}


def with_words(places: Places, words: str) -> set[str]:
    """The places that hold these words."""
    return {place for place, pieces in places.items() if any(words.encode() in piece for piece in pieces)}


def files(folder: Path) -> list[bytes]:
    """Every file below a folder, byte for byte."""
    return [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]


def decoded(records: Iterable[tuple[str, bytes]]) -> dict[str, list[bytes]]:
    """Topic → its events, read as events and written again."""
    topics: dict[str, list[bytes]] = {}
    for topic, value in records:
        topics.setdefault(f"topic {topic}", []).append(decode(value).model_dump_json().encode())
    return topics


def topics_of_sqlite(file: Path) -> dict[str, list[bytes]]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return decoded(connection.execute("SELECT topic, value FROM bus_record").fetchall())


def rows_of_sqlite(file: Path) -> list[bytes]:
    """Every row of every table, which a page's end may cut in two in the file itself."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for name in names for row in connection.execute(f'SELECT * FROM "{name}"')]  # noqa: S608 - its own tables
    return ["\n".join(map(_written, row)).encode() for row in rows]


def _written(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


async def topics_of_kafka(url: str, namespace: str) -> dict[str, list[bytes]]:
    """Every event of every topic of an installation."""
    names = [topic_name(namespace, topic.name) for topic in TOPICS]
    consumer = AIOKafkaConsumer(*names, bootstrap_servers=bootstrap_servers(url), auto_offset_reset="earliest")
    records: list[tuple[str, bytes]] = []
    await consumer.start()
    try:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for place, found in (await consumer.getmany(timeout_ms=500)).items():
                records += [(place.topic.removeprefix(f"{namespace}."), record.value) for record in found]
    finally:
        await consumer.stop()
    return decoded((f"pasokh.{name}", value) for name, value in records)


def documents_of_mongo(url: str, name: str) -> list[bytes]:
    """Every document of a database."""
    with MongoClient[dict[str, object]](url) as client:
        held = client[name]
        return [repr(one).encode() for kept in held.list_collection_names() for one in held[kept].find()]
