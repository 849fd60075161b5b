"""`python -m bench [row...] [--quick]`: measure and print ratios against their limits. Never a test: it fails nothing.

A ratio is taken of two things measured in this one run on this one machine; milliseconds beside it are for people.
"""

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import assignment, dispatch, footprint, ingest
from bench.report import Line, heading, show
from tests.live_servers.kafka import open_kafka
from tests.live_servers.server import Unavailable


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row is measured: an empty folder, how many seconds each of its loads lasts, and a Kafka if it wants one."""

    folder: Path
    seconds: float
    kafka: Callable[[], str]


Row = Callable[[Place], AsyncIterator[Line]]
LOAD_SECONDS, QUICK_SECONDS = 20.0, 3.0
INGEST_SHARE = 0.25


def _ingest(place: Place) -> AsyncIterator[Line]:
    return ingest.lines("embedded", place.folder, place.seconds * INGEST_SHARE)


def _ingest_kafka(place: Place) -> AsyncIterator[Line]:
    return ingest.lines("Kafka", place.folder, place.seconds * INGEST_SHARE, PASOKH_BUS=place.kafka())


def _assignment(place: Place) -> AsyncIterator[Line]:
    return assignment.embedded(place.folder, place.seconds)


def _assignment_kafka(place: Place) -> AsyncIterator[Line]:
    return assignment.on_kafka(place.folder, place.seconds, place.kafka())


async def _dispatch(_: Place) -> AsyncIterator[Line]:
    for row in dispatch.rows():
        figures = (
            f"{row.small_per_second:.0f}/s with {dispatch.SMALL}, {row.large_per_second:.0f}/s with {dispatch.LARGE}"
        )
        yield Line(row.name, figures, row.ratio, row.limit, least=True)


def _footprint(place: Place) -> AsyncIterator[Line]:
    return footprint.lines(place.folder)


ROWS: Mapping[str, Row] = {
    "footprint": _footprint,
    "ingest": _ingest,
    "assignment": _assignment,
    "dispatch": _dispatch,
    "ingest-kafka": _ingest_kafka,
    "assignment-kafka": _assignment_kafka,
}
QUICK = ("footprint", "ingest", "assignment")


async def _measure(names: list[str], seconds: float) -> None:
    with ExitStack() as stack:
        kafka = _once(stack)
        for name in names:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pasokh-bench-", dir=_disk())))
            try:
                async for line in ROWS[name](Place(folder, seconds, kafka)):
                    show(line)
            except Unavailable as error:
                show(Line(name, f"skipped: {error}"))


def _disk() -> Path:
    """The disk of the data folder, not one in memory."""
    var = Path("var")
    var.mkdir(exist_ok=True)
    return var.resolve()


def _once(stack: ExitStack) -> Callable[[], str]:
    """A Kafka that is started by the first row that wants it and ended with the last."""
    urls: list[str] = []

    def url() -> str:
        if not urls:
            server = open_kafka()
            stack.callback(server.close)
            urls.append(server.url)
        return urls[0]

    return url


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("row", nargs="*", help=f"one of {', '.join(ROWS)}; none: all")
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}, and short: does it run at all?")
    asked = parser.parse_args()
    unknown = sorted(set(asked.row) - ROWS.keys())
    if unknown:
        parser.error(f"there is no row {unknown[0]!r}; there are {', '.join(ROWS)}")
    heading()
    names = asked.row or (list(QUICK) if asked.quick else list(ROWS))
    asyncio.run(_measure(names, QUICK_SECONDS if asked.quick else LOAD_SECONDS))


if __name__ == "__main__":
    main()
