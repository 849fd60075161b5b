"""Ten days written out, each with its figures worked out by hand: an oracle that shares no code with what it checks.

Each step stands at its time on the log. An agent's answer was accepted one second before its step, an assignment a
quarter of a second before its step; a message counts from its step, an `older_message` from 100 seconds before. docs/kpis.md
shows the same arithmetic.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from schemas.business_calendar import Calendar
from schemas.envelope import Event
from services.domain.business_hours import WEEKDAYS
from services.metrics.domain.business_hours import Calendars
from services.metrics.domain.recount.report import ReportRequest, recount
from services.metrics.reports import build_report
from tests.metrics.strategies import FactLog
from tests.metrics.test_report import approximately, counted, figures, live_figures, store_with

Figure = tuple[float, float]
"""How many, and their sum in seconds."""


@dataclass(frozen=True)
class Day:
    """`steps` by their time of the day, and what they come to."""

    date: str
    steps: Mapping[str, str]
    figures: Mapping[str, Figure]
    rates: Mapping[str, tuple[int, int]]

    @property
    def midnight(self) -> datetime:
        return datetime.fromisoformat(self.date).replace(tzinfo=UTC)

    @property
    def report(self) -> ReportRequest:
        """The whole of the day, seen a month later."""
        return ReportRequest(self.midnight, self.midnight + timedelta(days=1), now=self.midnight + timedelta(days=30))

    def facts(self) -> list[Event]:
        log = FactLog(self.midnight)
        for time, step in self.steps.items():
            hours, minutes, seconds = (int(part) for part in time[:8].split(":"))
            at = self.midnight + timedelta(hours=hours, minutes=minutes, seconds=seconds)
            log.run(0, step, 0 if at == log.now else int((at - log.now).total_seconds()))
        return log.events


ANSWERED = Day(
    date="2026-03-02",
    steps={
        "09:00:00": "message",
        "09:00:30": "assign",
        "09:05:01": "reply",
        "09:05:03": "deliver",
        "10:05:01": "resolve",
        "23:00:00": "close",
    },
    figures={
        "opened": (1, 0),
        "message_inbound": (1, 0),
        "assigned": (1, 0),
        "message_outbound": (1, 0),
        "resolved": (1, 0),
        "closed": (1, 0),
        "wait/total": (1, 29.75),  # 09:00:00 to 09:00:29.75
        "first_response/human": (1, 300),  # 09:00:00 to 09:05:00
        "first_response/any": (1, 300),
        "handle/active": (1, 271),  # 09:00:30 to 09:05:01
        "resolution/first": (1, 3901),  # 09:00:00 to 10:05:01
        "resolution/full": (1, 3901),
        "resolution/full_less_pending": (1, 301),  # 3901 - 3600 (09:05:01 to 10:05:01)
    },
    rates={
        "abandonment/customer": (0, 1),
        "abandonment/withdrawn": (0, 1),
        "first_contact_resolution/one_touch": (1, 1),
        "first_contact_resolution/strict": (1, 1),
        "response_within_24h/private": (1, 1),
    },
)
FAILED = Day(
    date="2026-03-03",
    steps={
        "09:00:00": "message",
        "09:01:00": "assign",
        "09:10:01": "reply",
        "09:20:00": "fail",
        "09:25:01": "reply",
        "09:25:05": "deliver",
        "09:55:01": "resolve",
        "23:00:00": "close",
    },
    figures={
        "opened": (1, 0),
        "message_inbound": (1, 0),
        "assigned": (1, 0),
        "reply_failed": (1, 0),
        "message_outbound": (1, 0),
        "resolved": (1, 0),
        "closed": (1, 0),
        "wait/total": (1, 59.75),
        "first_response/human": (1, 1500),  # 09:00:00 to 09:25:00: the first answer was never given
        "first_response/any": (1, 1500),
        "handle/active": (1, 1441),  # 541 until 09:10:01, 599 until the failure at 09:20:00, 301 until 09:25:01
        "resolution/first": (1, 3301),
        "resolution/full": (1, 3301),  # 09:00:00 to 09:55:01
        "resolution/full_less_pending": (1, 1501),  # 3301 - 1800 (09:25:01 to 09:55:01 alone)
    },
    rates={
        "abandonment/customer": (0, 1),
        "abandonment/withdrawn": (0, 1),
        "first_contact_resolution/one_touch": (1, 1),
        "first_contact_resolution/strict": (1, 1),
        "response_within_24h/private": (1, 1),
    },
)
OLDER_SECOND = Day(
    date="2026-03-04",
    steps={
        "09:00:00": "message",
        "09:00:30": "older_message",
        "09:01:00": "assign",
        "09:05:01": "reply",
        "09:05:02": "deliver",
        "09:06:01": "resolve",
        "23:00:00": "close",
    },
    figures={
        "opened": (1, 0),
        "message_inbound": (2, 0),
        "queued": (0, 0),
        "assigned": (1, 0),
        "message_outbound": (1, 0),
        "resolved": (1, 0),
        "closed": (1, 0),
        "wait/total": (1, 59.75),
        "first_response/human": (1, 370),  # 08:58:50 to 09:05:00: the earliest message starts the run
        "first_response/any": (1, 370),
        "handle/active": (1, 241),  # 09:01:00 to 09:05:01
        "resolution/first": (1, 361),
        "resolution/full": (1, 361),  # 09:00:00 to 09:06:01
        "resolution/full_less_pending": (1, 301),  # 361 - 60
    },
    rates={
        "abandonment/customer": (0, 1),
        "abandonment/withdrawn": (0, 1),
        "first_contact_resolution/one_touch": (1, 1),
        "first_contact_resolution/strict": (1, 1),
        "response_within_24h/private": (2, 2),
    },
)
CLOSED_WITHOUT_A_WORD = Day(
    date="2026-03-05",
    steps={
        "09:00:00": "message",
        "09:10:00": "resolve",
        "14:00:00": "message",
        "14:01:00": "assign",
        "14:02:01": "reply",
        "14:02:02": "deliver",
        "14:10:01": "resolve",
        "23:00:00": "close",
    },
    figures={
        "opened": (1, 0),
        "message_inbound": (2, 0),
        "reopened": (1, 0),
        "assigned": (1, 0),
        "message_outbound": (1, 0),
        "resolved": (2, 0),
        "closed": (1, 0),
        "unanswered_first_response": (1, 0),  # the run of 09:00:00 ended with the resolve
        "withdrawn/resolve": (1, 600),  # 09:00:00 to 09:10:00
        "wait/total": (1, 59.75),  # from 14:00:00
        "first_response/human": (1, 120),  # 14:00:00 to 14:02:00, still the first: no human answer was visible before
        "first_response/any": (1, 120),
        "handle/active": (1, 61),  # 14:01:00 to 14:02:01
        "resolution/first": (1, 600),
        "resolution/full": (1, 18601),  # 09:00:00 to 14:10:01
        "resolution/full_less_pending": (1, 18121),  # 18601 - 480 (14:02:01 to 14:10:01)
    },
    rates={
        "abandonment/customer": (0, 2),
        "abandonment/withdrawn": (1, 2),
        "first_contact_resolution/one_touch": (1, 1),
        "first_contact_resolution/strict": (0, 1),  # resolved twice
        "response_within_24h/private": (1, 2),
    },
)
CROSSING = Day(
    date="2026-03-06",
    steps={
        "09:00:00": "message",
        "09:01:00": "assign",
        "09:02:01": "reply",
        "09:02:30": "message",
        "09:02:40": "deliver",
        "09:04:31": "reply",
        "09:04:32": "deliver",
        "09:05:01": "resolve",
        "23:00:00": "close",
    },
    figures={
        "opened": (1, 0),
        "message_inbound": (2, 0),
        "assigned": (1, 0),
        "message_outbound": (2, 0),
        "resolved": (1, 0),
        "closed": (1, 0),
        "wait/total": (1, 59.75),
        "first_response/human": (1, 120),  # 09:00:00 to 09:02:00, though it arrived after the second message
        "first_response/any": (1, 120),
        "next_response/human": (1, 120),  # 09:02:30 to 09:04:30
        "next_response/any": (1, 120),
        "handle/active": (1, 182),  # 61 until 09:02:01, 121 from 09:02:30 to 09:04:31 (10 and 111 of it)
        "resolution/first": (1, 301),
        "resolution/full": (1, 301),
        "resolution/full_less_pending": (1, 242),  # 301 - 29 (09:02:01 to 09:02:30) - 30 (09:04:31 to 09:05:01)
    },
    rates={
        "abandonment/customer": (0, 1),
        "abandonment/withdrawn": (0, 1),
        "first_contact_resolution/one_touch": (0, 1),  # two messages of an agent
        "first_contact_resolution/strict": (1, 1),
        "response_within_24h/private": (2, 2),
    },
)
NOTICE_AND_IDLE = Day(
    date="2026-03-07",
    steps={
        "09:00:00": "message",
        "09:00:05": "notice",
        "09:00:06": "deliver",
        "09:01:00": "assign",
        "10:01:00": "note",
        "10:05:01": "reply",
        "10:05:02": "deliver",
        "10:06:01": "resolve",
        "23:00:00": "close",
    },
    figures={
        "opened": (1, 0),
        "message_inbound": (1, 0),
        "notice_delivered": (1, 0),
        "assigned": (1, 0),
        "noted": (1, 0),
        "message_outbound": (1, 0),
        "resolved": (1, 0),
        "closed": (1, 0),
        "wait/total": (1, 59.75),
        "first_response/any": (1, 5),  # 09:00:00 to 09:00:05: the notice is visible, and no human answer
        "first_response/human": (1, 3900),  # 09:00:00 to 10:05:00
        "handle/idle": (1, 3600),  # 09:01:00 to 10:01:00 without a fact: over half an hour
        "handle/active": (1, 241),  # 10:01:00 to 10:05:01
        "resolution/first": (1, 3961),
        "resolution/full": (1, 3961),
        "resolution/full_less_pending": (1, 3901),  # 3961 - 60
    },
    rates={
        "abandonment/customer": (0, 1),
        "abandonment/withdrawn": (0, 1),
        "first_contact_resolution/one_touch": (1, 1),
        "first_contact_resolution/strict": (1, 1),
        "response_within_24h/private": (1, 1),
    },
)
CUSTOMER_LEFT = Day(
    date="2026-03-08",
    steps={
        "09:00:00": "message",
        "09:00:00.": "start_clock",
        "09:00:30": "delete",
        "09:03:00": "resolve",
        "09:03:00.": "cancel_clock",
        "23:00:00": "close",
    },
    figures={
        "opened": (1, 0),
        "message_inbound": (1, 0),
        "resolved": (1, 0),
        "closed": (1, 0),
        "unanswered_first_response": (1, 0),
        "withdrawn/customer": (1, 180),  # 09:00:00 to 09:03:00, every message of the run deleted
        "resolution/first": (1, 180),
        "resolution/full": (1, 180),
        "resolution/full_less_pending": (1, 180),
        "next_response/started": (1, 0),
        "next_response/cancelled": (1, 0),
    },
    rates={
        "abandonment/customer": (1, 1),
        "abandonment/withdrawn": (1, 1),
        "first_contact_resolution/one_touch": (0, 1),
        "first_contact_resolution/strict": (0, 1),
        "response_within_24h/private": (0, 1),
    },
)
TRANSFERRED = Day(
    date="2026-03-09",
    steps={
        "09:00:00": "message",
        "09:05:00": "transfer",
        "09:10:00": "assign",
        "09:15:01": "reply",
        "09:15:02": "deliver",
        "09:20:00": "message",
        "09:25:00": "transfer",
        "09:26:00": "assign",
        "09:30:01": "reply",
        "09:30:02": "deliver",
        "09:31:01": "resolve",
        "10:00:00": "rate",
        "23:00:00": "close",
    },
    figures={
        "opened": (1, 0),
        "message_inbound": (2, 0),
        "transferred": (2, 0),
        "survey_csat_4": (1, 0),
        "survey_nps_promoter": (1, 0),
        "assigned": (2, 0),
        "message_outbound": (2, 0),
        "resolved": (1, 0),
        "closed": (1, 0),
        "wait/total": (2, 659.5),  # 599.75 (09:00:00 to 09:09:59.75) and 59.75 (from 09:25:00): a transfer ends no wait
        "first_response/human": (1, 900),  # 09:00:00 to 09:15:00
        "first_response/any": (1, 900),
        "next_response/human": (1, 600),  # 09:20:00 to 09:30:00
        "next_response/any": (1, 600),
        "handle/active": (1, 842),  # 301 (09:10:00 to 09:15:01), 300 (09:20:00 to 09:25:00), 241 (09:26:00 to 09:30:01)
        "resolution/first": (1, 1861),
        "resolution/full": (1, 1861),  # 09:00:00 to 09:31:01
        "resolution/full_less_pending": (1, 1502),  # 1861 - 299 (09:15:01 to 09:20:00) - 60 (09:30:01 to 09:31:01)
    },
    rates={
        "abandonment/customer": (0, 2),
        "abandonment/withdrawn": (0, 2),
        "first_contact_resolution/one_touch": (0, 1),
        "first_contact_resolution/strict": (0, 1),  # transferred
        "response_within_24h/private": (2, 2),
    },
)
DAYS = (
    ANSWERED,
    FAILED,
    OLDER_SECOND,
    CLOSED_WITHOUT_A_WORD,
    CROSSING,
    NOTICE_AND_IDLE,
    CUSTOMER_LEFT,
    TRANSFERRED,
)
IDS = [day.date for day in DAYS]


def expected(day: Day) -> dict[str, Figure]:
    """The figures of a day without those that are nothing."""
    return {name: figure for name, figure in day.figures.items() if figure[0]}


@pytest.mark.parametrize("day", DAYS, ids=IDS)
def test_recount_says_what_the_arithmetic_of_the_day_says(day: Day) -> None:
    [row] = recount(day.facts(), day.report).rows
    found = figures(recount(day.facts(), day.report), counters_only=False)
    assert found == approximately(expected(day))
    rates = {f"{name}/{variant}": (r.count, r.of) for name, rs in row.rates.items() for variant, r in rs.items()}
    assert rates == day.rates
    assert not any(known.open for variants in row.durations.values() for known in variants.values())


@pytest.mark.parametrize("day", DAYS, ids=IDS)
async def test_counters_say_what_the_arithmetic_of_the_day_says(day: Day) -> None:
    events = day.facts()
    live = await live_figures(await counted([(0, "message", 0, True)], events))
    assert live == approximately(expected(day))


# -- the ninth day: over a night, and in opening hours -----------------------------------------------------------------

OFFICE = Calendars(workspace=Calendar(hours={day: [("09:00", "17:00")] for day in WEEKDAYS}))
NIGHT = Day(
    date="2026-03-10",
    steps={"16:30:00": "message", "16:31:00": "assign", "34:00:01": "reply", "34:00:02": "deliver"},
    figures={},
    rates={},
)


def test_a_night_counts_around_the_clock_and_not_in_opening_hours() -> None:
    first_day = NIGHT.report
    second_day = ReportRequest(first_day.end, first_day.end + timedelta(days=1), now=first_day.now)
    [row] = recount(NIGHT.facts(), second_day, OFFICE).rows
    took = row.durations["first_response"]["human"]
    assert (took.count, took.mean) == (1, 63_000)  # 16:30:00 to 10:00:00: 7 h 30 min and 10 h
    assert took.business.mean == 5_400  # 16:30 to 17:00 is 1800, 09:00 to 10:00 is 3600
    [row] = recount(NIGHT.facts(), first_day, OFFICE).rows
    assert row.durations["first_response"]["human"].open == 1
    assert row.durations["wait"]["total"].mean == 59.75
    assert row.rates["response_within_24h"]["private"].open == 1


# -- the tenth day: no answer -------------------------------------------------------------------------------------

SILENCE = Day(date="2026-03-11", steps={"09:00:00": "message", "09:01:00": "assign"}, figures={}, rates={})


async def test_a_message_without_an_answer_is_open_on_the_next_day_too_and_missed_after_24_hours() -> None:
    events, today = SILENCE.facts(), SILENCE.report
    tomorrow = ReportRequest(today.end, today.end + timedelta(days=1), now=today.now)
    [row] = (await build_report(store_with(events), "w", today)).rows
    rate = row.rates["response_within_24h"]["private"]
    assert (rate.count, rate.of, rate.open) == (0, 0, 1)  # 15 hours old at midnight
    [row] = (await build_report(store_with(events), "w", tomorrow)).rows  # a day without a single fact
    rate = row.rates["response_within_24h"]["private"]
    assert (rate.count, rate.of, rate.open) == (0, 1, 0)  # 24 hours old at 09:00:00
    open_now = {name: variants[v].open for name, variants in row.durations.items() for v in variants}
    assert open_now == {"first_response": 1, "handle": 1, "resolution": 1}


# -- strict attainment -------------------------------------------------------------------------------------------------


def test_a_clock_that_a_resolve_cancelled_counts_as_not_kept_in_the_strict_attainment() -> None:
    [row] = recount(CUSTOMER_LEFT.facts(), CUSTOMER_LEFT.report).rows
    clocks = row.sla["next_response"]
    assert (clocks.cancelled, clocks.unanswered, clocks.attainment, clocks.attainment_strict) == (1, 1, None, 0.0)
