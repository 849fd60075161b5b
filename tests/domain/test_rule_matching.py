"""All conditions of a rule must hold, and any value of a list."""

from collections.abc import Iterable

import pytest

from schemas.configuration import Match
from services.domain.rule_matching import matches

VALUES: dict[str, Iterable[object]] = {
    "channel": ("telegram",),
    "surface": ("private",),
    "language": (None,),
    "sensitive": (False,),
    "tag": ("new", "vip"),
}


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (Match(), True),
        (Match(channel="telegram"), True),
        (Match(channel=["x", "telegram"]), True),
        (Match(channel="x"), False),
        (Match(channel="telegram", surface="public"), False),
        (Match(language="fa"), False),
        (Match(language=["fa", "en"]), False),
        (Match(sensitive=False), True),
        (Match(sensitive=True), False),
        (Match(tag="vip"), True),
        (Match(tag=["old", "vip"]), True),
        (Match(tag="old"), False),
        (Match(tier="gold"), False),
    ],
)
def test_conditions(when: Match, expected: bool) -> None:
    assert matches(when, lambda name: VALUES.get(name, ())) is expected
