"""The topics on Kafka: made where they are missing."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from schemas.topics import TOPICS, Topic
from services.platform.bus.kafka.clients import OPEN_SECONDS
from services.platform.bus.kafka.topics import check_counts, topic_name, topic_settings
from services.platform.core.errors import Misconfigured


async def make_topics(connection: Mapping[str, Any], partitions: int, namespace: str) -> None:
    """Make the topics that are missing. Raises Misconfigured when one has another number of partitions."""
    admin = AIOKafkaAdminClient(**connection, request_timeout_ms=int(OPEN_SECONDS * 1000))
    try:
        await admin.start()
        present = await _partition_counts(admin)
        missing = [topic for topic in TOPICS if topic_name(namespace, topic.name) not in present]
        if missing:
            await _create(admin, missing, partitions, namespace)
        names = {topic_name(namespace, topic.name) for topic in TOPICS}
        while not names <= present.keys():
            await asyncio.sleep(0.05)
            present = await _partition_counts(admin)
    finally:
        await admin.close()
    check_counts(present, partitions, namespace)


async def _partition_counts(admin: Any) -> dict[str, int]:
    # All topics: naming one that does not exist would make it, on brokers that make topics by themselves.
    # One that is just being made is listed without partitions.
    return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics() if topic["partitions"]}


async def _create(admin: Any, topics: Sequence[Topic], partitions: int, namespace: str) -> None:
    brokers = len((await admin.describe_cluster())["brokers"])
    copies = min(3, brokers)
    new = [
        NewTopic(topic_name(namespace, topic.name), partitions, copies, topic_configs=topic_settings(topic, copies))
        for topic in topics
    ]
    answer = await admin.create_topics(new)
    for name, code, *message in answer.topic_errors:
        if code and for_code(code) is not TopicAlreadyExistsError:
            raise Misconfigured(f"Kafka refused to make {name}: {for_code(code).__name__} {message}")
