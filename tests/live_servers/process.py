"""A server as a child process."""

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from tests.live_servers.server import STOP_SECONDS


class Child(Protocol):
    """A process that was started: what `subprocess.Popen` says and does of it."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int:
        """Raises `subprocess.TimeoutExpired`."""
        ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class Launch(Protocol):
    """Starts a command in a folder, with exactly this environment; what it writes is appended to `log`."""

    def __call__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> Child: ...


def execute(command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> Child:
    """A program of this machine."""
    with log.open("ab") as output:
        # A session of its own: Ctrl-C in the terminal reaches the test run, which then ends its servers in order.
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


class Process:
    """One command that can be started again after it ended; its output goes to `folder/output.log`.

    `environment`: what it is given besides the environment of the tests, from which it gets no setting of Pasokh.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        launch: Launch = execute,
    ) -> None:
        self._command = command
        self._folder = folder
        self._given = environment or {}
        self._launch = launch
        self._log = folder / "output.log"
        self._child: Child | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self.running else None

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def returncode(self) -> int | None:
        """How it ended; None while it runs or before it was started."""
        return self._child.poll() if self._child else None

    def start(self) -> None:
        if self.running:
            return
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PASOKH_")}
        self._child = self._launch(self._command, self._folder, {**inherited, **self._given}, self._log)
        self._guard = _guard(self._child.pid)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """SIGTERM, and SIGKILL for what has not ended in `seconds`."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
        self._gone()

    def signal(self) -> None:
        """SIGTERM, without waiting for its end."""
        if self._child is not None:
            self._child.terminate()

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._gone()

    def _gone(self) -> None:
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def last_words(self) -> str:
        """The end of its log, at most 2,000 characters, and whether it still runs."""
        state = "still running" if self.running else f"ended with {self.returncode}"
        log = self._log.read_text(errors="replace") if self._log.exists() else ""
        return f"{self._command[0]} {state}\n{log[-2000:]}"


def _guard(pid: int) -> subprocess.Popen[bytes]:
    """Ends `pid` when the test run is gone, even by SIGKILL: then nobody holds the other end of its input."""
    script = f"read -r _; kill -9 {pid}"
    return subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, start_new_session=True)


def pause_process(pid: int, seconds: float = STOP_SECONDS) -> None:
    """SIGSTOP, and wait until every thread has stopped: until then the process goes on answering. SIGCONT ends it.

    Where there is no /proc, nothing is waited for.
    """
    os.kill(pid, signal.SIGSTOP)
    until, threads = time.monotonic() + seconds, Path(f"/proc/{pid}/task")
    while threads.exists() and any(_state(thread) not in {"T", "t", "Z", "X"} for thread in threads.iterdir()):
        assert time.monotonic() < until, f"process {pid} did not stop within {seconds:g} s"
        time.sleep(0.005)


def pause_between_transactions(pid: int, database: Path) -> None:
    """`pause_process` at a moment when the process is not writing to its SQLite file: else it would keep the lock until it wakes."""
    pause_process(pid)
    while _is_locked(database):
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.01)
        pause_process(pid)


def _is_locked(database: Path) -> bool:
    """Whether somebody holds the write lock for longer than another process takes for a transaction."""
    with closing(sqlite3.connect(database, timeout=2, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        connection.execute("ROLLBACK")
        return False


def _state(thread: Path) -> str:
    """The state of a thread as /proc says it; X: it has ended."""
    try:
        # Its name, in brackets, may have spaces.
        return (thread / "stat").read_text().rpartition(") ")[2][:1]
    except FileNotFoundError:
        return "X"
