"""The desk's modules, each tested by itself with node's own runner: `tests/desk/modules/*.test.js`."""

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.live_servers.fixtures import absence

FOLDER = Path(__file__).parent / "modules"
TESTS = sorted(path.name for path in FOLDER.glob("*.test.js"))
TIMEOUT_SECONDS = 120


def node() -> str:
    """Where node is. Skips the test, or fails it in CI, where there is none."""
    found = shutil.which("node")
    if found is None:
        raise absence("there is no node: apt-get install nodejs")
    return found


@pytest.mark.parametrize("name", TESTS)
async def test_module(name: str) -> None:
    runner = await asyncio.create_subprocess_exec(
        *(node(), str(FOLDER / name)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await asyncio.wait_for(runner.communicate(), TIMEOUT_SECONDS)
    assert runner.returncode == 0, told.decode()
