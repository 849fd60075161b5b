"""Limits the open streams of a process, and those of one key, workspace or address."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from services.platform.core.errors import Unavailable
from services.platform.core.instruments import AdmissionInstruments
from services.platform.http.problems import TooManyRequests

RETRY_SECONDS = 5


class StreamShares:
    """Counts the open streams of a process.

    `most` limits the streams per owner, by kind of owner; `all_together` limits those of the process. An owner of a
    kind in `fair` also has at most as many streams as are free, so that one owner alone can never use all of them.
    """

    def __init__(
        self,
        most: Mapping[str, int],
        all_together: int,
        instruments: AdmissionInstruments | None = None,
        *,
        fair: frozenset[str] = frozenset(),
    ) -> None:
        self._most, self._free, self._fair = dict(most), all_together, fair
        self._instruments = instruments or AdmissionInstruments()
        self._open: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def open_stream(self, owners: Mapping[str, str]) -> Iterator[None]:
        """Count a stream for these owners (kind → id) until the context is left.

        Raises TooManyRequests if an owner has reached its limit, Unavailable if the process has reached its own.
        """
        self.check(owners)
        self._free -= 1
        self._open.update(owners.items())
        try:
            yield
        finally:
            self._free += 1
            self._open.subtract(owners.items())
            for owner in owners.items():
                if not self._open[owner]:
                    del self._open[owner]

    def check(self, owners: Mapping[str, str]) -> None:
        """Raise the error that `open_stream` would raise."""
        for kind, owner in owners.items():
            open_now = self._open[kind, owner]
            if open_now >= self._most.get(kind, open_now + 1) or (kind in self._fair and open_now > self._free):
                self._instruments.refused.labels("stream", kind).inc()
                raise TooManyRequests(
                    f"This {kind} has {open_now} streams open already, which is its share. Close some, or read one for all.",
                    RETRY_SECONDS,
                )
        if self._free <= 0:
            self._instruments.refused.labels("stream", "process").inc()
            raise Unavailable("this process has as many streams open as it takes")
