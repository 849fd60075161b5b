"""`pasokh` as a process that is forked from one which has imported it: what it takes to start is a fifth, the rest is imports.

It is a process like another: with its own environment, folder and session, ended by its own code or by kill -9.
"""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.live_servers.process import Child, Launch, execute

PASOKH = str(Path(sys.executable).parent / "pasokh")
IMPORTED = (
    __name__,
    "services.__main__",
    "services.composition",
    "services.platform.bus.kafka.bus",
    "services.platform.bus.sqlite",
    "services.platform.store.mongo.store",
    "services.platform.store.sqlite",
    "anyio._backends._asyncio",
    "pydantic.v1",
    "uvloop",
)
"""What a module that is missing here imports, each process imports for itself: it costs time, no more."""


def launch_of(command: Sequence[str]) -> Launch:
    """How the tests start a command: the installed one is forked, any other executed."""
    return fork if command[0] == PASOKH else execute


def fork(command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> Child:
    """Start the installed command `PASOKH` with these arguments, as `execute` would."""
    log.touch()
    program, *arguments = command
    assert program == PASOKH, f"{program} cannot be forked"
    context = multiprocessing.get_context("forkserver")
    # The server is started with the first process, and ends with the test run.
    context.set_forkserver_preload(list(IMPORTED))
    # daemon: a test run that ends waits for none.
    process = context.Process(target=_main, args=(arguments, folder, dict(environment), log), daemon=True)
    process.start()
    return _Forked(process)


def _main(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    output, nothing = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for stream in (1, 2):
        os.dup2(output, stream)
    sys.argv = [PASOKH, *arguments]
    # Imported here: the test run, which imports this module, needs none of it.
    from services.__main__ import main

    main()


class _Forked:
    """A `Child`."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(PASOKH, timeout or 0.0)
        return code

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()
