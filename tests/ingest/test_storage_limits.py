"""What a platform lets us store for a limited time is marked with the end of that time, and goes to a log of its own."""

from datetime import timedelta

import pytest

from schemas.activity import Activity
from schemas.channel import Capabilities
from schemas.topics import LIMITED_RETENTION_SECONDS
from services.channels.port import Channel
from services.channels.registry import CHANNELS
from services.ingest.instruments import IngestInstruments
from services.ingest.publishing import publish_activities
from services.ingest.storage_limits import PURGE_PERIOD, with_storage_limits
from tests.fakes import START, MemoryBus

HOUR = timedelta(hours=1)


def activity() -> Activity:
    return Activity(
        id="a",
        workspace="w",
        channel="x",
        account="main",
        kind="message",
        surface="public",
        person="x:main:1",
        received_at=START,
    )


def limits(retention: float | None, profile: float | None = None) -> Capabilities:
    return Capabilities(
        surfaces=("public",), text_limits=(), retention_seconds=retention, profile_retention_seconds=profile
    )


def test_without_a_limit_nothing_is_marked() -> None:
    assert with_storage_limits(activity(), limits(None)) == activity()


def test_the_times_end_a_purge_before_those_of_the_platform() -> None:
    marked = with_storage_limits(activity(), limits(48 * 3600, 24 * 3600))
    assert marked.stored_until == START + 48 * HOUR - PURGE_PERIOD
    assert marked.profile_until == START + 24 * HOUR - PURGE_PERIOD


def test_a_short_limit_leaves_time_to_read() -> None:
    assert with_storage_limits(activity(), limits(3600)).stored_until == START + HOUR / 2


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_the_log_is_within_the_limits_of_every_channel(channel: Channel) -> None:
    stated = (channel.capabilities.retention_seconds, channel.capabilities.profile_retention_seconds)
    # Kafka's segments of an hour come on top.
    assert all(limit is None or limit >= LIMITED_RETENTION_SECONDS + 3600 for limit in stated)


def test_names_go_with_the_words_at_the_latest() -> None:
    assert (marked := with_storage_limits(activity(), limits(24 * 3600))).profile_until == marked.stored_until
    longer = with_storage_limits(activity(), limits(24 * 3600, 48 * 3600))
    assert longer.profile_until == longer.stored_until


async def test_what_is_limited_goes_to_a_log_of_its_own() -> None:
    bus = MemoryBus()
    await publish_activities(bus, IngestInstruments(), [activity()], {})
    await publish_activities(bus, IngestInstruments(), [with_storage_limits(activity(), limits(48 * 3600))], {})
    assert [record.topic for record in bus.published] == ["inbound", "inbound_limited"]
