"""The envelope of every event: CloudEvents 1.0 (cloudevents.io) attributes in its JSON format, plus extensions.

Extensions: `workspace`; `partitionkey` (CloudEvents partitioning extension); `traceparent` (distributed tracing
extension); `seq` and `index`, the number that the writing processor gave the event (absent from writers without a
row: ingest and REST). `(seq, index)` rises per `source`; readers drop what is not above the last they handled.
"""

from collections import OrderedDict
from typing import Literal, Self, TypeAlias, TypeVar

import orjson
from pydantic import Field, TypeAdapter

from schemas.renamed_events import RENAMED_EVENT_FIELDS, current_data, current_type
from schemas.values import Contract, Instant, Json, instant_text

Read = TypeVar("Read", bound=Contract)
ContractType: TypeAlias = type[Read]
"""`type` is a field of an event."""


class Event(Contract):
    """One event. `data` is the JSON of the contract that `type` names (`schemas.topics` lists them)."""

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(min_length=1)
    source: str = Field(min_length=1)
    type: str = Field(min_length=1)
    time: Instant
    datacontenttype: Literal["application/json"] = "application/json"
    workspace: str
    partitionkey: str
    traceparent: str | None = None
    seq: int | None = None
    index: int | None = None
    data: dict[str, Json]

    __slots__ = ("_read",)

    def payload_as(self, contract: ContractType[Read]) -> Read:
        """`data` as the contract that `type` names, which nobody may change. Raises ValueError (pydantic's).

        An event that is remembered (`decode`) is read once, however many groups of a process ask.
        """
        known = getattr(self, "_read", None)
        if type(known) is not contract:
            known = contract.model_validate(self.data)
            self.with_payload(known)
        return known

    def with_payload(self, known: Contract) -> Self:
        """This event, of which `known` is what `data` says: who reads it in this process need not find out."""
        object.__setattr__(self, "_read", known)
        return self


_EVENT = TypeAdapter(Event)
DECODED = 1_536
"""How many are remembered: in one process, up to three groups read an event within a moment."""
REMEMBERED_BYTES = 6_144
"""Larger ones are not, so that remembering never takes more than a few megabytes."""


def document(event: Event) -> dict[str, Json]:
    """The event as JSON's values: what `encode` writes."""
    return {**event.__dict__, "time": instant_text(event.time)}


def encode(event: Event) -> bytes:
    """The event as UTF-8 JSON."""
    value = orjson.dumps(document(event))
    _cache_decoded(value, event)
    return value


def decode(value: bytes) -> Event:
    """The event of `encode`, which nobody may change, under the names of now (`schemas.renamed_events`).

    Raises ValueError (pydantic's) for bytes that are no event.
    """
    event = _decode_cache.get(value)
    if event is None:
        event = _current(_EVENT.validate_json(value))
        _cache_decoded(value, event)
    return event


def _current(event: Event) -> Event:
    """The event under the names of now: an earlier version may have written it."""
    event_type = current_type(event.type)
    if event_type == event.type and event_type not in RENAMED_EVENT_FIELDS:
        return event
    return event.model_copy(update={"type": event_type, "data": current_data(event_type, event.data)})


_decode_cache: OrderedDict[bytes, Event] = OrderedDict()
"""Each use of it is one step for Python: long bodies are read, and so encoded, on threads."""


def _cache_decoded(value: bytes, event: Event) -> None:
    """What one stage of a process wrote or read, the next ones need not decode."""
    if len(value) <= REMEMBERED_BYTES:
        _decode_cache[value] = event
        if len(_decode_cache) > DECODED:
            _decode_cache.popitem(last=False)
