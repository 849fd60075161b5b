"""Ids in UUIDv7 layout (RFC 9562). They sort by time; a processor derives them from the time of its batch and the cause."""

import hashlib
import os
from datetime import datetime

VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""The first digit of the last 64 bits, whose first two bits are 10."""


def uuid7(now: datetime, order: int, entropy: bytes) -> str:
    """48 bits of Unix milliseconds, 12 bits of `order` (modulo 4096), 62 bits of `entropy` (at least 8 bytes)."""
    # The version digit 7 and the variant bits 10 make it a UUID that any tool can read the time of.
    tail = entropy[:8].hex()
    return f"{_time_digits(now)}-7{order & 0xFFF:03x}-{VARIANT[tail[0]]}{tail[1:4]}-{tail[4:]}"


def _time_digits(now: datetime) -> str:
    """The first 12 hex digits of an id: the Unix time in milliseconds."""
    time = f"{int(now.timestamp() * 1000) & ((1 << 48) - 1):012x}"
    return f"{time[:8]}-{time[8:]}"


def derived_id(now: datetime, order: int, *causes: str) -> str:
    """The deterministic id of a result of these causes at this time."""
    return uuid7(now, order, hashlib.blake2b("\x00".join(causes).encode(), digest_size=8).digest())


def random_id(now: datetime) -> str:
    """A random id, for a writer that keeps it over its retries."""
    return uuid7(now, int.from_bytes(os.urandom(2), "big"), os.urandom(8))


def is_derived_id(identity: str) -> bool:
    """Whether an id is one of those that `derived_id` and `random_id` make, and no hash."""
    return len(identity) == 36 and identity[8] == "-" and identity[14] == "7"


def hashed_id(*parts: str) -> str:
    """32 hex digits that are the same for the same parts: deterministic ids of activities, messages, commands."""
    # The separator keeps ("a", "bc") and ("ab", "c") apart.
    return hashlib.blake2b("\x00".join(parts).encode(), digest_size=16).hexdigest()
