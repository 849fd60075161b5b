"""The outgoing HTTP port in memory: what a test says is answered, and every call is recorded."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from services.platform.http.outgoing import HttpResponse


class HttpCall(NamedTuple):
    """One call: `json` as it was given to be encoded, or `body` and `headers` as they were signed."""

    url: str
    json: Any = None  # any: whatever JSON a channel sends
    body: bytes = b""
    headers: dict[str, str] = {}


def refuse_calls(call: HttpCall) -> HttpResponse:
    """No call is expected."""
    raise AssertionError(f"{call.url} was called")


def always(status: int = 200, body: bytes = b"", **headers: str) -> Callable[[HttpCall], HttpResponse]:
    """This answer to every call; `_` in the names of headers stands for `-`."""
    answer = HttpResponse(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)
    return lambda call: answer


@dataclass
class FakeHttp:
    """`services.platform.http.outgoing.Http` without a network; `respond` returns the answer to a call or raises."""

    respond: Callable[[HttpCall], HttpResponse] = refuse_calls
    calls: list[HttpCall] = field(default_factory=list)

    async def post_json(self, url: str, body: object) -> HttpResponse:
        return self._answer(HttpCall(url, json=body))

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> HttpResponse:
        return self._answer(HttpCall(url, body=body, headers=headers))

    def _answer(self, call: HttpCall) -> HttpResponse:
        self.calls.append(call)
        return self.respond(call)


def in_order(*answers: HttpResponse | Exception) -> Callable[[HttpCall], HttpResponse]:
    """Each answer once, an exception by raising it; a call beyond the last is a failure of the test."""
    remaining: Iterator[HttpResponse | Exception] = iter(answers)

    def respond(call: HttpCall) -> HttpResponse:
        answer = next(remaining, None)
        if answer is None:
            return refuse_calls(call)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return respond
