"""The tail of a log gives what the log itself would give, or nothing."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from services.platform.bus.port import ProducerRecord, Record
from services.platform.bus.sqlite_cache import CACHE_BYTES, RecentRecordCache

TOPICS = ("inbound", "commands")
ALL = 10**9


def event(topic: str, number: int, size: int = 1) -> ProducerRecord:
    return ProducerRecord(topic, 0, "w/p", f"{number:0{size}}".encode())


def read(
    tail: RecentRecordCache, behind: Mapping[str, int], ends: Mapping[str, int], limit: int = 500
) -> list[Record] | None:
    return tail.read(0, behind, ends, limit=limit, max_bytes=ALL)


def appended(tail: RecentRecordCache, log: list[Record], topics: list[str], *, ours: bool) -> None:
    """A transaction on the log: of this process, or of another one, whose records it only hears of."""
    ends = {topic: sum(record.topic == topic for record in log) for topic in TOPICS}
    events = [event(topic, len(log) + number) for number, topic in enumerate(topics)]
    for one in events:
        log.append(Record(one.topic, 0, ends[one.topic], one.key, one.value))
        ends[one.topic] += 1
    if ours:
        tail.append(events, {(topic, 0): ends[topic] for topic in set(topics)})


@given(
    st.lists(st.tuples(st.lists(st.sampled_from(TOPICS), min_size=1, max_size=5), st.booleans()), max_size=8),
    st.dictionaries(st.sampled_from(TOPICS), st.integers(0, 10), min_size=1),
    st.integers(1, 7),
)
def test_the_tail_gives_what_the_log_gives_or_nothing(
    transactions: list[tuple[list[str], bool]], positions: dict[str, int], limit: int
) -> None:
    tail, log = RecentRecordCache(), list[Record]()
    for topics, ours in transactions:
        appended(tail, log, topics, ours=ours)
    ends = {topic: sum(record.topic == topic for record in log) for topic in TOPICS}
    behind = {topic: position for topic, position in positions.items() if position < ends[topic]}
    wanted = [record for record in log if record.offset >= behind.get(record.topic, ALL)][:limit]
    assert read(tail, behind, ends, limit) in (wanted, None)
    if all(ours for _, ours in transactions):
        assert read(tail, behind, ends, limit) == wanted


def test_old_records_are_let_go_when_there_are_too_many_bytes() -> None:
    tail, size = RecentRecordCache(), CACHE_BYTES // 3
    tail.append([event("inbound", number, size) for number in range(5)], {("inbound", 0): 5})
    assert read(tail, {"inbound": 1}, {"inbound": 5}) is None
    kept = read(tail, {"inbound": 2}, {"inbound": 5})
    assert kept is not None
    assert [record.offset for record in kept] == [2, 3, 4]


def test_a_record_that_is_too_large_to_keep_is_read_once_more_before_the_next() -> None:
    tail = RecentRecordCache()
    tail.append([event("inbound", 0, 2 * CACHE_BYTES)], {("inbound", 0): 1})
    assert read(tail, {"inbound": 0}, {"inbound": 1}) is not None
    tail.append([event("inbound", 1)], {("inbound", 0): 2})
    assert read(tail, {"inbound": 0}, {"inbound": 2}) is None


def test_what_another_process_appended_is_left_to_the_file() -> None:
    tail = RecentRecordCache()
    tail.append([event("inbound", 0)], {("inbound", 0): 1})
    assert read(tail, {"inbound": 0}, {"inbound": 2}) is None
    tail.append([event("inbound", 2)], {("inbound", 0): 3})
    assert read(tail, {"inbound": 1}, {"inbound": 3}) is None
    assert read(tail, {"inbound": 2}, {"inbound": 3}) == [Record("inbound", 0, 2, "w/p", b"2")]


def test_at_least_one_record_is_given_however_large() -> None:
    tail = RecentRecordCache()
    tail.append([event("inbound", 0, 100), event("inbound", 1, 100)], {("inbound", 0): 2})
    given_back = tail.read(0, {"inbound": 0}, {"inbound": 2}, limit=500, max_bytes=10)
    assert given_back is not None
    assert [record.offset for record in given_back] == [0]
