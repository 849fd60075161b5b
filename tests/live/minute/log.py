"""What lies on Kafka's log of an installation: every event with the time at which it was handed to the producer."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer

from schemas.envelope import Event, decode
from services.metrics.domain.recount.report import sorted_facts
from services.platform.bus.kafka.topics import bootstrap_servers, topic_name
from services.platform.processing.dedupe import DedupeVector

TOPICS = ("conversations", "sla")


@dataclass(frozen=True, slots=True)
class Record:
    """An event and its time on the log, in Unix seconds."""

    event: Event
    at: float

    @property
    def word(self) -> str:
        """The fact alone: `opened`, `breached`."""
        return self.event.type.rsplit(".", 1)[1]

    @property
    def conversation(self) -> str:
        return str(self.event.data["conversation"])


@dataclass
class Log:
    """The facts of one workspace, as every reader takes them: what was published again counts in `repeats` alone."""

    facts: list[Record] = field(default_factory=list)
    repeats: int = 0

    def facts_named(self, noun: str, *words: str) -> Iterable[Record]:
        """The facts of a noun (`conversation`, `sla`) with one of these words, in their order on the log."""
        start = f"pasokh.{noun}."
        return (r for r in self.facts if r.event.type.startswith(start) and (not words or r.word in words))

    def ordered(self) -> list[Event]:
        """All facts by their times."""
        return list(sorted_facts(record.event for record in self.facts))

    def counted(self, noun: str, word: str) -> Counter[str]:
        """How often a conversation was told this."""
        return Counter(record.conversation for record in self.facts_named(noun, word))


async def read(url: str, namespace: str, workspace: str) -> Log:
    """The whole log, from its beginning to its end now."""
    log = Log()
    names = [topic_name(namespace, topic) for topic in TOPICS]
    consumer = AIOKafkaConsumer(*names, bootstrap_servers=bootstrap_servers(url), auto_offset_reset="earliest")
    seen: dict[tuple[str, int], DedupeVector] = {}
    await consumer.start()
    try:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for place, records in (await consumer.getmany(timeout_ms=500)).items():
                admitted = seen.setdefault((place.topic, place.partition), DedupeVector({}))
                for record in records:
                    event = decode(record.value)
                    if not admitted.admit(event, place.topic):
                        log.repeats += 1
                    elif event.workspace == workspace and "conversation" in event.data:
                        log.facts.append(Record(event, record.timestamp / 1000))
    finally:
        await consumer.stop()
    return log
