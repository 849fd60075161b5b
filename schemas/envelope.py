"""The envelope of every event: CloudEvents 1.0 (cloudevents.io) attributes in its JSON format, plus extensions.

Extensions: `workspace`; `partitionkey` (CloudEvents partitioning extension); `traceparent` (distributed tracing
extension); `seq` and `index`, the number that the writing processor gave the event (absent from writers without a
row: ingest and REST). `(seq, index)` rises per `source`; readers drop what is not above the last they handled.
"""

from typing import Literal, TypeAlias, TypeVar

from pydantic import Field

from schemas.renamed_events import RENAMED_EVENT_FIELDS, current_data, current_type
from schemas.values import Contract, Instant, Json

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

    def payload_as(self, contract: ContractType[Read]) -> Read:
        """Decode `data` as the contract that `type` names. Raises ValueError (pydantic's)."""
        return contract.model_validate(self.data)


def document(event: Event) -> dict[str, Json]:
    """The event as JSON values: what `encode` writes."""
    return event.model_dump(mode="json")


def encode(event: Event) -> bytes:
    """The event as UTF-8 JSON."""
    return event.__pydantic_serializer__.to_json(event)


def decode(value: bytes) -> Event:
    """The event that `encode` wrote, under today's names (`schemas.renamed_events`).

    Raises ValueError (pydantic's) for bytes that are no event.
    """
    event = Event.model_validate_json(value)
    event_type = current_type(event.type)
    if event_type == event.type and event_type not in RENAMED_EVENT_FIELDS:
        return event
    return event.model_copy(update={"type": event_type, "data": current_data(event_type, event.data)})
