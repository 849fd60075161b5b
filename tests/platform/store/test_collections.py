"""Documents that an earlier version wrote are read, and written again as they were."""

from collections.abc import Mapping
from typing import Any

import pytest

from schemas.envelope import Event
from schemas.values import Json
from services.platform.store.codec import Codec, codec_for
from services.platform.store.collections import (
    FACTS,
    AcceptedCommand,
    DeadLetter,
    Outbox,
    PartitionCheckpoint,
    StoreMetadata,
    Timer,
    put_fact,
)
from services.platform.store.migrations import Progress

AT = "2026-03-02T09:00:00.000000Z"
STORED: Mapping[type, dict[str, Json]] = {
    PartitionCheckpoint: {
        "seq": 7,
        "offsets": {"inbound": 12, "commands": 3},
        "dedupe_vector": {"conversations/0|conversations": [6, 2]},
        "decided_at": AT,
        "closed": ["gone"],
        "version": 5,
    },
    StoreMetadata: {"partitions": 16},
    Outbox: {"events": [["conversations", 1, "shop/telegram:main:1", '{"id": "e1"}']]},
    Timer: {
        "group": "sla",
        "partition": 1,
        "name": "due/c1",
        "due_at": AT,
        "data": {"conversation": "c1", "run": 2, "since": None, "kinds": ["first"]},
    },
    DeadLetter: {
        "group": "metrics",
        "partition": 0,
        "topic": "inbound",
        "offset": 4,
        "event": "{}",
        "event_id": "e1",
        "event_type": "pasokh.inbound.message",
        "workspace": "shop",
        "error": "ValueError: text: missing",
        "at": AT,
        "expires_at": AT,
    },
    AcceptedCommand: {"workspace": "shop", "request_hash": "5f", "at": AT},
    Progress: {"version": 3, "target": 5, "rewrite": 1, "after": "c1", "revision": 9, "owner": "host-1"},
}


@pytest.mark.parametrize("record", STORED, ids=lambda record: record.__name__)
def test_a_stored_document_is_read_and_written_again_as_it_was(record: type) -> None:
    # Any: a codec of some record is none of every record.
    codec: Codec[Any] = codec_for(record)
    assert codec.encode(codec.decode(STORED[record])) == STORED[record]


def test_a_row_of_the_first_version_has_defaults_for_what_came_later() -> None:
    row = codec_for(PartitionCheckpoint).decode({"seq": 1, "decided_at": AT})
    assert (row.offsets, row.dedupe_vector, row.closed, row.version) == ({}, {}, [], 0)


def test_a_fact_rests_as_its_event_with_the_conversation_beside_it() -> None:
    stored: dict[str, Json] = {
        "specversion": "1.0",
        "id": "e1",
        "source": "conversations/0",
        "type": "pasokh.conversation.opened",
        "time": AT,
        "datacontenttype": "application/json",
        "workspace": "shop",
        "partitionkey": "shop/telegram:main:1",
        "traceparent": None,
        "seq": 3,
        "index": 0,
        "data": {"conversation": "c1"},
    }
    fact = FACTS.decode({**stored, "conversation": "c1"})
    assert fact == Event.model_validate(stored)
    assert put_fact(fact).document == {**stored, "conversation": "c1"}


def test_a_fact_about_no_conversation_has_none_beside_it() -> None:
    about_account = Event.model_validate(
        {"id": "e1", "source": "accounts/0", "type": "pasokh.account.ready", "time": AT, "workspace": "shop"}
        | {"partitionkey": "shop", "data": {"account": "main"}}
    )
    assert put_fact(about_account).document["conversation"] is None
