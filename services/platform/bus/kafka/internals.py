"""What aiokafka does not publish and we need all the same, in one place; `tests/platform/bus/kafka/test_internals.py` fails when
a release moves any of it.

Its own `stop` methods wait for as long as the bus is away. A consumer whose coordination or fetching has stopped raises that from a
fetch only, and a member without a partition does not fetch.
"""

import asyncio
from typing import Any

from services.platform.core.errors import Unavailable

CANCEL_SECONDS = 0.3


# Any: aiokafka has no types.
def check_consumer(consumer: Any) -> None:
    """Raise what ended the consumer's coordination (an error of aiokafka), or Unavailable when its fetching has ended."""
    consumer._coordinator.check_errors()
    if consumer._fetcher.error_future.done():
        raise Unavailable("the fetching of records stopped")


async def force_close_producer(producer: Any) -> None:
    """Close it with what it has not sent. Its own `stop` would try to send that for as long as the bus is away."""
    producer._closed = True
    await producer.client.close()
    sending = producer._sender.sender_task
    # The first cancellation lets it wait for its requests, the second ends those.
    for _ in range(2):
        if sending is not None and not sending.done():
            sending.cancel()
            await asyncio.wait({sending}, timeout=CANCEL_SECONDS)


async def force_close_consumer(consumer: Any) -> None:
    """Close it without leaving its group, which notices by the missing heartbeat."""
    if consumer._fetcher is not None:
        await consumer._fetcher.close()
    await consumer._client.close()
