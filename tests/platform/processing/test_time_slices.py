"""Stages that nobody waits for give way. Time is virtual."""

import asyncio

from services.platform.processing.time_slices import SLICE_SECONDS, TimeSlicer
from tests.fakes import LoopTimeSource
from tests.simulator.loop import run_virtually


class Slow(LoopTimeSource):
    """A clock by which each look takes half a turn."""

    def __init__(self) -> None:
        self.looks = 0

    def monotonic(self) -> float:
        self.looks += 1
        return self.looks * SLICE_SECONDS / 2


def test_what_is_ready_goes_between() -> None:
    said: list[str] = []

    async def main() -> None:
        asyncio.get_running_loop().call_soon(said.append, "urgent")
        await TimeSlicer().slices(said.append, ["1", "2", "3", "4"], Slow())

    run_virtually(main())
    assert said == ["1", "urgent", "2", "3", "4"]


def test_one_of_them_at_once_and_the_next_one_after_a_failure() -> None:
    said: list[str] = []

    def decide(what: str) -> None:
        said.append(what)
        if what == "bad":
            raise ValueError

    async def main() -> None:
        turns, time_source = TimeSlicer(), Slow()
        both = (
            turns.slices(decide, ["1", "2", "bad", "never"], time_source),
            turns.slices(decide, ["a", "b", "c"], time_source),
        )
        first, _ = await asyncio.gather(*both, return_exceptions=True)
        assert isinstance(first, ValueError)

    run_virtually(main())
    assert said == ["1", "2", "bad", "a", "b", "c"]
