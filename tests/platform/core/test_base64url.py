"""Base64 for URLs: without padding, and strict about everything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.platform.core import base64url


@given(st.binary(max_size=200))
def test_what_is_encoded_decodes_to_the_same_bytes(data: bytes) -> None:
    text = base64url.encode(data)

    assert base64url.decode(text) == data
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_padding_may_be_there() -> None:
    assert base64url.decode("_w==") == base64url.decode("_w") == b"\xff"


@pytest.mark.parametrize("text", ["a", "a+b/", "ab cd", "é", "ab\ncd", "=a"])
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not base64url"):
        base64url.decode(text)
