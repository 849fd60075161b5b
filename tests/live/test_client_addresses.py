"""Who the client is, behind the proxy and behind one more: the addresses that are believed, and no others."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from services.demo.serving import serving
from tests.live.topology import ROOT, Replica, program, wait_for
from tests.live_servers.fixtures import absence
from tests.live_servers.process import Process
from tests.live_servers.server import Unavailable, free_ports

NOBODY = (ROOT / "deploy" / "proxy" / "trusted.conf").read_text()
INGRESS = (ROOT / "deploy" / "kubernetes" / "base" / "proxy" / "trusted.conf").read_text()


@contextmanager
def proxied(folder: Path, upstream: int, trusted: str) -> Iterator[str]:
    """Our nginx.conf with this trusted.conf in front of one upstream for every path; its address."""
    try:
        nginx = program("nginx")
    except Unavailable as error:
        raise absence(str(error)) from None
    [port] = free_ports(1)
    text = (ROOT / "deploy" / "proxy" / "nginx.conf").read_text()
    text = text.replace("0.0.0.0:8080", f"127.0.0.1:{port}").replace("/tmp/", f"{folder}/")  # noqa: S108 - replaced
    (folder / "nginx.conf").write_text(text)
    (folder / "trusted.conf").write_text(trusted)
    names = ("router", "ingest")
    (folder / "upstreams.conf").write_text(
        "".join(f"upstream {name} {{ server 127.0.0.1:{upstream}; }}\n" for name in names)
    )
    (folder / "paths.conf").write_text("location = /seen { proxy_pass http://router; }\n")
    command = [nginx, "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    replica = Replica("proxy", port, Process(command, folder))
    replica.process.start()
    try:
        wait_for([replica], "/livez")
        yield replica.url
    finally:
        replica.process.stop()


@pytest.fixture
async def upstream() -> AsyncIterator[int]:
    """A server that says what it is told of its client."""

    async def seen(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.headers.get("x-forwarded-for", "nothing"))

    [port] = free_ports(1)
    async with serving(Starlette(routes=[Route("/seen", seen)]), port=port):
        yield port


async def forwarded_addresses(url: str, forwarded: str) -> str:
    async with httpx2.AsyncClient(trust_env=False) as client:
        return (await client.get(f"{url}/seen", headers={"X-Forwarded-For": forwarded})).text


async def test_what_a_client_says_of_itself_is_not_believed(tmp_path: Path, upstream: int) -> None:
    with proxied(tmp_path, upstream, NOBODY) as url:
        assert await forwarded_addresses(url, "203.0.113.9") == "127.0.0.1"


async def test_clients_behind_an_ingress_controller_are_told_apart(tmp_path: Path, upstream: int) -> None:
    trusted = INGRESS.replace("10.0.0.0/8", "127.0.0.0/8")  # where the controller is, in this test
    with proxied(tmp_path, upstream, trusted) as url:
        assert await forwarded_addresses(url, "203.0.113.9") == "203.0.113.9"
        # What a client had put in front of it is not believed either: only what the controller added.
        assert await forwarded_addresses(url, "198.51.100.1, 203.0.113.9") == "203.0.113.9"


async def test_another_proxy_than_the_named_ones_is_a_client_itself(tmp_path: Path, upstream: int) -> None:
    with proxied(tmp_path, upstream, INGRESS) as url:
        assert await forwarded_addresses(url, "203.0.113.9") == "127.0.0.1"
