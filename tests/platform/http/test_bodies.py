"""Bodies within bounds of bytes, time and depth."""

import asyncio
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from services.platform.http.bodies import BodyTimeout, BodyTooLarge, ClientDisconnected, read_body, too_deep

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='ab"\\[]{}é'),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='k"[{\\', max_size=3), inner, max_size=3)
    ),
    max_leaves=30,
)


def depth_of(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth_of, inner), default=0) if isinstance(value, dict | list) else 0


@given(VALUES, st.integers(0, 6))
def test_depth_is_that_of_the_value_whatever_its_strings_hold(value: Any, limit: int) -> None:
    assert too_deep(json.dumps(value).encode(), limit) == (depth_of(value) > limit)


@pytest.mark.parametrize(
    "hostile",
    [
        b"[" * 1_000_000,
        b'"' + b'\\"' * 500_000,
        b'["' * 500_000,
        b"[" * 100 + b'"' * 999_900,
        b"[" * 100 + b"\\" * 999_900,
    ],
    ids=["brackets", "escaped quotes", "open strings", "quotes", "backslashes"],
)
def test_hostile_bytes_cost_little(hostile: bytes) -> None:
    began = time.process_time()
    too_deep(hostile)
    assert time.process_time() - began < 1


def messages(*given: Message) -> Any:
    left = list(given)

    async def receive() -> Message:
        if left:
            return left.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    return receive


def chunk(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_chunks_are_one_body() -> None:
    assert await read_body(messages(chunk(b"ab"), chunk(b"c", more=False))) == b"abc"


async def test_a_body_of_exactly_the_limit_is_taken() -> None:
    assert await read_body(messages(chunk(b"abc", more=False)), limit=3) == b"abc"


async def test_one_byte_more_is_too_large() -> None:
    with pytest.raises(BodyTooLarge):
        await read_body(messages(chunk(b"ab"), chunk(b"cd")), limit=3)


async def test_a_declared_length_is_judged_before_any_byte_is_read() -> None:
    with pytest.raises(BodyTooLarge):
        await read_body(messages(), [(b"content-length", b"4")], limit=3)


async def test_a_body_that_never_ends_is_late() -> None:
    with pytest.raises(BodyTimeout):
        await read_body(messages(chunk(b"ab")), seconds=0.01)


async def test_a_client_that_goes_away_leaves_no_body() -> None:
    with pytest.raises(ClientDisconnected):
        await read_body(messages(chunk(b"ab"), {"type": "http.disconnect"}))
