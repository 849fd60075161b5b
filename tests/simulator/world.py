"""The world of a simulation: one log, one store, many processes that die, sleep and lose their connections.

Everything random comes from one `random.Random(seed)`, asked in the order in which things happen, and that order is
fixed by the virtual loop: a seed replays exactly. `Rules` switches off what the fakes promise, to show that the proof
notices.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from services.platform.bus.port import ProducerRecord, Record
from services.platform.core.errors import Fenced
from services.platform.store.port import Changes, Condition, Document, DocumentPage, Key, Put, Query

EPOCH = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)


class Killed(BaseException):
    """The process is dead: whatever it tries from here on does not happen."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the fakes keep to. Each can be switched off alone."""

    fence: bool = True
    atomic: bool = True
    stop_at_first_failure: bool = True
    never_wait_for_consumers: bool = True


@dataclass(frozen=True, slots=True)
class Chaos:
    """How much goes wrong, as probabilities per await, until `until` seconds have passed."""

    until: float = 20.0
    crash: float = 0.004
    pause: float = 0.01
    unknown: float = 0.03
    unavailable: float = 0.02
    publish_failure: float = 0.04
    rebalance_every: float = 2.0
    late_notice: float = 0.5
    clock_skew: float = 2.0


QUIET = Chaos(0.0, 0, 0, 0, 0, 0, 1e9, 0, 0)


@dataclass(slots=True)
class World:
    """The log and the documents, as they truly are."""

    seed: int
    partitions: int = 2
    chaos: Chaos = field(default_factory=Chaos)
    rules: Rules = field(default_factory=Rules)
    log: dict[tuple[str, int], list[Record]] = field(default_factory=lambda: defaultdict(list))
    documents: dict[str, dict[str, Document]] = field(default_factory=lambda: defaultdict(dict))
    rng: random.Random = field(init=False)
    history: list[str] = field(default_factory=list)
    _waiting: dict[tuple[str, int], list[asyncio.Event]] = field(default_factory=lambda: defaultdict(list))
    indexes: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    appended_at: dict[tuple[str, int, int], datetime] = field(default_factory=dict)
    latest: dict[str, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    commits: int = 0
    embedded: bool = False
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    # -- time ----------------------------------------------------------------------------------------------------------

    def seconds(self) -> float:
        """Virtual seconds since the start."""
        return self._loop.time()

    def now(self) -> datetime:
        """The true time."""
        return EPOCH + timedelta(seconds=self.seconds())

    @property
    def stormy(self) -> bool:
        """Whether things still go wrong."""
        return self._loop.time() < self.chaos.until

    def happens(self, probability: float) -> bool:
        """Whether something of this probability goes wrong now."""
        return self._loop.time() < self.chaos.until and self.rng.random() < probability

    def note(self, what: str) -> None:
        """Keep a line of history, to compare replays and to read a failure."""
        self.history.append(f"{self.seconds():9.4f} {what}")

    # -- the log -------------------------------------------------------------------------------------------------------

    def append(self, events: Sequence[ProducerRecord]) -> None:
        """Put events at the end of their partitions, now."""
        for event in events:
            log = self.log[event.topic, event.partition]
            self.appended_at[event.topic, event.partition, len(log)] = self.now()
            log.append(Record(event.topic, event.partition, len(log), event.key, event.value))
        self.note(f"append {[(e.topic, e.partition) for e in events]}")
        for place in {(e.topic, e.partition): None for e in events}:
            for arrived in self._waiting[place]:
                arrived.set()

    async def news(self, topics: Sequence[str], partition: int, wait: float) -> None:
        """Wait until something is appended to one of the topics of a partition, for so many seconds at most."""
        arrived = asyncio.Event()
        waiting = [self._waiting[topic, partition] for topic in topics]
        for line in waiting:
            line.append(arrived)
        try:
            async with asyncio.timeout(wait):
                await arrived.wait()
        except TimeoutError:
            return
        finally:
            for line in waiting:
                line.remove(arrived)

    def end(self, topic: str, partition: int) -> int:
        """The offset that the next event will have."""
        return len(self.log[topic, partition])

    # -- the store -----------------------------------------------------------------------------------------------------

    def apply(self, changes: Changes) -> None:
        """Commit, atomically unless that rule is off. Raises Fenced."""
        if self.rules.fence and not all(self._holds(c) for c in changes.conditions):
            raise Fenced
        self.commits += 1
        puts = list(changes.puts)
        if not self.rules.atomic and self.happens(0.2):
            puts = puts[: self.rng.randrange(len(puts) + 1)]
        for key in changes.deletes:
            self.documents[key.collection].pop(key.id, None)
        for put in puts:
            self._watch_time(put)
            self.documents[put.key.collection][put.key.id] = put.document
        self.note(f"commit {[f'{p.key.collection}:{p.key.id}' for p in puts]}")

    def _watch_time(self, put: Put) -> None:
        """The time of a partition's batches never goes back."""
        if put.key.collection == "rows":
            now = str(put.document["decided_at"])
            if now < self.latest.get(put.key.id, ""):
                self.broken.append(f"time went back on {put.key.id}")
            self.latest[put.key.id] = now

    def _holds(self, condition: Condition) -> bool:
        found = self.documents[condition.key.collection].get(condition.key.id)
        if condition.equals is None:
            return found is None
        return found is not None and found.get(condition.field) == condition.equals

    def read(self, keys: Sequence[Key]) -> dict[Key, Document]:
        """What is there now."""
        return {k: self.documents[k.collection][k.id] for k in keys if k.id in self.documents[k.collection]}

    def query(self, query: Query) -> DocumentPage:
        """One page, by scanning: a simulation is small."""
        fields = self.indexes[query.collection, query.index]
        free = [f for f in fields if f not in query.equals]
        rows = [(i, d) for i, d in self.documents[query.collection].items() if _matches(d, query, free)]
        rows.sort(key=lambda row: ([_sortable(row[1].get(f)) for f in free], row[0]), reverse=query.descending)
        start = int(query.after or 0)
        more = str(start + query.limit) if len(rows) > start + query.limit else None
        return DocumentPage(rows[start : start + query.limit], more)


def _matches(document: Document, query: Query, free: Sequence[str]) -> bool:
    if any(document.get(name) != value for name, value in query.equals.items()):
        return False
    if query.at_least is None and query.below is None:
        return True
    value = document.get(free[0])
    if value is None:
        return False
    above = query.at_least is None or _sortable(value) >= _sortable(query.at_least)
    return above and (query.below is None or _sortable(value) < _sortable(query.below))


def _sortable(value: object) -> tuple[int, str]:
    if value is None:
        return (0, "")
    return (1, f"{value:020.6f}") if isinstance(value, int | float) else (1, str(value))


Later = Callable[[], None]
