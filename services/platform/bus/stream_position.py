"""How far a client of a stream has come: per source, the number of the last fact that it has. Also the stream's id."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from schemas.envelope import Event
from services.platform.bus.sequence_number import BEFORE_ALL, SequenceNumber
from services.platform.core import base64url

AFTER_LAST_SEQ = 2**63


class StreamPosition:
    """Numbers by source (`group/partition`). The client has no fact yet of a source that is not in it."""

    def __init__(self, numbers: Mapping[str, SequenceNumber]) -> None:
        self._numbers = dict(numbers)

    def of(self, source: str) -> SequenceNumber:
        """The number of the last fact of a source."""
        return self._numbers.get(source, BEFORE_ALL)

    def admit(self, event: Event) -> bool:
        """Whether the client does not have the event yet; from then on it has. So a repeat that was published again is dropped."""
        if event.seq is None or event.index is None:
            return False
        number = (event.seq, event.index)
        if number <= self.of(event.source):
            return False
        self._numbers[event.source] = number
        return True

    def text(self) -> str:
        """An opaque id, which `read` understands in every process and version."""
        rows: dict[str, list[int]] = {}
        for source, number in sorted(self._numbers.items()):
            group, _, partition = source.rpartition("/")
            rows.setdefault(group, []).extend((int(partition), *number))
        return base64url.encode(orjson.dumps(rows))


def after(rows: Mapping[str, int]) -> StreamPosition:
    """The position from which everything after these partition rows (source → its `seq`) is new."""
    # (seq + 1, -1) is above every number of the commit `seq`, and below every number of the next one.
    return StreamPosition({source: (seq + 1, BEFORE_ALL[1]) for source, seq in rows.items()})


def read(text: str) -> StreamPosition:
    """The position of an id. Raises ValueError for a text that `StreamPosition.text` did not make."""
    try:
        rows = orjson.loads(base64url.decode(text))
        return StreamPosition(dict(_entries(rows)))
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError("this is no id of a stream") from error


# Any: a client may send any JSON as an id.
def _entries(rows: Mapping[str, Any]) -> Iterable[tuple[str, SequenceNumber]]:
    for group, numbers in rows.items():
        if not all(isinstance(number, int) and -1 <= number < AFTER_LAST_SEQ for number in numbers):
            raise ValueError("numbers are whole, and not above 64 bits")
        for partition, seq, index in zip(*[iter(numbers)] * 3, strict=True):
            yield f"{group}/{partition}", (seq, index)
