"""The clocks that a whole log of a conversation comes to, in seconds: worked out from the log at once, without a state.

A log is a list of entries `(name, time, ...)` in the order in which conversations emitted them.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

NEVER = float("inf")


@dataclass(frozen=True)
class LogEntry:
    """One thing that happened at `at`. `answer` numbers replies; `accepted` is the time of theirs."""

    name: str
    at: float
    answer: int = -1
    accepted: float = 0.0


@dataclass(frozen=True)
class ExpectedClock:
    """The end of one run of a clock."""

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
        if line.name == "queued" and since is None:
            since = line.at
        elif line.name in ("assigned", "resolved") and since is not None:
            yield (met if line.name == "assigned" else given_up)(since, target, line.at)
            since = None
    if since is not None:
        yield open_still(since, target, end)


def resolutions(lines: Sequence[LogEntry], target: float, end: float) -> Iterator[ExpectedClock]:
    """Each from opened or reopened to resolved; only time that is not pending counts."""
    starts = [i for i, line in enumerate(lines) if line.name in ("opened", "reopened")]
    for first, after in zip(starts, [*starts[1:], len(lines)], strict=True):
        part = list(lines[first:after])
        resolved = next((line.at for line in part if line.name == "resolved"), None)
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
        if line.name == "replied" and since is None:
            since = line.at
        elif line.name in ("customer", "failed", "resolved", "queued") and since is not None:
            yield since, max(since, line.accepted if line.name == "failed" else line.at)
            since = None
    if since is not None:
        yield since, NEVER


def responses(
    lines: Sequence[LogEntry], targets: Mapping[str, float], end: float
) -> Iterator[tuple[str, ExpectedClock]]:
    """Kind and clock of each response run: customer messages up to an answer that did not fail, or to a resolve."""
    delivered = {line.answer: place for place, line in enumerate(lines) if line.name == "delivered"}
    failed = {line.answer: place for place, line in enumerate(lines) if line.name == "failed"}
    after = settled = -1
    while True:
        first = next((i for i in range(after + 1, len(lines)) if lines[i].name == "customer"), None)
        if first is None:
            return
        # The run is known to have begun once the one before it is known to have ended.
        began = max(first, settled)
        kind = "next_response" if any(place <= began for place in delivered.values()) else "first_response"
        after = next((i for i in range(first, len(lines)) if _ends(lines[i], failed)), len(lines))
        started = min(line.at for line in lines[first:after] if line.name == "customer")
        last = lines[after] if after < len(lines) else None
        if last is None:
            yield kind, open_still(started, targets[kind], end)
        elif last.name == "resolved":
            settled = max(
                [settled, after, *(failed[line.answer] for line in lines[first:after] if line.name == "replied")]
            )
            yield kind, given_up(started, targets[kind], last.at)
        elif last.answer in delivered:
            settled = max(settled, delivered[last.answer])
            yield kind, met(started, targets[kind], last.at)
        else:
            in_time = last.at <= started + targets[kind]
            yield kind, ExpectedClock(started, "running") if in_time else open_still(started, targets[kind], end)
            return


def _ends(line: LogEntry, failed: Container[int]) -> bool:
    return line.name == "resolved" or (line.name == "replied" and line.answer not in failed)
