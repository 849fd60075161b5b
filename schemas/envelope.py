"""The envelope of every event: CloudEvents 1.0 (cloudevents.io) attributes in its JSON format, plus extensions.

Extensions: `workspace`; `partitionkey` (CloudEvents partitioning extension); `traceparent` (distributed tracing
extension); `seq` and `index`: the number of the commit of the processor that wrote the event, and the position within
it (None for writers without a checkpoint: ingest and REST). `(seq, index)` rises per `source`; readers drop an event
that is not above the last one they handled.
"""

from typing import Literal, TypeAlias, TypeVar

from pydantic import Field

from schemas.renamed_events import RENAMED_EVENT_FIELDS, current_data, current_type
from schemas.values import Contract, Instant, Json

Read = TypeVar("Read", bound=Contract)
ContractType: TypeAlias = type[Read]
"""`Event` has a field `type`, which would hide the builtin in its own annotations."""


class Event(Contract):
    """One event. `data` is the JSON of the contract of `type` (see `schemas.events.EVENT_TYPES`)."""

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

    def payload_as(self, contract: ContractType[Read]) -> Read:
        """Decode `data` as a contract. Raises pydantic's ValidationError, a ValueError."""
        return contract.model_validate(self.data)


def document(event: Event) -> dict[str, Json]:
    """The event as JSON values, as `encode` writes them."""
    return event.model_dump(mode="json")


def encode(event: Event) -> bytes:
    """The event as UTF-8 JSON."""
    return event.__pydantic_serializer__.to_json(event)


def decode(value: bytes) -> Event:
    """Decode an event, with the current names of type and fields (`schemas.renamed_events`).

    Raises pydantic's ValidationError, a ValueError, for bytes that are no event.
    """
    event = Event.model_validate_json(value)
    # The log keeps events of earlier versions for a week; every reader sees them under the current names.
    event_type = current_type(event.type)
    if event_type == event.type and event_type not in RENAMED_EVENT_FIELDS:
        return event
    return event.model_copy(update={"type": event_type, "data": current_data(event_type, event.data)})
