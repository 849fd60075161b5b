"""What is used of aiokafka without being published still stands where it stood: a release that moves it fails here."""

import inspect

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.producer.sender import Sender

from services.platform.bus.kafka import internals
from services.platform.core.errors import Unavailable


def _attributes_of(cls: type) -> str:
    return inspect.getsource(cls)


async def test_a_consumer_has_the_parts_that_are_checked_and_closed() -> None:
    consumer = AIOKafkaConsumer("topic", bootstrap_servers="localhost:1", group_id="group")

    assert consumer._fetcher is None
    assert isinstance(consumer._client, AIOKafkaClient)
    source = _attributes_of(AIOKafkaConsumer)
    assert "self._coordinator = GroupCoordinator(" in source
    assert "self._fetcher = Fetcher(" in source
    assert callable(GroupCoordinator.check_errors)
    assert isinstance(Fetcher.error_future, property)
    assert inspect.iscoroutinefunction(Fetcher.close)
    await internals.force_close_consumer(consumer)
    await consumer.stop()


async def test_a_producer_has_the_parts_that_are_closed_by_force() -> None:
    producer = AIOKafkaProducer(bootstrap_servers="localhost:1")

    assert isinstance(producer.client, AIOKafkaClient)
    assert isinstance(producer._sender, Sender)
    assert isinstance(Sender.sender_task, property)
    assert "if self._closed:" in inspect.getsource(AIOKafkaProducer.stop)
    await internals.force_close_producer(producer)
    # It counts as stopped: stopping it once more does nothing, where it would wait for the bus.
    await producer.stop()


def test_a_fetcher_that_ended_is_unavailable() -> None:
    class Ended:
        def done(self) -> bool:
            return True

    class Part:
        error_future = Ended()

        def check_errors(self) -> None:
            return

    class Consumer:
        _coordinator = _fetcher = Part()

    with pytest.raises(Unavailable, match="fetching"):
        internals.check_consumer(Consumer())
