"""What the stand-ins of platforms accepted, oldest first: `GET /_sent?after=N&channel=NAME`, each item with its `number`."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from schemas.values import Json
from services.demo.numbers import first_number_at

REMEMBERED = 10_000
_NUMBERS = count(first_number_at(datetime.now(UTC)))
"""Of the whole process: two stand-ins give no two messages one id, and one that was started again none of its old ids."""


@dataclass
class SentLog:
    """The accepted messages and actions of one stand-in, or of several that share it."""

    items: deque[dict[str, Json]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _numbers: Iterator[int] = field(default_factory=lambda: _NUMBERS)

    def next_number(self) -> int:
        """A number for the next item."""
        return next(self._numbers)

    def add(self, number: int, channel: str, item: Mapping[str, Json]) -> None:
        """Store an item under a number of `next_number`."""
        self.items.append({"number": number, "channel": channel, **item})

    async def show(self, request: Request) -> Response:
        """The items above the number `after`, those of one channel if `channel` names one."""
        after, channel = request.query_params.get("after", "0"), request.query_params.get("channel")
        if not after.isdecimal():
            return JSONResponse({"detail": "`after` is a number of `/_sent`"}, 422)
        items = [item for item in self.items if _number(item) > int(after) and channel in (None, item["channel"])]
        return Response(orjson.dumps({"items": items}), media_type="application/json")


def _number(item: Mapping[str, Json]) -> int:
    number = item["number"]
    return number if isinstance(number, int) else 0
