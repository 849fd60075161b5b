"""A server as a child process."""

import subprocess
from collections.abc import Sequence
from pathlib import Path


class Process:
    """One command that can be started again after it ended; its output goes to `folder/output.log`."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._command = command
        self._folder = folder
        self._log = folder / "output.log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self.running else None

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        if self.running:
            return
        with self._log.open("ab") as log:
            # A session of its own: Ctrl-C in the terminal reaches the test run, which then ends its servers in order.
            self._child = subprocess.Popen(
                self._command,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self, seconds: float = 30) -> None:
        """SIGTERM, and SIGKILL for what has not ended in `seconds`."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def last_words(self) -> str:
        """The end of its log, at most 2,000 characters, and whether it still runs."""
        state = "still running" if self.running else f"ended with {self._child and self._child.returncode}"
        log = self._log.read_text(errors="replace") if self._log.exists() else ""
        return f"{self._command[0]} {state}\n{log[-2000:]}"
