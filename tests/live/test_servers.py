"""The servers that other tests rely on: they answer, and they keep their data and port over an outage."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pymongo import AsyncMongoClient

from tests.live_servers.kafka import LocalKafka
from tests.live_servers.server import Server


def _bootstrap(kafka: Server) -> str:
    return kafka.url.removeprefix("kafka://")


async def _create_topic(kafka: Server, replication: int = 1) -> str:
    topic = f"servers-{uuid4()}"
    admin = AIOKafkaAdminClient(bootstrap_servers=_bootstrap(kafka))
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=replication)])
    await admin.close()
    return topic


async def _produce(kafka: Server, topic: str, *values: bytes) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=_bootstrap(kafka), acks="all", enable_idempotence=True, compression_type="lz4"
    ) as producer:
        for value in values:
            await producer.send_and_wait(topic, value, key=b"one")


async def _consume(kafka: Server, topic: str, count: int) -> list[bytes]:
    async with AIOKafkaConsumer(topic, bootstrap_servers=_bootstrap(kafka), auto_offset_reset="earliest") as consumer:
        return [(await asyncio.wait_for(consumer.getone(), 20)).value for _ in range(count)]


@asynccontextmanager
async def _client(mongo: Server) -> AsyncIterator[AsyncMongoClient[dict[str, Any]]]:
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(mongo.url, serverSelectionTimeoutMS=20_000) as client:
        yield client


async def test_kafka_gives_back_what_was_produced_in_order(kafka_server: Server) -> None:
    topic = await _create_topic(kafka_server)
    await _produce(kafka_server, topic, b"a", b"b", b"c")
    assert await _consume(kafka_server, topic, 3) == [b"a", b"b", b"c"]


@pytest.mark.slow
async def test_kafka_keeps_acknowledged_records_over_a_kill_and_a_stop(stoppable_kafka: Server) -> None:
    topic = await _create_topic(stoppable_kafka)
    await _produce(stoppable_kafka, topic, b"before the kill")
    stoppable_kafka.kill()
    stoppable_kafka.start()
    await _produce(stoppable_kafka, topic, b"before the stop")
    stoppable_kafka.stop()
    stoppable_kafka.start()
    assert await _consume(stoppable_kafka, topic, 2) == [b"before the kill", b"before the stop"]


@pytest.mark.slow
async def test_three_nodes_go_on_without_one(kafka_cluster: LocalKafka) -> None:
    topic = await _create_topic(kafka_cluster, replication=3)
    await _produce(kafka_cluster, topic, b"with three")
    kafka_cluster.nodes[0].process.kill()
    await _produce(kafka_cluster, topic, b"with two")
    kafka_cluster.start()
    assert await _consume(kafka_cluster, topic, 2) == [b"with three", b"with two"]


async def test_mongo_commits_several_documents_at_once(mongo_server: Server) -> None:
    async with _client(mongo_server) as client:
        await client.admin.command("ping")
        documents = client[f"servers-{uuid4()}"]["documents"]
        async with client.start_session() as session, await session.start_transaction():
            await documents.insert_one({"_id": 1, "seq": 1}, session=session)
            await documents.insert_one({"_id": 2, "seq": 1}, session=session)
            assert await documents.find_one({"_id": 1}) is None
        assert await documents.count_documents({"seq": 1}) == 2


@pytest.mark.slow
async def test_mongo_keeps_a_commit_over_a_kill_and_a_stop(stoppable_mongo: Server) -> None:
    name = f"servers-{uuid4()}"
    for end, number in ((stoppable_mongo.kill, 1), (stoppable_mongo.stop, 2)):
        async with _client(stoppable_mongo) as client:
            await client[name]["documents"].insert_one({"_id": number})
        end()
        stoppable_mongo.start()
    async with _client(stoppable_mongo) as client:
        assert await client[name]["documents"].count_documents({}) == 2
