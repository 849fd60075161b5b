"""Downloads and plain connections against real servers on this machine: bounded, guarded, and honest about what failed."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpcore2
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import CertificateBuilder, Name, NameAttribute, random_serial_number
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from services.demo.serving import serving
from services.platform.http.client import NetworkStream, OutgoingHttp, open_http, ssrf_safe_client
from services.platform.http.outgoing import (
    PermanentSendError,
    SendOutcomeUnknown,
    TransientSendError,
    UntrustedCertificate,
)

PICTURE = b"\x89PNG" + bytes(1_000)


@pytest.fixture
async def http(socket_enabled: None) -> AsyncIterator[OutgoingHttp]:
    async with open_http(ssrf_safe_client(allow_private=True, allowed=[])) as http:
        yield http


class MediaServer:
    """A server of files; `seen` are the `authorization` headers that came, by path."""

    def __init__(self) -> None:
        self.seen: dict[str, str | None] = {}
        self.elsewhere = ""
        self.app = Starlette(
            routes=[
                Route("/picture", self._remember(lambda: Response(PICTURE, media_type="image/png"))),
                Route(
                    "/unmeasured", self._remember(lambda: StreamingResponse(self._unmeasured(), media_type="video/mp4"))
                ),
                Route("/gone", self._remember(lambda: PlainTextResponse("gone", 410))),
                Route("/busy", self._remember(lambda: PlainTextResponse("busy", 503))),
                Route("/moved", self._remember(lambda: RedirectResponse("/picture"))),
                Route("/moved-elsewhere", self._remember(lambda: RedirectResponse(self.elsewhere))),
                Route("/loop", self._remember(lambda: RedirectResponse("/loop"))),
            ]
        )

    def _remember(self, answer: Callable[[], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            self.seen[request.url.path] = request.headers.get("authorization")
            return answer()

        return endpoint

    async def _unmeasured(self) -> AsyncIterator[bytes]:
        for _ in range(20):
            yield bytes(1_000)


@pytest.fixture
async def media(socket_enabled: None) -> AsyncIterator[tuple[MediaServer, str]]:
    server = MediaServer()
    async with serving(server.app) as url:
        yield server, url


async def read(http: OutgoingHttp, url: str, max_bytes: int = 10_000, **headers: str) -> bytes:
    async with http.download(url, headers, max_bytes=max_bytes) as download:
        return b"".join([part async for part in download.chunks])


async def test_a_file_comes_with_its_type_and_size(http: OutgoingHttp, media: tuple[MediaServer, str]) -> None:
    async with http.download(f"{media[1]}/picture", max_bytes=10_000) as download:
        assert (download.media_type, download.size_bytes) == ("image/png", len(PICTURE))
        assert b"".join([part async for part in download.chunks]) == PICTURE


@pytest.mark.parametrize("path", ["picture", "unmeasured"], ids=["by what it says", "by what comes"])
async def test_a_file_that_is_too_large_is_refused(
    http: OutgoingHttp, media: tuple[MediaServer, str], path: str
) -> None:
    with pytest.raises(PermanentSendError) as refused:
        await read(http, f"{media[1]}/{path}", max_bytes=1_000)
    assert refused.value.code == "too_large"


async def test_a_file_that_is_gone_is_told_from_a_busy_server(
    http: OutgoingHttp, media: tuple[MediaServer, str]
) -> None:
    with pytest.raises(PermanentSendError) as gone:
        await read(http, f"{media[1]}/gone")
    assert (gone.value.code, gone.value.status) == ("not_found", 410)
    with pytest.raises(TransientSendError):
        await read(http, f"{media[1]}/busy")


async def test_a_redirect_is_followed_with_credentials_on_the_same_host_alone(
    http: OutgoingHttp, media: tuple[MediaServer, str]
) -> None:
    server, url = media
    server.elsewhere = url.replace("127.0.0.1", "localhost") + "/picture"
    assert await read(http, f"{url}/moved", authorization="Bearer a") == PICTURE
    assert server.seen.pop("/picture") == "Bearer a"
    assert await read(http, f"{url}/moved-elsewhere", authorization="Bearer a") == PICTURE
    assert server.seen["/moved-elsewhere"] == "Bearer a"
    assert server.seen["/picture"] is None


async def test_redirects_without_end_are_given_up(http: OutgoingHttp, media: tuple[MediaServer, str]) -> None:
    with pytest.raises(PermanentSendError) as refused:
        await read(http, f"{media[1]}/loop")
    assert refused.value.code == "target"


async def test_a_redirect_does_not_lead_around_the_guard(media: tuple[MediaServer, str]) -> None:
    server, url = media
    server.elsewhere = url.replace("127.0.0.1", "localhost") + "/picture"
    named = url.removeprefix("http://")
    async with open_http(ssrf_safe_client(allow_private=False, allowed=[named])) as http:
        assert await read(http, f"{url}/picture") == PICTURE
        with pytest.raises(PermanentSendError) as refused:
            await read(http, f"{url}/moved-elsewhere")
    assert refused.value.code == "target"


@asynccontextmanager
async def plain_server(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_a_download_that_breaks_off_may_go_well_later(http: OutgoingHttp) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        await writer.drain()
        writer.close()

    async with plain_server(talk) as port:
        with pytest.raises(TransientSendError):
            await read(http, f"http://127.0.0.1:{port}/")


async def test_more_bytes_than_a_server_has_stated_are_not_read(http: OutgoingHttp) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhalf" + bytes(100_000))
        await writer.drain()
        writer.close()

    async with plain_server(talk) as port:
        assert await read(http, f"http://127.0.0.1:{port}/", max_bytes=10) == b"half"


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"])
async def test_a_server_that_falls_silent_is_waited_for_as_long_as_a_file_may_take(
    http: OutgoingHttp, begun: bytes
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(begun)
        await reader.read()
        writer.close()

    async def whole(url: str) -> list[bytes]:
        async with http.download(url, {}, max_bytes=10_000, max_seconds=0.1) as download:
            return [part async for part in download.chunks]

    async with plain_server(talk) as port:
        with pytest.raises(TransientSendError):
            await whole(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("idempotent", [True, False])
async def test_a_broken_call_may_be_repeated_only_where_that_does_no_harm(http: OutgoingHttp, idempotent: bool) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with plain_server(talk) as port:
        with pytest.raises(TransientSendError if idempotent else SendOutcomeUnknown):
            await http.call("PUT", f"http://127.0.0.1:{port}/", b"{}", idempotent=idempotent)


async def test_a_connection_speaks_any_protocol(http: OutgoingHttp) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ready\r\n")
        await reader.readuntil(b"\r\n")
        writer.write(b"250 hello\r\n")
        await writer.drain()
        writer.close()

    async with plain_server(talk) as port:
        stream = await http.connect("127.0.0.1", port, tls=False)
        assert await stream.read(100) == b"220 mail.example ready\r\n"
        await stream.write(b"EHLO shop.example\r\n")
        assert await stream.read(100) == b"250 hello\r\n"
        assert await stream.read(100) == b""
        await stream.aclose()


async def test_a_connection_waits_as_long_as_it_is_told(http: OutgoingHttp) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    async with plain_server(talk) as port:
        stream = await http.connect("127.0.0.1", port, tls=False)
        with pytest.raises(SendOutcomeUnknown):
            await stream.read(100, 0.05)
        await stream.aclose()


async def test_a_connection_without_a_certificate_is_none(http: OutgoingHttp) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 plain\r\n")
        await writer.drain()
        writer.close()

    async with plain_server(talk) as port:
        with pytest.raises(TransientSendError):
            await http.connect("127.0.0.1", port, tls=True)


async def test_a_certificate_that_nobody_trusts_is_named(http: OutgoingHttp, tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    key, context = generate_private_key(SECP256R1()), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    name, now = Name([NameAttribute(NameOID.COMMON_NAME, "mail.example")]), datetime.now(UTC)
    built = CertificateBuilder(name, name, key.public_key(), random_serial_number(), now, now + timedelta(1))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem = tmp_path / "server.pem"
    pem.write_bytes(private + built.sign(key, SHA256()).public_bytes(Encoding.PEM))
    context.load_cert_chain(pem)
    async with await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(UntrustedCertificate, match=r"the certificate of 127\.0\.0\.1 is not trusted: self.signed"):
            await http.connect("127.0.0.1", port, tls=True)


class TlsStream(httpcore2.AsyncNetworkStream):
    """A stream that becomes encrypted without a network; `contexts` are those that it was encrypted with."""

    def __init__(self) -> None:
        self.contexts: list[ssl.SSLContext] = []

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        assert ssl_context.check_hostname
        assert ssl_context.verify_mode == ssl.CERT_REQUIRED
        self.contexts.append(ssl_context)
        return self


async def test_the_certificates_of_the_system_are_not_read_again_for_each_connection() -> None:
    stream = TlsStream()
    await NetworkStream(stream).start_tls("mail.example")
    await NetworkStream(stream).start_tls("shop.example")
    first, second = stream.contexts
    assert first is second


async def test_a_connection_into_a_private_network_is_refused(socket_enabled: None) -> None:
    async with open_http(ssrf_safe_client(allow_private=False, allowed=[])) as http:
        with pytest.raises(PermanentSendError) as refused:
            await http.connect("127.0.0.1", 25, tls=False)
    assert refused.value.code == "target"
