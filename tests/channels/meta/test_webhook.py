"""The envelope of a webhook, and its times."""

from datetime import UTC, datetime

import pytest

from schemas.values import Json
from services.channels.meta.webhook import instant, read_entries
from services.channels.port import InvalidPayload, Request

AT = datetime(2023, 10, 11, 16, 53, 43, tzinfo=UTC)


def posted(body: bytes) -> Request:
    return Request("POST", "/webhooks/page/shop/main", {}, {}, body, AT)


@pytest.mark.parametrize("value", [1697043223, "1697043223", 1697043223000, "1697043223000"])
def test_a_time_is_in_seconds_or_milliseconds_as_number_or_text(value: Json) -> None:
    assert instant(value) == AT


@pytest.mark.parametrize("value", [0, "", "x", None, -5, True, [], 10**19, "99999999999999999999"])
def test_anything_else_is_no_time(value: Json) -> None:
    assert instant(value) is None


def test_entries_are_objects() -> None:
    assert read_entries(posted(b'{"object":"page","entry":[{"id":"1"},7]}')) == ("page", [{"id": "1"}, {}])
    assert read_entries(posted(b'{"object":"page"}')) == ("page", [])


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"object":1}', b"{", b"[" * 100_000])
def test_what_is_no_webhook_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidPayload):
        read_entries(posted(body))
