"""Cursors come back from callers, who may have made them up: whatever no store gave is refused before any store is asked."""

import base64
from typing import Any

import pytest

from services.platform.store.cursors import decode_cursor, encode_cursor
from services.platform.store.port import Query

QUERY = Query("things", "at")


@pytest.mark.parametrize("value", ["2026-11-22", "", "‌نیم‌فاصله", 7, -(2**63), 2**63 - 1, 1.5, True, None])
def test_a_cursor_leads_back_to_its_place(value: Any) -> None:
    assert decode_cursor(QUERY, encode_cursor(QUERY, [value, "id"]), 2) == [value, "id"]


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**400, float("inf"), float("nan"), [], {}, [[["a"]]]])
def test_a_cursor_with_a_value_that_no_index_holds_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="cursor"):
        decode_cursor(QUERY, encode_cursor(QUERY, [value, "id"]), 2)


def test_a_cursor_with_half_a_character_is_refused() -> None:
    mark = encode_cursor(QUERY, ["a", "id"])
    whole = base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)).decode()
    half = whole.replace('"a"', '"\\ud800"')
    with pytest.raises(ValueError, match="cursor"):
        decode_cursor(QUERY, base64.urlsafe_b64encode(half.encode()).decode().rstrip("="), 2)


def test_a_cursor_that_nests_deeper_than_the_stack_is_refused() -> None:
    deep = base64.urlsafe_b64encode(b"[" * 100_000).decode().rstrip("=")
    with pytest.raises(ValueError, match="cursor"):
        decode_cursor(QUERY, deep, 2)
