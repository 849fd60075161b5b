"""Names and texts as our pages show them."""

import pytest

from services.text.display_text import visible_name, without_direction

TURNING = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]


@pytest.mark.parametrize("character", TURNING)
def test_what_turns_the_text_around_is_left_out(character: str) -> None:
    assert without_direction(f"a{character}b") == "ab"
    assert visible_name(f"{character}Sara{character}") == "Sara"


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "\u200b",
        "\u200f\u200e",
        "\u3164",
        "\u2800\u2800",
        "\u115f\u1160",
        "\u00ad",
        "\ufe0f",
        "\u202e",
        "\u0301",
        "\U000e0041",
    ],
)
def test_a_name_of_nothing_is_none(name: str) -> None:
    assert visible_name(name) == ""


@pytest.mark.parametrize("name", ["Sara", "سارا", "Ēriks", "می‌نا", "🙂", "李", "7", "-"])
def test_a_name_that_is_seen_stays(name: str) -> None:
    assert visible_name(name) == name


def test_a_name_is_one_line() -> None:
    assert visible_name(" Sara\n\tof  the shop ") == "Sara of the shop"
