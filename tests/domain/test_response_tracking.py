"""Who waits for whom: each rule of a run by itself, then any order of messages, answers, their fates and resolves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from schemas.conversation import ResponseRun
from services.domain.response_tracking import (
    ResponseTracking,
    Tracked,
    answer_accepted,
    answer_delivered,
    answer_failed,
    closed,
    message_received,
    notice_delivered,
    resolved,
)

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
Step = Callable[[ResponseTracking], Tracked]


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def message(name: str, minute: float) -> Step:
    return partial(message_received, message=name, at=at(minute))


def answer(name: str, minute: float) -> Step:
    return partial(answer_accepted, message=name, at=at(minute))


def delivered(name: str) -> Step:
    return partial(answer_delivered, message=name)


def failed(name: str) -> Step:
    return partial(answer_failed, message=name)


def notice(minute: float) -> Step:
    return partial(notice_delivered, at=at(minute))


def resolve(minute: float) -> Step:
    return partial(resolved, at=at(minute))


def close(minute: float) -> Step:
    return partial(closed, at=at(minute))


def story(*steps: Step) -> tuple[ResponseRun | None, list[ResponseRun]]:
    """The run that is open after these steps, and those that they ended."""
    tracking, ended = ResponseTracking(), list[ResponseRun]()
    for step in steps:
        after = step(tracking)
        tracking = after.tracking
        ended.extend(after.ended)
    return tracking.open_run(), ended


# -- when a run begins -------------------------------------------------------------------------------------------------


def test_first_message_begins_a_run() -> None:
    run, ended = story(message("m1", 0))
    assert ended == []
    assert run == ResponseRun(
        run=1, kind="first_response", state="waiting", started_at=at(0), messages=1, last_message="m1"
    )


def test_run_starts_at_the_earliest_own_time_also_when_that_message_arrives_second() -> None:
    run, _ = story(message("m1", 5), message("m2", 2), message("m3", 9))
    assert run is not None
    assert (run.run, run.started_at, run.messages, run.last_message) == (1, at(2), 3, "m3")


def test_next_message_after_an_answer_begins_a_next_response() -> None:
    run, (first,) = story(message("m1", 0), answer("a1", 1), delivered("a1"), message("m2", 4))
    assert run is not None
    assert (first.kind, run.kind, run.run, run.started_at) == ("first_response", "next_response", 2, at(4))


# -- when a run ends ---------------------------------------------------------------------------------------------------


def test_answer_on_its_way_ends_nothing_yet() -> None:
    run, ended = story(message("m1", 0), answer("a1", 3))
    assert ended == []
    assert run is not None
    assert (run.state, run.accepted_at, run.answer, run.ended_at) == ("answered_unconfirmed", at(3), "a1", None)


def test_run_lasts_to_the_acceptance_of_the_answer_that_was_delivered() -> None:
    run, (ended,) = story(message("m1", 0), answer("a1", 3), delivered("a1"))
    assert run is None
    assert (ended.state, ended.accepted_at, ended.ended_at) == ("answered", at(3), at(3))
    assert ended.answer == "a1"


def test_answer_that_fails_has_not_been_given() -> None:
    run, ended = story(message("m1", 0), answer("a1", 3), failed("a1"))
    assert ended == []
    assert run is not None
    assert (run.state, run.started_at, run.accepted_at) == ("waiting", at(0), None)


def test_second_answer_ends_the_run_when_the_first_fails() -> None:
    _, (ended,) = story(message("m1", 0), answer("a1", 3), answer("a2", 5), failed("a1"), delivered("a2"))
    assert (ended.run, ended.accepted_at) == (1, at(5))


def test_message_after_an_answer_on_its_way_begins_its_own_run_once_that_is_delivered() -> None:
    steps = message("m1", 0), answer("a1", 3), message("m2", 4)
    run, (first,) = story(*steps, delivered("a1"))
    assert (first.ended_at, first.messages, first.last_message) == (at(3), 1, "m1")
    assert run is not None
    assert (run.run, run.kind, run.started_at) == (2, "next_response", at(4))


def test_message_after_an_answer_that_fails_belongs_to_the_same_run() -> None:
    run, ended = story(message("m1", 2), answer("a1", 3), message("m2", 1), failed("a1"))
    assert ended == []
    assert run is not None
    assert (run.run, run.started_at, run.messages, run.last_message) == (1, at(1), 2, "m2")


def test_answer_that_was_taken_for_failed_and_arrived_ends_the_run_after_all() -> None:
    run, (ended,) = story(message("m1", 0), answer("a1", 3), failed("a1"), message("m2", 5), delivered("a1"))
    assert (ended.ended_at, ended.messages) == (at(3), 1)
    assert run is not None
    assert (run.run, run.started_at) == (2, at(5))


def test_answer_that_was_accepted_before_the_customer_wrote_ends_no_run() -> None:
    run, ended = story(answer("a1", 0), message("m1", 1), delivered("a1"))
    assert ended == []
    assert run is not None
    assert (run.state, run.kind) == ("waiting", "first_response")


def test_who_was_written_to_first_waits_for_a_next_response() -> None:
    run, _ = story(answer("a1", 0), delivered("a1"), message("m1", 1))
    assert run is not None
    assert run.kind == "next_response"


def test_later_answer_that_is_delivered_first_ends_the_run_and_the_earlier_one_ends_none() -> None:
    run, (ended,) = story(message("m1", 0), answer("a1", 1), answer("a2", 2), delivered("a2"), delivered("a1"))
    assert run is None
    assert (ended.answer, ended.ended_at) == ("a2", at(2))


def test_no_run_lasts_a_negative_time() -> None:
    _, (ended,) = story(message("m1", 5), answer("a1", 4.9), delivered("a1"))
    assert ended.ended_at == ended.accepted_at == at(5)


# -- resolves ----------------------------------------------------------------------------------------------------------


def test_resolve_ends_an_open_run_unanswered() -> None:
    run, (ended,) = story(message("m1", 0), resolve(7))
    assert run is None
    assert (ended.state, ended.ended_at, ended.accepted_at) == ("unanswered", at(7), None)


def test_message_that_reopens_begins_a_first_response_of_its_own_as_long_as_nobody_answered() -> None:
    run, (ended,) = story(message("m1", 0), resolve(7), message("m2", 60))
    assert run is not None
    assert (ended.run, run.run, run.kind, run.started_at) == (1, 2, "first_response", at(60))


def test_answer_on_its_way_at_the_resolve_still_answers() -> None:
    run, (ended,) = story(message("m1", 0), answer("a1", 3), resolve(4), delivered("a1"))
    assert run is None
    assert (ended.state, ended.ended_at) == ("answered", at(3))


def test_run_whose_answer_fails_after_the_resolve_ended_with_the_resolve() -> None:
    run, (ended,) = story(message("m1", 0), answer("a1", 3), resolve(4), failed("a1"))
    assert run is None
    assert (ended.state, ended.ended_at, ended.messages) == ("unanswered", at(4), 1)


def test_message_after_the_resolve_never_belongs_to_the_run_before() -> None:
    steps = message("m1", 0), answer("a1", 3), resolve(4), message("m2", 9)
    run, (ended,) = story(*steps, failed("a1"))
    assert (ended.state, ended.ended_at, ended.last_message) == ("unanswered", at(4), "m1")
    assert run is not None
    assert (run.run, run.kind, run.started_at) == (2, "first_response", at(9))


def test_message_between_an_answer_and_the_resolve_was_not_answered() -> None:
    run, ended = story(message("m1", 0), answer("a1", 3), message("m2", 4), resolve(5), delivered("a1"))
    assert run is None
    assert [(one.run, one.kind, one.state, one.ended_at) for one in ended] == [
        (1, "first_response", "answered", at(3)),
        (2, "next_response", "unanswered", at(5)),
    ]


def test_close_leaves_no_run_open() -> None:
    run, (ended,) = story(message("m1", 0), answer("a1", 3), resolve(4), close(4_324))
    assert run is None
    assert (ended.state, ended.ended_at) == ("unanswered", at(4))


# -- answers of bots and of the system ---------------------------------------------------------------------------------


def test_notice_is_visible_and_ends_no_run() -> None:
    run, (ended,) = story(message("m1", 0), notice(1), answer("a1", 3), delivered("a1"))
    assert run is None
    assert (ended.visible_at, ended.ended_at) == (at(1), at(3))


def test_human_answer_alone_is_the_first_visible_one() -> None:
    _, (ended,) = story(message("m1", 0), answer("a1", 3), delivered("a1"))
    assert ended.visible_at == at(3)


def test_notice_of_before_the_run_is_not_visible_in_it() -> None:
    run, _ = story(message("m1", 2), notice(1))
    assert run is not None
    assert run.visible_at is None


# -- any order ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One thing that happens: `m` a message, `a` an answer, `r` a resolve. `arrives` says what becomes of an answer."""

    what: str
    minute: int
    arrives: bool = True


