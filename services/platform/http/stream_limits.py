"""How many streams may be open at once in a process, and how many of them are one key's, workspace's or address's."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from services.platform.core.errors import Unavailable
from services.platform.core.instruments import AdmissionInstruments
from services.platform.http.problems import TooManyRequests

RETRY_SECONDS = 5


class StreamShares:
    """`most`: kind of owner → how many streams one owner of that kind has at most; `all_together`: in this process.

    Besides, an owner of a kind in `fair` has at most as many as are left free, so that one alone never takes all.
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
        """One stream of these owners (kind → id) until the context is left.

        Raises TooManyRequests when one of them has its share already, Unavailable when the process has no more.
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
        """Raise what `held` would."""
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
