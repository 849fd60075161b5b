"""Which names a calendar takes for its time zone."""

from zoneinfo import TZPATH, available_timezones

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.business_calendar import Timezone

TIMEZONE: TypeAdapter[str] = TypeAdapter(Timezone)
NO_ZONES = [
    "",
    ".",
    "..",
    "../UTC",
    "/etc/passwd",
    "Asia",
    "Asia/",
    "asia/tehran",
    "./UTC",
    "Mars/Olympus",
    "\0",
    "x" * 300,
]
COPIES = ["posix/UTC", "right/UTC", "posixrules", "tzdata.zi", "zone.tab", *[f"{folder}/UTC" for folder in TZPATH]]


def test_every_zone_of_the_system_is_taken() -> None:
    assert {TIMEZONE.validate_python(name) for name in available_timezones()} == available_timezones()


@pytest.mark.parametrize("name", NO_ZONES + COPIES, ids=repr)
def test_a_name_that_iana_does_not_list_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="no IANA time zone"):
        TIMEZONE.validate_python(name)
