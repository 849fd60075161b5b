"""Exports the contracts: a JSON Schema of each, and one AsyncAPI 3 document of all topics."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from schemas.envelope import Event
from schemas.events import EVENT_TYPES, FACTS, of_topic
from schemas.topics import TOPICS
from schemas.values import Contract

# Any: JSON documents, built piece by piece.
Document = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = "#/components/schemas/{model}"
HOOKS = "integrator_webhooks"
HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


def contracts() -> list[type[Contract]]:
    """The envelope, and every contract that is the data of an event type."""
    payloads = {event.contract.__name__: event.contract for event in EVENT_TYPES.values()}
    return [Event, *(payloads[name] for name in sorted(payloads))]


def json_schemas() -> Mapping[str, Document]:
    """The JSON Schema of each contract, by file name, such as `conversation_fact.schema.json`."""
    return {
        f"{_split_words(contract.__name__)}.schema.json": {"$schema": DIALECT, **contract.model_json_schema()}
        for contract in contracts()
    }


def asyncapi(version: str) -> Document:
    """The AsyncAPI document: every topic with its messages, and the calls to webhook subscriptions."""
    _, schemas = models_json_schema([(contract, "validation") for contract in contracts()], ref_template=REFERENCE)
    channels = {topic.name: _channel(topic.name) for topic in TOPICS}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Pasokh",
            "version": version,
            "description": "Events are CloudEvents 1.0 in JSON. Facts (`pasokh.conversation.*`, `pasokh.contact.*`, `pasokh.sla.*`) are "
            "public; all other types are internal to Pasokh's services and may change with any version.",
        },
        "defaultContentType": "application/json",
        "channels": {**channels, HOOKS: _hooks()},
        "operations": {f"send_{name}": _operation(name) for name in (*channels, HOOKS)},
        "components": {"messages": {name: _message(name) for name in EVENT_TYPES}, "schemas": schemas["$defs"]},
    }


def _channel(name: str) -> Document:
    topic = next(item for item in TOPICS if item.name == name)
    return {
        "address": f"pasokh.{name}.v1",
        "description": f"Ordered by {topic.key}: the key of each event is its `partitionkey`. "
        f"Kept for {topic.retention_seconds // 86400} days.",
        "messages": {item: {"$ref": f"#/components/messages/{item}"} for item in of_topic(name)},
        "bindings": {"kafka": {"topicConfiguration": {"retention.ms": topic.retention_seconds * 1000}}},
    }


def _hooks() -> Document:
    return {
        "address": None,
        "description": "Facts, posted to the `url` of each subscription that wants them and signed by the Standard "
        f"Webhooks specification in {', '.join(HEADERS)}. Delivered at least once, identified by `webhook-id`, in no "
        "guaranteed order.",
        "messages": {fact: {"$ref": f"#/components/messages/{fact}"} for fact in FACTS},
        "bindings": {"http": {}},
    }


def _operation(channel: str) -> Document:
    return {"action": "send", "channel": {"$ref": f"#/channels/{channel}"}}


def _message(event_type: str) -> Document:
    contract = EVENT_TYPES[event_type].contract.__name__
    own = {
        "type": "object",
        "properties": {"type": {"const": event_type}, "data": {"$ref": REFERENCE.format(model=contract)}},
    }
    return {
        "name": event_type,
        "contentType": "application/json",
        "payload": {"allOf": [{"$ref": REFERENCE.format(model=Event.__name__)}, own]},
    }


def _split_words(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
