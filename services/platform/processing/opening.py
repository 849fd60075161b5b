"""Opens a partition: the row that its last owner left, the events that owner did not publish, and a number of our own."""

from services.platform.bus.port import Consumer
from services.platform.processing.commit import Position, outbox_key, row_key
from services.platform.processing.publish import Publisher
from services.platform.processing.runtime import Runtime
from services.platform.store.collections import ROWS


class Outdated(Exception):
    """A newer version of Pasokh has migrated the data: this process must not write to them."""


async def open_position(
    group: str, partition: int, runtime: Runtime, consumer: Consumer, publisher: Publisher
) -> Position:
    """The position of a partition, from which its owner may go on.

    Raises Outdated, and Revoked and OffsetOutOfRange as `Consumer.seek` does; other errors of store and bus pass through.
    """
    position = Position.initial(group, partition, runtime.time_source)
    # The row comes first: documents read before it could be older than the commit that it stands for (rule 2).
    key = row_key(group, partition)
    document = (await runtime.store.get_many([key])).get(key)
    if document is not None:
        position.row = ROWS.decode(document)
        if position.row.version > runtime.data_version:
            raise Outdated(f"the data are of version {position.row.version} now; end this process of an older version")
        outbox = outbox_key(group, partition, position.row.seq)
        is_left = await publisher.republish(outbox)
        position.outbox = outbox if is_left else None
    position.set_offsets(await consumer.seek(partition, position.row.offsets))
    # A commit of the last owner may still be on its way. If it came after this, its events would stay unpublished and
    # its timers unknown here until something else happened to be committed (docs/adr/0007). Our number makes it fail.
    await position.fence_previous_owners(runtime.store, runtime.time_source)
    return position
