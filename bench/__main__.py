"""`python -m bench [row...] [--quick]`: measure and print ratios against their limits. It is no test and never fails.

A ratio is taken of two things measured in this one run on this one machine; milliseconds beside it are for people.
"""

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import (
    assignment,
    channels,
    desk,
    dispatch,
    footprint,
    inbox,
    ingest,
    message,
    minute,
    pages,
    staffing,
    understanding,
)
from bench.report import ResultRow, heading, show
from tests.live_servers.kafka import open_kafka
from tests.live_servers.server import Server, Unavailable


@dataclass(frozen=True, slots=True)
class RowContext:
    """The environment of a measurement: an empty folder, the seconds of each load, and Kafka for rows that need it.

    `rate` a second is for the rows that take it; None: their own. `against` is a checkout of an earlier commit.
    """

    folder: Path
    seconds: float
    kafka: Callable[[], Server]
    rate: float | None = None
    against: Path | None = None


Row = Callable[[RowContext], AsyncIterator[ResultRow]]
LOAD_SECONDS, QUICK_SECONDS = 20.0, 3.0
INGEST_SHARE = 0.25
MESSAGE_SHARE = 0.25
CHANNEL_SHARE = 0.25


def _ingest(context: RowContext) -> AsyncIterator[ResultRow]:
    return ingest.lines("embedded", context.folder, context.seconds * INGEST_SHARE)


def _ingest_kafka(context: RowContext) -> AsyncIterator[ResultRow]:
    return ingest.lines("Kafka", context.folder, context.seconds * INGEST_SHARE, PASOKH_BUS=context.kafka().url)


def _assignment(context: RowContext) -> AsyncIterator[ResultRow]:
    return assignment.embedded(context.folder, context.seconds)


def _assignment_kafka(context: RowContext) -> AsyncIterator[ResultRow]:
    return assignment.on_kafka(context.folder, context.seconds, context.kafka().url)


async def _dispatch(_: RowContext) -> AsyncIterator[ResultRow]:
    for row in await dispatch.rows():
        figures = (
            f"{row.small_per_second:.0f}/s with {dispatch.SMALL}, {row.large_per_second:.0f}/s with {dispatch.LARGE}"
        )
        yield ResultRow(row.name, figures, row.ratio, row.limit, least=True)


async def _staffing(_: RowContext) -> AsyncIterator[ResultRow]:
    one, two, urgent = staffing.answered(1), staffing.answered(2), staffing.overloaded()["urgent"]
    figures = f"{two:.3f} within {staffing.ANSWER_SECONDS:.0f} s with two skills an agent, {one:.3f} with one"
    yield ResultRow("200 agents, 20 skills, load 0.92", figures, two, staffing.TWO_SKILLS, least=True)
    figures = f"{urgent:.3f} of the urgent within {staffing.TARGETS['urgent']:.0f} s"
    yield ResultRow("200 agents, four priorities, load 1.02", figures, urgent, staffing.TIGHT_SHARE, least=True)


def _footprint(context: RowContext) -> AsyncIterator[ResultRow]:
    return footprint.lines(context.folder)


def _message(context: RowContext) -> AsyncIterator[ResultRow]:
    return message.rows(context.folder, context.seconds * MESSAGE_SHARE, context.against)


def _inbox(context: RowContext) -> AsyncIterator[ResultRow]:
    return inbox.rows(context.folder)


def _desk(context: RowContext) -> AsyncIterator[ResultRow]:
    return desk.rows(context.folder)


def _pages(context: RowContext) -> AsyncIterator[ResultRow]:
    return pages.rows(context.folder, context.seconds)


def _channels(context: RowContext) -> AsyncIterator[ResultRow]:
    return channels.rows(context.folder, context.seconds * CHANNEL_SHARE)


def _understanding(_: RowContext) -> AsyncIterator[ResultRow]:
    return understanding.rows()


def _minute(context: RowContext) -> AsyncIterator[ResultRow]:
    return minute.on_mongo(context.folder, context.kafka(), 3 * context.seconds, context.rate)


def _minute_sqlite(context: RowContext) -> AsyncIterator[ResultRow]:
    return minute.on_sqlite(context.folder, context.kafka(), 3 * context.seconds, context.rate)


ROWS: Mapping[str, Row] = {
    "footprint": _footprint,
    "ingest": _ingest,
    "assignment": _assignment,
    "dispatch": _dispatch,
    "staffing": _staffing,
    "inbox": _inbox,
    "desk": _desk,
    "pages": _pages,
    "channels": _channels,
    "ingest-kafka": _ingest_kafka,
    "assignment-kafka": _assignment_kafka,
    "understanding": _understanding,
    "message": _message,
    "minute": _minute,
    "minute-sqlite": _minute_sqlite,
}
QUICK = ("footprint", "ingest", "assignment")
BY_NAME = ("message", "minute", "minute-sqlite", "pages")
"""The rows that run only by name, because they take minutes."""


async def _measure(names: list[str], arguments: argparse.Namespace) -> None:
    seconds = QUICK_SECONDS if arguments.quick else LOAD_SECONDS
    with ExitStack() as stack:
        kafka = _run_once(stack)
        for name in names:
            folder = _folder(stack, keep=arguments.keep)
            try:
                async for line in ROWS[name](RowContext(folder, seconds, kafka, arguments.rate, arguments.against)):
                    show(line)
            except Unavailable as error:
                show(ResultRow(name, f"skipped: {error}"))


def _folder(stack: ExitStack, *, keep: bool) -> Path:
    """A folder for one measurement, deleted at the end unless it is to be kept."""
    if keep:
        return Path(tempfile.mkdtemp(prefix="pasokh-bench-", dir=_disk()))
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pasokh-bench-", dir=_disk())))


def _disk() -> Path:
    """A folder on the disk of the data folder, because `/tmp` may be in memory."""
    var = Path("var")
    var.mkdir(exist_ok=True)
    return var.resolve()


def _run_once(stack: ExitStack) -> Callable[[], Server]:
    """A Kafka server, started by the first row that needs it and stopped after the last."""
    servers: list[Server] = []

    def server() -> Server:
        if not servers:
            servers.append(open_kafka())
            stack.callback(servers[0].close)
        return servers[0]

    return server


def main() -> None:
    """Measure the rows of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("row", nargs="*", help=f"one of {', '.join(ROWS)}; none: all but {', '.join(BY_NAME)}")
    parser.add_argument("--rate", type=float, help=f"messages a second of {', '.join(BY_NAME)}, instead of their own")
    parser.add_argument(
        "--against", type=Path, help="a checkout of an earlier commit, which `message` measures in turns"
    )
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}, and short: does it run at all?")
    parser.add_argument("--keep", action="store_true", help="leave data and logs in var/")
    asked = parser.parse_args()
    unknown = sorted(set(asked.row) - ROWS.keys())
    if unknown:
        parser.error(f"there is no row {unknown[0]!r}; there are {', '.join(ROWS)}")
    heading()
    names = asked.row or (list(QUICK) if asked.quick else [name for name in ROWS if name not in BY_NAME])
    asyncio.run(_measure(names, asked))


if __name__ == "__main__":
    main()
