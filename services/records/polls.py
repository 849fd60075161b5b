"""The leases of polled accounts: which process fetches the updates, and up to which cursor. Ingest alone writes them."""

from dataclasses import dataclass

from schemas.values import Instant
from services.platform.store.port import Collection


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A lease; its id is `workspace/channel:account`. Only `owner` fetches before `until`, which it renews in time.

    `cursor`: all updates before it are durably on the bus. `revision` rises with each write, so that an owner whose lease
    another process took over can no longer write.
    """

    owner: str
    until: Instant
    cursor: str | None = None
    revision: int = 0


POLLS = Collection("polls", Poll, writer="ingest")
