"""Names and settings of our topics on Kafka, and the URL. No client is used here."""

import re
from collections.abc import Mapping

from schemas.topics import TOPICS, Topic
from services.platform.bus.port import MAX_EVENT_BYTES
from services.platform.core.errors import Misconfigured

ROOM_FOR_KEY_AND_HEADERS = 100_000
DAY_SECONDS = 86_400
SEGMENT_SECONDS = 3600


def topic_name(namespace: str, name: str) -> str:
    """The topic of a short name (`inbound` → `pasokh.inbound.v1`)."""
    return f"{namespace}.{name}.v1"


def bootstrap_servers(url: str) -> str:
    """`kafka://host:port,host:port` → `host:port,host:port`. Raises Misconfigured."""
    servers = url.removeprefix("kafka://")
    if servers == url or not all(re.fullmatch(r"[^\s:/@?]+:\d+", one) for one in servers.split(",")):
        raise Misconfigured(f"{url!r} is no URL of Kafka: PASOKH_BUS must be like kafka://host:9092,other:9092")
    return servers


def topic_settings(topic: Topic, copies: int) -> dict[str, str]:
    """The configuration of a new topic."""
    # Kafka deletes whole segments, and begins one in a week: of a topic that is kept shortly it has to begin them sooner. A
    # record goes once the youngest of its segment is past the time, so a segment of an hour adds an hour.
    segment_seconds = min(topic.retention_seconds, SEGMENT_SECONDS)
    short = {"segment.ms": str(segment_seconds * 1000)} if topic.retention_seconds < DAY_SECONDS else {}
    return {
        **short,
        "retention.ms": str(topic.retention_seconds * 1000),
        "cleanup.policy": "delete",
        # One copy may be away, two may not: an acknowledged event is on two machines where there are three.
        "min.insync.replicas": str(max(1, copies - 1)),
        "max.message.bytes": str(MAX_EVENT_BYTES + ROOM_FOR_KEY_AND_HEADERS),
    }


def check_counts(present: Mapping[str, int], partitions: int, namespace: str) -> None:
    """Raises Misconfigured when a topic that is there has another number of partitions."""
    for topic in TOPICS:
        name = topic_name(namespace, topic.name)
        count = present.get(name, partitions)
        if count != partitions:
            raise Misconfigured(
                f"{name} has {count} partitions, not {partitions}: set PASOKH_PARTITIONS={count}; "
                "the number is fixed when the topics are made"
            )