LINES = st.lists(st.builds(Line, st.sampled_from("mmmaar"), st.integers(0, 60), st.booleans()), min_size=1, max_size=14)


def steps_of(lines: Sequence[Line]) -> list[Step]:
    return [_step(line, f"{line.what}{place}") for place, line in enumerate(lines)]


def _step(line: Line, name: str) -> Step:
    if line.what == "r":
        return resolve(line.minute)
    return message(name, line.minute) if line.what == "m" else answer(name, line.minute)


def fates_of(lines: Sequence[Line]) -> list[tuple[int, Step]]:
    """What became of each answer, with its place among the lines."""
    places = [(place, line) for place, line in enumerate(lines) if line.what == "a"]
    return [(place, delivered(f"a{place}") if line.arrives else failed(f"a{place}")) for place, line in places]


def expected(lines: Sequence[Line]) -> list[tuple[str, str, datetime, datetime | None]]:
    """Kind, state, start and end of all runs, read with the knowledge of which answers arrive."""
    runs: list[tuple[str, str, datetime, datetime | None]] = []
    waiting: list[datetime] = []
    was_answered = False
    for line in lines:
        kind = "next_response" if was_answered else "first_response"
        if line.what == "m":
            waiting.append(at(line.minute))
        elif line.what == "r" and waiting:
            runs.append((kind, "unanswered", min(waiting), max(min(waiting), at(line.minute))))
            waiting = []
        elif line.what == "a" and line.arrives:
            if waiting:
                runs.append((kind, "answered", min(waiting), max(min(waiting), at(line.minute))))
            waiting, was_answered = [], True
    if waiting:
        runs.append(("next_response" if was_answered else "first_response", "waiting", min(waiting), None))
    return runs


