"""Installations of real `pasokh` processes on free ports, with everything they keep in a folder of the test's own."""

import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.routing import Mount

from services.demo.serving import serving
from services.demo.telegram import FakeTelegram
from tests.live_servers.forked import PASOKH, launch_of
from tests.live_servers.process import Process, execute
from tests.live_servers.server import START_SECONDS, Server, free_ports

SECRET = "a-secret-of-the-webhook"
SECRET_HEADER = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
ADMIN_KEY = "an-admin-key-for-tests-0123456789abcdef"


@dataclass
class Running:
    """One `pasokh` process that can be killed and started again. `arguments` follow the command, which is `program`.

    The installed command is forked from a process that has imported it, unless it `is_executed`.
    """

    folder: Path
    arguments: tuple[str, ...]
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    program: Sequence[str] = (PASOKH,)
    is_executed: bool = False

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        given = {"PASOKH_DATA": str(self.folder / "data"), "PASOKH_PORT": str(self.port), **self.environment}
        launch = execute if self.is_executed else launch_of(self.program)
        self.process = Process([*self.program, *self.arguments], self.folder, given, launch)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "output.log").read_text(errors="replace")

    def start(self) -> None:
        self.process.start()

    def kill(self) -> None:
        """Kill -9."""
        self.process.kill()

    def stop(self) -> tuple[int | None, float]:
        """SIGTERM; its exit code and the seconds it took."""
        began = time.monotonic()
        self.process.stop()
        return self.process.returncode, time.monotonic() - began

    def wait_ready(self, seconds: float = START_SECONDS) -> float:
        """Seconds until `/readyz` says 200. Raises TimeoutError with the end of the log."""
        began = time.monotonic()
        with httpx2.Client(base_url=self.url, timeout=2, trust_env=False) as client:
            while not _is_ready(client):
                if time.monotonic() - began > seconds or not self.process.running:
                    raise TimeoutError(self.process.last_words())
                time.sleep(0.02)
        return time.monotonic() - began

    def wait_end(self, seconds: float = 20) -> int | None:
        """The exit code of a process that ends by itself."""
        until = time.monotonic() + seconds
        while self.process.running and time.monotonic() < until:
            time.sleep(0.02)
        code = self.process.returncode
        self.kill()
        return code


def _is_ready(client: httpx2.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx2.HTTPError:
        return False


def up(folder: Path, *arguments: str, **environment: str) -> Running:
    """A `pasokh up` that is not started yet."""
    [port] = free_ports(1)
    return Running(folder, ("up", *arguments), port, environment)


def served(folder: Path, name: str, environment: Mapping[str, str], program: Sequence[str] = (PASOKH,)) -> Running:
    """One service as a process of its own, not started yet."""
    [port] = free_ports(1)
    return Running(folder, ("serve", name), port, environment, program)


@contextmanager
def running_well(running: Running) -> Iterator[None]:
    """Start it, and stop it after the tests, whatever happens in them. It ends with 0, and its log has no traceback."""
    running.start()
    try:
        running.wait_ready()
        yield
    finally:
        ended, _ = running.stop()
    assert ended == 0
    assert "Traceback" not in running.log


def command(folder: Path, *arguments: str) -> Running:
    """A command on the data of an installation in `folder`, with its own log."""
    place = folder / f"command-{time.monotonic_ns()}"
    return Running(place, arguments, 1, {"PASOKH_DATA": str(folder / "data")})


@dataclass
class Shop:
    """A workspace over REST, and the webhook of its one account."""

    client: httpx2.AsyncClient
    workspace: str = "shop"

    async def put(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self.client.put(f"/v1/workspaces/{self.workspace}{path}", json=dict(body))
        assert answer.status_code in (200, 201), answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def get(self, path: str, **parameters: str) -> dict[str, Any]:
        answer = await self.client.get(f"/v1/workspaces/{self.workspace}{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def items(self, path: str, **parameters: str) -> list[dict[str, Any]]:
        """Every item of a list, over all its pages."""
        found: list[dict[str, Any]] = []
        page = await self.get(path, limit="200", **parameters)
        while True:
            found += page["items"]
            if page["next"] is None:
                return found
            page = await self.get(path, limit="200", cursor=page["next"], **parameters)

    async def reply(self, conversation: str, agent: str, text: str, key: str | None = None) -> httpx2.Response:
        headers = {"Idempotency-Key": key} if key else {}
        path = f"/v1/workspaces/{self.workspace}/conversations/{conversation}/replies"
        return await self.client.post(path, json={"agent": agent, "text": text}, headers=headers)

    async def post(
        self, update: Mapping[str, Any], secret: str = SECRET, workspace: str | None = None
    ) -> httpx2.Response:
        """One webhook call of Telegram."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        path = f"/webhooks/telegram/{workspace or self.workspace}/main"
        return await self.client.post(path, json=dict(update), headers=headers)

    async def open_with(
        self, stand_in: str, agents: Mapping[str, Mapping[str, int]], *, capacity: int = 1000, **targets: float
    ) -> None:
        """The workspace with an account whose bot lives at `stand_in`, and agents (id → skills) who are online."""
        await self.put("", {"name": "Shop", "languages": ["en", "fa", "ar", "lv"]})
        credentials = {"bot_token": "7000001:AAtest", "secret_token": SECRET}
        await self.put("/accounts/telegram/main", {"credentials": credentials, "api_base": stand_in})
        for agent, skills in agents.items():
            body = {"name": agent, "teams": ["default"], "skills": dict(skills), "capacity": capacity}
            await self.put(f"/agents/{agent}", body)
            await self.put(f"/agents/{agent}/presence", {"status": "online"})
        known = {"language": ["en", "fa", "ar", "lv"]}
        await self.put("/routing", {"rules": [{"when": known, "then": {"skills": {"lang:{language}": 2}}}]})
        if targets:
            await self.put("/sla", {"policies": [{"id": "all", "targets": targets}]})


@asynccontextmanager
async def shop_at(url: str, key: str, workspace: str = "shop") -> AsyncIterator[Shop]:
    """A workspace of a running installation; it need not exist yet."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=30, trust_env=False) as client:
        yield Shop(client, workspace)


@asynccontextmanager
async def telegram(port: int, path: str = "") -> AsyncIterator[tuple[FakeTelegram, str]]:
    """A stand-in for Telegram on a port that the installation allows, and its address; elsewhere than `path` is 404."""
    stand_in = FakeTelegram()
    async with serving(Starlette(routes=[Mount(path, stand_in.app)]), port=port) as url:
        yield stand_in, f"{url}{path}"


def allowing(port: int) -> dict[str, str]:
    """The setting that lets replies go to a stand-in on this port."""
    return {"PASOKH_ALLOWED_TARGETS": json.dumps([f"127.0.0.1:{port}"])}


def database(mongo: Server, name: str) -> str:
    """The server's address with a database of the test's own."""
    address, _, options = mongo.url.partition("?")
    return f"{address.rstrip('/')}/{name}" + (f"?{options}" if options else "")


def update_of(number: int, chat: int, text: str, *, at: float | None = None) -> dict[str, Any]:
    """An update of Telegram with one private message; `number` names update and message."""
    person = {"id": chat, "is_bot": False, "first_name": f"Customer {chat}"}
    return {
        "update_id": number,
        "message": {
            "message_id": number,
            "date": int(time.time() if at is None else at),
            "chat": {"id": chat, "type": "private", "first_name": f"Customer {chat}"},
            "from": person,
            "text": text,
        },
    }
