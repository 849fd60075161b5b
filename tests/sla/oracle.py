"""What must become of every promise of a story, read off the whole of it at once, in seconds: no clock, no state.

A story is a list of lines `(word, time, ...)` in the order in which conversations told them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

NEVER = float("inf")


@dataclass(frozen=True)
class LogEntry:
    """One thing that happened at `at`. `answer` numbers replies; `accepted` is the time of theirs."""

    word: str
    at: float
    answer: int = -1
    accepted: float = 0.0


@dataclass(frozen=True)
class ExpectedClock:
    """What became of one run."""

    started: float
    state: str
    stopped: float | None = None
    late: float | None = None


def met(started: float, target: float, at: float) -> ExpectedClock:
    """It happened."""
    late = at - started - target
    return ExpectedClock(started, "breached", at, late) if late > 0 else ExpectedClock(started, "fulfilled", at)


def given_up(started: float, target: float, at: float) -> ExpectedClock:
    """It was needed no more."""
    return ExpectedClock(started, "breached") if at > started + target else ExpectedClock(started, "cancelled", at)


def open_still(started: float, target: float, end: float) -> ExpectedClock:
    return ExpectedClock(started, "breached" if end >= started + target else "running")


def pickups(lines: Sequence[LogEntry], target: float, end: float) -> Iterator[ExpectedClock]:
    since: float | None = None
    for line in lines:
        if line.word == "queued" and since is None:
            since = line.at
        elif line.word in ("assigned", "resolved") and since is not None:
            yield (met if line.word == "assigned" else given_up)(since, target, line.at)
            since = None
    if since is not None:
        yield open_still(since, target, end)


def resolutions(lines: Sequence[LogEntry], target: float, end: float) -> Iterator[ExpectedClock]:
    """Each from opened or reopened to resolved; only time that is not pending counts."""
    starts = [i for i, line in enumerate(lines) if line.word in ("opened", "reopened")]
    for first, after in zip(starts, [*starts[1:], len(lines)], strict=True):
        part = list(lines[first:after])
        resolved = next((line.at for line in part if line.word == "resolved"), None)
        due, paused = part[0].at + target, False
        for since, until in _pauses(part):
            # What was due before is broken; nothing is paused after that.
            paused = since <= due and until == NEVER
            due += until - since if since <= due and not paused else 0
        if resolved is not None and paused:
            yield ExpectedClock(part[0].at, "fulfilled", resolved)
        elif resolved is not None:
            yield met(part[0].at, due - part[0].at, resolved)
        else:
            yield ExpectedClock(part[0].at, "paused") if paused else open_still(part[0].at, due - part[0].at, end)


def _pauses(part: Sequence[LogEntry]) -> Iterator[tuple[float, float]]:
    """From a reply to what makes it the agents' move again; a failed reply does from its acceptance on."""
    since: float | None = None
    for line in part:
        if line.word == "replied" and since is None:
            since = line.at
        elif line.word in ("customer", "failed", "resolved", "queued") and since is not None:
            yield since, max(since, line.accepted if line.word == "failed" else line.at)
            since = None
    if since is not None:
        yield since, NEVER


def turns(lines: Sequence[LogEntry], target: float, end: float) -> Iterator[ExpectedClock]:
    """The first is first_response, the others are next_response: customer messages without an answer after them."""
    place = -1
    while True:
        first = next((i for i in range(place + 1, len(lines)) if lines[i].word == "customer"), None)
        if first is None:
            return
        place, fate = _turn(lines, first, target, end)
        yield fate


def _turn(lines: Sequence[LogEntry], first: int, target: float, end: float) -> tuple[int, ExpectedClock]:
    """One turn from its first message, and the place in the story after which the next may start."""
    said, ended_at = dict[int, int](), None
    resolved_last, started = -1, lines[first].at
    for place in range(first, len(lines)):
        line = lines[place]
        if line.word == "replied":
            said[line.answer] = place
        elif line.word == "delivered" and line.answer in said:
            return max(said[line.answer], resolved_last), met(started, target, line.accepted)
        elif line.word == "failed":
            said.pop(line.answer, None)
        elif line.word == "resolved":
            ended_at, resolved_last = line.at, place
        elif line.word == "reopened":
            ended_at = None
        if ended_at is not None and not said:
            return place, given_up(started, target, ended_at)
    awaited = any(lines[place].at <= started + target for place in said.values())
    return len(lines), ExpectedClock(started, "running") if awaited else open_still(started, target, end)
