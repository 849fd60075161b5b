"""The settings of topics on Kafka: what is kept shortly is deleted soon, too."""

import pytest

from schemas.topics import BY_NAME, TOPICS, Topic
from services.platform.bus.kafka.topics import topic_settings


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_topic_that_is_kept_shortly_begins_its_segments_as_soon(topic: Topic) -> None:
    settings = topic_settings(topic, 3)
    kept = str(topic.retention_seconds * 1000)
    assert (settings["retention.ms"], settings["min.insync.replicas"]) == (kept, "2")
    # Kafka's own week is right for the others, and theirs stay as they were made.
    assert settings.get("segment.ms") == {"signals": kept, "inbound_limited": "3600000"}.get(topic.name)


def test_a_record_of_limited_storage_is_gone_within_a_day() -> None:
    settings = topic_settings(BY_NAME["inbound_limited"], 3)
    # Kafka looks every five minutes, and takes a minute to delete.
    assert int(settings["retention.ms"]) + int(settings["segment.ms"]) + 6 * 60_000 < 86_400_000


def test_signals_are_kept_for_a_minute() -> None:
    assert [topic.name for topic in TOPICS if topic.retention_seconds == 60] == ["signals"]
