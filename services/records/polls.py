"""Which process fetches the updates of an account, and how far it came. Written by ingest alone."""

from dataclasses import dataclass

from schemas.values import Instant
from services.platform.store.port import Collection


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """Its id is `workspace/channel:account`. `owner` alone fetches until `until`, and renews that meanwhile.

    `cursor`: everything before it is durably on the bus. `revision` rises with each write, so that an owner that was
    replaced cannot write any more.
    """

    owner: str
    until: Instant
    cursor: str | None = None
    revision: int = 0


POLLS = Collection("polls", Poll, writer="ingest")
