"""Pauses between attempts that double up to a maximum, and their jitter: the one rule of all loops that retry."""

from dataclasses import dataclass, field
from hashlib import blake2b

MAX_DOUBLINGS = 64
"""More than any maximum needs; beyond it, a float would overflow."""


def doubled(first: float, maximum: float, failures: int) -> float:
    """Seconds to wait after so many failures in a row, at least one: `first`, twice as long after each more."""
    return min(first * 2.0 ** min(max(failures, 1) - 1, MAX_DOUBLINGS), maximum)


def spread(name: str) -> float:
    """A number from 0 to below 1 that is always the same for a name: what is due at one time for all is spread by it."""
    # From a name and not from chance: a batch that is decided again decides the same times.
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big") / 2**32


@dataclass(slots=True)
class Backoff:
    """The pauses of one loop, in seconds: `first`, then twice as long after each failure, at most `maximum`."""

    first: float
    maximum: float
    failures: int = field(default=0, init=False)
    """In a row, since the last `reset`."""

    def next(self) -> float:
        """Count a failure; returns how long to wait after it."""
        self.failures += 1
        return doubled(self.first, self.maximum, self.failures)

    def reset(self) -> None:
        """An attempt worked: the next failure waits for `first` again."""
        self.failures = 0
