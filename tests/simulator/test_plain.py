"""The processor under everything that can go wrong: a thousand seeds, none of which may lose or double an event.

`PASOKH_SEEDS` sets how many seeds run; a failing one is replayed with `PASOKH_SEED=<number>`.
"""

import os

import pytest

from tests.simulator.run import RunResult, run_plain
from tests.simulator.world import Chaos

SEEDS = int(os.environ.get("PASOKH_SEEDS", "1000"))
ONE = os.environ.get("PASOKH_SEED")
CHUNK = 100
FIRST_OF_CHUNKS = range(0, SEEDS, CHUNK) if ONE is None else (int(ONE),)


def one_seed(seed: int) -> RunResult:
    """The seed decides what kind of world it is: poison, engine, clocks that disagree."""
    return run_plain(seed, poison=seed % 3, embedded=seed % 4 == 0, chaos=Chaos(clock_skew=2.0 * (seed % 2)))


@pytest.mark.parametrize("first", FIRST_OF_CHUNKS)
def test_every_event_acts_exactly_once(first: int) -> None:
    for seed in range(first, first + (CHUNK if ONE is None else 1)):
        verdict = one_seed(seed)
        assert not verdict.wrong, f"replay with PASOKH_SEED={seed}: {verdict.wrong}"


def test_a_seed_replays_exactly() -> None:
    assert one_seed(7).history == one_seed(7).history
