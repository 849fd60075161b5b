"""Ends event streams whose key, session, agent or workspace was deleted."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from services.platform.http.auth import Principal
from services.platform.http.open_streams import OpenStreams
from services.platform.processing.unit_of_work import Reader
from services.platform.store.port import Key
from services.records.configuration import CONFIGURATION_HEADS


class EndableStream(Protocol):
    """What a stream reads from."""

    def end(self) -> None:
        """No more will come."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class FactStream:
    """One open stream: the caller who opened it, its workspace, and the subscriber by which it is ended."""

    caller: Principal
    workspace: str
    subscriber: EndableStream

    @property
    def needed(self) -> set[Key]:
        """The documents without which the stream ends."""
        return {Key(CONFIGURATION_HEADS.name, self.workspace), *self.caller.documents}


def open_fact_streams(reader: Reader) -> OpenStreams[FactStream]:
    """The open streams of this process. One read checks all of them."""

    async def find_revoked(streams: Collection[FactStream]) -> Collection[FactStream]:
        # One read for all streams of the process, however many clients follow one workspace.
        existing = await reader.get_many(list({key for stream in streams for key in stream.needed}))
        return [stream for stream in streams if not stream.needed <= existing.keys()]

    return OpenStreams(find_revoked, lambda stream: stream.subscriber.end())
