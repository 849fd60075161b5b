"""The language that `Accept-Language` asks for, of those that there are."""

import pytest

from services.platform.http.languages import preferred_language


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, "en"),
        ("", "en"),
        ("fa", "fa"),
        ("fa-IR", "fa"),
        ("FA-ir,fa;q=0.9,en;q=0.8", "fa"),
        ("de, lv;q=0.5, ar;q=0.7", "ar"),
        ("de-DE,de", "en"),
        ("*", "en"),
        ("lv;q=0.2, *;q=0.1", "lv"),
        ("fa;q=0, lv", "lv"),
        ("fa;q=x, lv;q=0.1", "lv"),
        (";;,,=", "en"),
        ("fab", "en"),
    ],
)
def test_the_best_that_there_is(header: str | None, wanted: str) -> None:
    assert preferred_language(header, ("en", "fa", "ar", "lv")) == wanted