def summary(run: ResponseRun) -> tuple[str, str, datetime, datetime | None]:
    return run.kind, run.state, run.started_at, run.ended_at


@given(LINES, st.data())
def test_when_an_answer_is_confirmed_changes_no_run(lines: Sequence[Line], data: st.DataObject) -> None:
    """Fates come in the order of the answers, each at any time after its answer."""
    steps: list[Step] = []
    left = fates_of(lines)
    for place, step in enumerate(steps_of(lines)):
        steps.append(step)
        while left and left[0][0] <= place and data.draw(st.booleans()):
            steps.append(left.pop(0)[1])
    steps.extend(step for _, step in left)
    run, ended = story(*steps)
    # An answer that nobody waited for makes later runs next responses from its delivery on: order decides there.
    found = [summary(one) for one in [*ended, *([run] if run else [])]]
    assert [one[1:] for one in found] == [one[1:] for one in expected(lines)]


@given(LINES, st.data())
def test_any_order_of_fates_keeps_runs_whole(lines: Sequence[Line], data: st.DataObject) -> None:
    fates = data.draw(st.permutations([step for _, step in fates_of(lines)]))
    tracking, ended = ResponseTracking(), list[ResponseRun]()
    for step in [*steps_of(lines), *fates, close(99)]:
        after = step(tracking)
        tracking = after.tracking
        ended.extend(after.ended)
    assert tracking.open_run() is None
    assert [run.run for run in ended] == list(range(1, len(ended) + 1))
    asked = sum(line.what == "m" for line in lines)
    assert sum(run.messages for run in ended) == asked
    arrived = {f"a{place}": at(line.minute) for place, line in enumerate(lines) if line.what == "a" and line.arrives}
    for run in ended:
        assert run.ended_at is not None
        assert run.ended_at >= run.started_at
        if run.state == "answered":
            assert run.accepted_at == run.ended_at == max(run.started_at, arrived[run.answer or ""])
        else:
            assert (run.state, run.accepted_at) == ("unanswered", None)
    kinds = [run.kind for run in ended]
    assert kinds == sorted(kinds)  # first responses come before next responses
    assert sum(run.kind == "first_response" and run.state == "answered" for run in ended) <= 1


@given(LINES)
def test_repeats_change_nothing(lines: Sequence[Line]) -> None:
    fates = [step for _, step in fates_of(lines)]
    once = story(*steps_of(lines), *fates)
    assert story(*steps_of(lines), *fates, *fates) == once


def test_an_answer_that_fails_after_it_ended_a_run_makes_its_messages_wait_again() -> None:
    tracking = message_received(ResponseTracking(), "m1", START).tracking
    tracking = answer_accepted(tracking, "a1", START + timedelta(seconds=5)).tracking
    delivered = answer_delivered(tracking, "a1")
    assert (delivered.tracking.open_run(), [run.state for run in delivered.ended]) == (None, ["answered"])
    again = answer_failed(delivered.tracking, "a1")
    run = again.tracking.open_run()
    assert run is not None
    assert (run.run, run.kind, run.started_at, run.state, again.ended) == (2, "first_response", START, "waiting", ())
    # A repeat changes nothing, and so does the failure of an answer that ended no run.
    assert answer_failed(again.tracking, "a1").tracking.open_run() == run
    assert answer_failed(delivered.tracking, "a2").tracking == delivered.tracking
    # It may prove to be delivered after all.
    after_all = answer_delivered(again.tracking, "a1")
    assert (after_all.tracking.open_run(), [run.run for run in after_all.ended]) == (None, [2])
