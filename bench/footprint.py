"""Measures `pasokh up`: the seconds from its start until `/readyz` answers 200, and its memory."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

from bench.installation import resident_bytes, wait_until_idle
from bench.report import ResultRow
from tests.live.installation import up

READY_SECONDS = 10.0
RESIDENT_BYTES = 250e6


async def lines(folder: Path) -> AsyncIterator[ResultRow]:
    """Measure the second start on a data folder, as after an upgrade or a power failure."""
    for start in ("first", "second"):
        installation = up(folder)
        begun = time.monotonic()
        installation.start()
        try:
            installation.wait_ready()
            took = time.monotonic() - begun
            await wait_until_idle(2.0)
            resident = resident_bytes(installation)
        finally:
            installation.stop()
        yield ResultRow(f"{start} start of pasokh up", f"{took:.1f} s until ready", took / READY_SECONDS, 1.0)
        if start == "second":
            figures = f"{resident / 1e6:.0f} MB resident when idle"
            yield ResultRow("memory of pasokh up", figures, resident / RESIDENT_BYTES, 1.0)
