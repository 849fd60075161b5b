"""The presence of an agent by time alone: tables of the right values, and a slow model that knows nothing of timers."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.configuration import Lowering, PresenceStatus
from services.router.dispatch.domain.presence import (
    DEFAULT_PRESENCE,
    FORGOTTEN_AFTER,
    Advanced,
    PageLease,
    Presence,
    PresenceSettings,
    advance,
    heard,
)
from tests.fakes import START

IDLE = PresenceSettings(idle_away=timedelta(seconds=600))
FORGOTTEN = FORGOTTEN_AFTER.total_seconds()


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def lost(*codes: Lowering, since: float = 60) -> dict[Lowering, datetime]:
    times: dict[Lowering, float] = {"connection_lost": since, "connection_gone": 900}
    return {code: at(times[code]) for code in codes}


@pytest.mark.parametrize(
    ("declared", "lowered", "effective", "reason"),
    [
        ("online", [], "online", "words"),
        ("online", ["idle"], "away", "idle"),
        ("online", ["missed_offers"], "away", "missed_offers"),
        ("online", ["idle", "missed_offers"], "away", "idle"),
        ("online", ["connection_lost", "idle"], "away", "connection_lost"),
        ("online", ["connection_lost", "connection_gone"], "offline", "connection_lost"),
        # What the agent said goes before what only confirms it.
        ("away", ["connection_lost"], "away", "words"),
        ("away", ["connection_lost", "connection_gone"], "offline", "connection_lost"),
        ("offline", ["connection_lost", "connection_gone"], "offline", "words"),
    ],
)
def test_effective_presence_and_its_reason(
    declared: PresenceStatus, lowered: list[Lowering], effective: PresenceStatus, reason: str
) -> None:
    presence = Presence(declared, "words", lowered=dict.fromkeys(lowered, START))
    assert (presence.effective, presence.reason) == (effective, reason)


@pytest.mark.parametrize(
    ("seconds", "effective", "returns", "next_at"),
    [
        (0, "online", False, 60),
        (59, "online", False, 60),
        (60, "away", False, 300),
        (299, "away", False, 300),
        (300, "away", True, 900),
        (900, "offline", True, FORGOTTEN),
        (FORGOTTEN - 1, "offline", True, FORGOTTEN),
    ],
)
def test_silence_of_a_page(seconds: float, effective: str, returns: bool, next_at: float) -> None:
    step = advance(Presence("online"), PageLease(START), DEFAULT_PRESENCE, at(seconds))
    assert (step.presence.effective, step.returns, step.next_at) == (effective, returns, at(next_at))


def test_who_is_silent_for_hours_has_to_say_again_that_they_are_there() -> None:
    step = advance(Presence("online"), PageLease(START), DEFAULT_PRESENCE, at(FORGOTTEN))
    assert (step.presence.declared, step.presence.reason, step.forgets_lease, step.next_at) == (
        "offline",
        "connection_lost",
        True,
        None,
    )


def test_what_waits_is_given_back_once_in_an_absence() -> None:
    first = advance(Presence("online"), PageLease(START), DEFAULT_PRESENCE, at(300))
    assert not advance(first.presence, PageLease(START), DEFAULT_PRESENCE, at(301)).returns
    back = heard(first.presence, PageLease(at(400)), DEFAULT_PRESENCE, at(400))
    assert back == Presence("online")
    assert advance(back, PageLease(at(400)), DEFAULT_PRESENCE, at(700)).returns


@pytest.mark.parametrize(("seconds", "effective"), [(599, "online"), (600, "away"), (899, "away"), (900, "offline")])
def test_telephone_with_notices_may_be_silent_for_ten_minutes(seconds: float, effective: str) -> None:
    step = advance(Presence("online"), PageLease(START, has_push=True), DEFAULT_PRESENCE, at(seconds))
    assert step.presence.effective == effective


@pytest.mark.parametrize(("idle", "effective"), [(0, "online"), (599, "online"), (600, "away")])
def test_who_touches_nothing_is_away(idle: float, effective: str) -> None:
    now = at(1000)
    step = advance(Presence("online"), PageLease(now, now - timedelta(seconds=idle)), IDLE, now)
    assert step.presence.effective == effective
    assert advance(Presence("online"), PageLease(now, at(0)), DEFAULT_PRESENCE, now).presence.effective == "online", (
        "off"
    )


def test_input_lifts_idleness_and_a_beat_alone_does_not() -> None:
    idle = Presence("online", lowered={"idle": at(600)})
    assert heard(idle, PageLease(at(700), at(0)), IDLE, at(700)).effective == "away"
    assert heard(idle, PageLease(at(700), at(690)), IDLE, at(700)) == Presence("online")


@pytest.mark.parametrize("code", ["idle", "missed_offers"])
def test_who_is_away_by_themself_loses_what_waits_after_five_minutes(code: Lowering) -> None:
    away = Presence("online", lowered={code: START})
    assert advance(away, None, DEFAULT_PRESENCE, at(299)) == Advanced(away, next_at=at(300))
    assert advance(away, None, DEFAULT_PRESENCE, at(300)).returns


@pytest.mark.parametrize("declared", ["online", "away", "offline"])
def test_without_a_lease_there_is_no_timer(declared: PresenceStatus) -> None:
    assert advance(Presence(declared), None, DEFAULT_PRESENCE, at(1e6)) == Advanced(Presence(declared))


@given(
    beats=st.lists(st.floats(0, 2_000), max_size=8).map(sorted),
    looks=st.lists(st.floats(0, 3_000), max_size=30),
)
def test_presence_at_the_times_of_timers_is_that_of_a_model_without_any(beats: list[float], looks: list[float]) -> None:
    """However often somebody looks in between, timers that fire at `next_at` find every change, at its time."""
    presence, lease, returned_at = Presence("online"), PageLease(START), list[float]()
    now, next_at, inputs = 0.0, at(60), sorted([*((b, "beat") for b in beats), *((s, "look") for s in looks)])

    def look(moment: float) -> None:
        nonlocal presence, next_at
        step = advance(presence, lease, DEFAULT_PRESENCE, at(moment))
        presence = step.presence
        returned_at.extend([moment] if step.returns else [])
        next_at = step.next_at or at(1e9)

    for moment, kind in [*inputs, (3_000.0, "look")]:
        while next_at <= at(moment):
            look((next_at - START).total_seconds())
        now = moment
        if kind == "beat":
            presence, lease = heard(presence, PageLease(at(now)), DEFAULT_PRESENCE, at(now)), PageLease(at(now))
        look(now)
        silent = now - max((beat for beat in beats if beat <= now), default=0.0)
        expected = "online" if silent < 60 else "away" if silent < 900 else "offline"
        assert presence.effective == expected, (now, silent)
    ends = [0.0, *beats, 3_000.0]
    silences = [start + 300 for start, end in pairwise(ends) if end - start >= 300]
    assert returned_at == pytest.approx(silences)
