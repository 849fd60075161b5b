"""A load of webhooks from a process of its own: `python -m bench.load LOAD FILE`, a `Load` as JSON, a `Result` as such.

Every message is of another person, so each opens a conversation.
"""

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from services.platform.host import event_loop
from tests.live.connection import Connection, connected
from tests.live.installation import SECRET

PATH = "/webhooks/telegram/shop/main"
TEXTS = (
    "Hello, where is my order? It should have come on Monday.",
    "سلام، سفارش من هنوز نرسیده است. لطفا پیگیری کنید.",
    "مرحبا، أريد استرجاع المبلغ الذي دفعته أمس.",
    "Labdien, vai šie apavi ir pieejami 42. izmērā?",
)


@dataclass(frozen=True, slots=True)
class Load:
    """`rate` calls per second at random moments, independent of the answers; None: as fast as `connections` are
    answered.

    `first` is the number of the first person.
    """

    port: int
    seconds: float
    first: int
    rate: float | None = None
    connections: int = 32


@dataclass(frozen=True, slots=True)
class Sent:
    """One call: the person, the planned time (Unix seconds), the seconds until the answer, the status."""

    person: int
    at: float
    took: float
    status: int


@dataclass(frozen=True, slots=True)
class Result:
    """`seconds` from the first call to the last answer; `late` is the maximum delay of a call behind its planned
    time.
    """

    sent: list[Sent]
    seconds: float
    late_seconds: float

    @property
    def accepted(self) -> list[Sent]:
        """The calls that were answered 200. A platform would repeat the others."""
        return [sent for sent in self.sent if sent.status == 200]


def run(load: Load) -> Result:
    """Run the load in another process and return its result."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.json"
        subprocess.run([sys.executable, "-m", "bench.load", json.dumps(asdict(load)), str(path)], check=True)
        answer = json.loads(path.read_text())
    return Result([Sent(*fields) for fields in answer["sent"]], answer["seconds"], answer["late"])


def _request(load: Load, person: int) -> bytes:
    sender = {"id": person, "is_bot": False, "first_name": f"Customer {person}", "language_code": "en"}
    message = {
        "message_id": person,
        "date": int(time.time()),
        "chat": {"id": person, "type": "private", "first_name": sender["first_name"]},
        "from": sender,
        "text": TEXTS[person % len(TEXTS)],
    }
    body = json.dumps({"update_id": person, "message": message}, ensure_ascii=False).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{load.port}\r\nContent-Type: application/json\r\n"
        f"X-Telegram-Bot-Api-Secret-Token: {SECRET}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Sender:
    """Sends calls on idle or new connections and records the results."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._idle: list[Connection] = []
        self._next = load.first
        self.sent: list[Sent] = []

    async def warm(self, connections: int) -> None:
        """Open this many connections."""
        self._idle += await asyncio.gather(*(connected(self._load.port) for _ in range(connections)))

    async def send(self, at: float) -> None:
        """Send one call; `at` is its planned time in Unix seconds."""
        person, self._next = self._next, self._next + 1
        request = _request(self._load, person)
        connection = self._idle.pop() if self._idle else await connected(self._load.port)
        status = (await connection.request(request)).status
        self.sent.append(Sent(person, at, time.time() - at, status))
        if status:
            self._idle.append(connection)


async def _closed(load: Load, sender: _Sender) -> float:
    until = time.monotonic() + load.seconds

    async def connection() -> None:
        while time.monotonic() < until:
            await sender.send(time.time())

    await asyncio.gather(*(connection() for _ in range(load.connections)))
    return 0.0


async def _open(load: Load, sender: _Sender, rate: float) -> float:
    chance, begun, late = random.Random(load.first), time.time(), 0.0
    due, calls = begun, set[asyncio.Task[None]]()
    while due < begun + load.seconds:
        await asyncio.sleep(max(0.0, due - time.time()))
        late = max(late, time.time() - due)
        calls.add(asyncio.create_task(sender.send(due)))
        due += chance.expovariate(rate)
    await asyncio.gather(*calls)
    return late


async def _run(load: Load) -> Result:
    sender = _Sender(load)
    await sender.warm(load.connections)
    begun = time.monotonic()
    late = await (_closed(load, sender) if load.rate is None else _open(load, sender, load.rate))
    return Result(sender.sent, time.monotonic() - begun, late)


def main() -> None:
    """Run the load of the command line."""
    result = event_loop.run(_run(Load(**json.loads(sys.argv[1]))))
    sent = [[call.person, call.at, call.took, call.status] for call in result.sent]
    Path(sys.argv[2]).write_text(json.dumps({"sent": sent, "seconds": result.seconds, "late": result.late_seconds}))


if __name__ == "__main__":
    main()
