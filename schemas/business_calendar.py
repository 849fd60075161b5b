"""Calendars of business hours, and the time zones that they may name."""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from schemas.days import Day
from schemas.values import RequestModel

# Folders and a file of the system's database that hold copies under names which IANA does not list.
NOT_IANA = ("posix/", "right/", "posixrules")


def _require_known_zone(name: str) -> str:
    # `available_timezones` would walk a folder tree for every calendar that is read; `ZoneInfo` keeps the zones it has
    # read.
    try:
        is_known = ZoneInfo(name).key == name and not name.startswith(NOT_IANA)
    except (
        ZoneInfoNotFoundError,
        OSError,
        ValueError,
    ):  # unknown; a folder; a file that is no zone, a path that leads out
        is_known = False
    if not is_known:
        raise ValueError("this is no IANA time zone; write one such as Asia/Tehran or Europe/Riga")
    return name


Timezone = Annotated[str, AfterValidator(_require_known_zone)]


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]


class Calendar(RequestModel):
    """Business hours in a time zone.

    `holidays` are days without opening hours. A weekday that is missing in `hours` is closed.
    """

    timezone: Timezone = "UTC"
    hours: dict[Weekday, list[tuple[ClockTime, ClockTime]]]
    holidays: list[Day] = []

    @model_validator(mode="after")
    def _require_open_hours(self) -> "Calendar":
        spans = [span for day in self.hours.values() for span in day]
        if not spans:
            raise ValueError("hours name no opening time; leave `calendar` out for around the clock")
        if any(opens >= closes for opens, closes in spans):
            raise ValueError("each span needs its end after its start, such as ['09:00', '17:00']")
        return self
