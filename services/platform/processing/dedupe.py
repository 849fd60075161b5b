"""The dedupe table of a partition: the last number handled per source and topic (docs/adr/0002, rule 1)."""

from schemas.envelope import Event
from services.platform.bus.sequence_number import BEFORE_ALL, SequenceNumber


class DedupeVector:
    """Says whether an event is new. It is stored in the partition row.

    It is never pruned: it has one entry per partition of a writer and topic, of which there are few.
    """

    def __init__(self, table: dict[str, SequenceNumber]) -> None:
        self.table = dict(table)

    def admit(self, event: Event, topic: str) -> bool:
        """True when the event has not been handled; from then on it has. Events without a number are always new."""
        seq, index = event.seq, event.index
        if seq is None or index is None:
            return True
        # By source alone, the events of one topic would hide those of another that is read later.
        number, stream = (seq, index), f"{event.source}|{topic}"
        if number <= self.table.get(stream, BEFORE_ALL):
            return False
        self.table[stream] = number
        return True
