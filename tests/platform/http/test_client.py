"""Outgoing HTTP against real connections on this machine: what was surely not sent, and what may have been."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable

import httpcore2
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect as StarletteDisconnect
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.demo.serving import serving
from services.demo.telegram import FakeTelegram
from services.platform.core.settings import Settings
from services.platform.core.streamed_bytes import StreamedBytes
from services.platform.http import client as outgoing
from services.platform.http.client import ANSWER_BYTES, OutgoingHttp, open_http, ssrf_safe_client
from services.platform.http.client_address import (
    host_and_port,
    is_public,
    submission_target,
    validate_callback_url,
    validate_submission_url,
)
from services.platform.http.outgoing import PermanentSendError, SendOutcomeUnknown, TransientSendError, post_json
from services.platform.http.ssrf import SsrfSafeBackend
from services.workspaces.target_validation import validate_api_base, validate_called_urls

BODY = {"chat_id": 1, "text": "x"}


@pytest.fixture
async def stand_in(socket_enabled: None) -> AsyncIterator[tuple[FakeTelegram, str]]:
    state = FakeTelegram()
    async with serving(state.app) as url:
        yield state, url


@pytest.fixture
async def http(socket_enabled: None) -> AsyncIterator[OutgoingHttp]:
    async with open_http(ssrf_safe_client(allow_private=True, allowed=[])) as http:
        yield http


async def fault(http: OutgoingHttp, url: str, **what: object) -> None:
    await post_json(http, f"{url}/_faults", what)


def send(url: str) -> str:
    return f"{url}/bot1:a/sendMessage"


async def test_any_status_is_an_answer(http: OutgoingHttp, stand_in: tuple[FakeTelegram, str]) -> None:
    state, url = stand_in
    assert (await post_json(http, send(url), BODY)).status == 200
    await fault(http, url, kind="rate_limited", retry_after=3)
    answer = await post_json(http, send(url), BODY)
    assert (answer.status, b"retry after 3" in answer.body) == (429, True)
    assert len(state.sent) == 1


async def test_tokens_in_addresses_reach_no_log(
    http: OutgoingHttp, stand_in: tuple[FakeTelegram, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        await post_json(http, f"{stand_in[1]}/bot1:very-secret/sendMessage", BODY)
    assert "very-secret" not in caplog.text


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
async def test_answer_that_breaks_off_is_uncertain(
    http: OutgoingHttp, stand_in: tuple[FakeTelegram, str], kind: str
) -> None:
    state, url = stand_in
    await fault(http, url, kind=kind)
    with pytest.raises(SendOutcomeUnknown):
        await post_json(http, send(url), BODY)
    assert len(state.sent) == (1 if kind == "drop_after" else 0)


async def test_answer_that_does_not_come_is_uncertain(
    http: OutgoingHttp, stand_in: tuple[FakeTelegram, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "TOTAL_SECONDS", 0.1)
    await fault(http, stand_in[1], kind="hang", seconds=0.5)
    with pytest.raises(SendOutcomeUnknown):
        await post_json(http, send(stand_in[1]), BODY)


async def test_connection_that_closes_without_a_word_is_uncertain(http: OutgoingHttp) -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(SendOutcomeUnknown):
            await post_json(http, f"http://127.0.0.1:{port}/", BODY)


async def test_no_listener_is_surely_not_sent(http: OutgoingHttp) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(TransientSendError):
            await post_json(http, f"http://127.0.0.1:{taken.getsockname()[1]}/", BODY)


async def test_large_answers_are_cut(http: OutgoingHttp) -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5000000\r\n\r\n" + b"x" * 2_000_000)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(flood, "127.0.0.1", 0) as server:
        answer = await post_json(http, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", BODY)
        assert len(answer.body) == ANSWER_BYTES


async def test_redirects_are_answers_and_not_followed(http: OutgoingHttp) -> None:
    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(elsewhere, "127.0.0.1", 0) as server:
        answer = await post_json(http, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", BODY)
        assert answer.status == 302


@pytest.mark.parametrize("url", ["ftp://example.com/", "nonsense", "http://", "http://a\x00b/"])
async def test_what_is_no_web_address_is_refused(http: OutgoingHttp, url: str) -> None:
    with pytest.raises(PermanentSendError) as refused:
        await post_json(http, url, BODY)
    assert refused.value.code == "target"


# -- the guard ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104 - an address to refuse
        *("224.0.0.1", "255.255.255.255", "240.0.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1"),
        *("2002:7f00:1::", "2002:a00:1::", "2002:808:808::", "2001:0:4136:e378:8000:63bf:f7f7:f7f7", "2001:20::1"),
        *("fec0::1", "feff::1", "3fff::1", "3fff:fff::1", "5f00::1", "100::1", "64:ff9b:1::808:808", "2001:db8::1"),
        *(
            "192.0.0.8",
            "192.0.0.9",
            "192.0.0.170",
            "192.88.99.1",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
        ),
        *(
            "192.31.196.1",
            "192.52.193.1",
            "192.175.48.1",
            "2620:4f:8000::1",
            "::ffff:192.88.99.1",
            "64:ff9b::c058:6301",
        ),
    ],
)
def test_private_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["149.154.167.220", "2001:67c:4e8:f004::9", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_open_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    ["https://" + "a" * 64 + ".example/", "https://a..b/", "https://" + "a." * 130 + "example/", "https://.example/"],
)
def test_an_address_that_could_never_be_looked_up_is_none(url: str) -> None:
    assert host_and_port(url) is None
    [(pointer, _)] = validate_callback_url("/url", url, Settings(allow_private_targets=True))
    assert pointer == "/url"
    assert [pointer for pointer, _ in validate_api_base(url, Settings(allow_private_targets=True))] == ["/api_base"]


@pytest.mark.parametrize(
    "url",
    [
        "https://" + "a" * 63 + ".example/",
        "https://xn--mgba3a4f16a.example/",
        "http://[2001:67c::1]:8080/",
        "https://fe_d.example.",
    ],
)
def test_an_address_that_can_be_looked_up_is_one(url: str) -> None:
    assert host_and_port(url) is not None


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("smtps://user:p%40ss@smtp.shop.example", ("smtp.shop.example", 465)),
        ("smtp://smtp.shop.example", ("smtp.shop.example", 587)),
        ("smtp://user:pass@[2001:67c::1]:2525/", ("2001:67c::1", 2525)),
        ("https://smtp.shop.example", None),
        ("smtps://smtp.shop.example/path", None),
        ("smtps://smtp.shop.example#x", None),
        ("smtps://a b.example", None),
        ("smtps://smtp.shop.example:0x", None),
        ("smtps://", None),
    ],
)
def test_the_address_of_a_mail_server_may_have_a_user(url: str, target: tuple[str, int] | None) -> None:
    assert submission_target(url) == target
    assert [pointer for pointer, _ in validate_submission_url("/url", url, Settings())] == ([] if target else ["/url"])


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.5", "localhost", "mail.internal", "[::1]"])
def test_a_mail_server_in_a_private_network_needs_the_operators_permission(host: str) -> None:
    url = f"smtps://user:pass@{host}:465"
    [(pointer, sentence)] = validate_called_urls([("/credentials/smtp_url", url)], Settings())
    assert pointer == "/credentials/smtp_url"
    assert "PASOKH_ALLOWED_TARGETS" in sentence
    assert "pass@" not in sentence
    assert validate_called_urls([("/x", url)], Settings(allow_private_targets=True)) == []


class Network(httpcore2.AsyncNetworkBackend):
    """Notes where connections go; `away` addresses do not answer."""

    def __init__(self, away: Iterable[str] = ()) -> None:
        self.tried: list[str] = []
        self.away = set(away)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.tried.append(host)
        if host in self.away:
            raise httpcore2.ConnectError("away")
        return httpcore2.AsyncMockStream([])


def backend(network: Network, *answers: list[str], allowed: tuple[str, ...] = ()) -> SsrfSafeBackend:
    left = list(answers)

    async def resolve(host: str, port: int) -> list[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return SsrfSafeBackend(allow_private=False, allowed=allowed, resolve=resolve, network=network)


async def test_a_host_that_no_resolver_takes_is_no_connection_and_no_bug() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        # As the system's resolver does.
        return [str(host.encode("idna"))]

    guard = SsrfSafeBackend(allow_private=False, allowed=(), resolve=resolve, network=Network())
    with pytest.raises(httpcore2.ConnectError):
        await guard.connect_tcp("a" * 64 + ".example", 443)


async def test_host_of_a_private_address_is_refused_and_never_called() -> None:
    network = Network()
    with pytest.raises(PermanentSendError) as refused:
        await backend(network, ["10.0.0.1"]).connect_tcp("shop.example", 443)
    assert (refused.value.code, network.tried) == ("target", [])


async def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    network = Network()
    with pytest.raises(PermanentSendError):
        await backend(network, ["8.8.8.8", "127.0.0.1"]).connect_tcp("shop.example", 443)
    assert network.tried == []


async def test_connection_goes_to_the_address_that_was_judged_and_not_to_a_second_answer() -> None:
    network = Network()
    await backend(network, ["8.8.8.8"], ["127.0.0.1"]).connect_tcp("rebinding.example", 443)
    assert network.tried == ["8.8.8.8"]


async def test_next_address_is_tried_when_the_first_is_away() -> None:
    network = Network(away=["8.8.8.8"])
    await backend(network, ["8.8.8.8", "9.9.9.9"]).connect_tcp("shop.example", 443)
    assert network.tried == ["8.8.8.8", "9.9.9.9"]


async def test_named_target_is_allowed_exactly_as_named() -> None:
    network = Network()
    guard = backend(network, ["127.0.0.1"], allowed=("127.0.0.1:9000",))
    await guard.connect_tcp("127.0.0.1", 9000)
    with pytest.raises(PermanentSendError):
        await guard.connect_tcp("127.0.0.1", 9001)
    with pytest.raises(PermanentSendError):
        await guard.connect_tcp("localhost", 9000)


async def test_name_that_does_not_resolve_is_surely_not_sent() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    guard = SsrfSafeBackend(allow_private=False, allowed=(), resolve=resolve, network=Network())
    async with open_http(guard) as http:
        with pytest.raises(TransientSendError):
            await post_json(http, "https://nowhere.example/", BODY)


async def test_refusal_of_the_guard_passes_through_the_pool() -> None:
    async with open_http(backend(Network(), ["192.168.0.1"])) as http:
        with pytest.raises(PermanentSendError) as refused:
            await post_json(http, "https://inside.example/", BODY)
    assert refused.value.code == "target"


# -- bodies that are read while they are sent ----------------------------------------------------------------------------


@pytest.fixture
async def receiver(socket_enabled: None) -> AsyncIterator[tuple[list[tuple[dict[str, str], int | None]], str]]:
    """A server that takes whatever comes: the headers of each request, and the size of its body, None for half of one."""
    taken: list[tuple[dict[str, str], int | None]] = []

    async def take(request: Request) -> Response:
        size = 0
        try:
            async for part in request.stream():
                size += len(part)
        except StarletteDisconnect:
            taken.append((dict(request.headers), None))
            raise
        taken.append((dict(request.headers), size))
        return Response(b"taken")

    async with serving(Starlette(routes=[Route("/", take, methods=["POST"])])) as url:
        yield taken, url


def streamed(parts: int, size: int, failure: Exception | None = None) -> StreamedBytes:
    """Parts of 100,000 bytes, then a failure."""

    async def read() -> AsyncIterator[bytes]:
        for _ in range(parts):
            yield bytes(100_000)
        if failure is not None:
            raise failure

    return StreamedBytes(size, read)


async def test_a_streamed_body_arrives_whole_with_its_length(
    http: OutgoingHttp, receiver: tuple[list[tuple[dict[str, str], int | None]], str]
) -> None:
    taken, url = receiver
    for _ in range(2):  # it can be read again, on the same connection
        assert (await http.call("POST", url, streamed(30, 3_000_000))).body == b"taken"
    assert [size for _, size in taken] == [3_000_000, 3_000_000]
    assert all(headers["content-length"] == "3000000" for headers, _ in taken)
    assert all("transfer-encoding" not in headers for headers, _ in taken)


@pytest.mark.parametrize("failure", [PermanentSendError("file_missing", "gone"), TransientSendError("not now")])
async def test_what_breaks_while_a_body_is_read_passes_through_and_nobody_has_the_whole(
    http: OutgoingHttp, receiver: tuple[list[tuple[dict[str, str], int | None]], str], failure: Exception
) -> None:
    taken, url = receiver
    with pytest.raises(type(failure)) as caught:
        await http.call("POST", url, streamed(3, 1_000_000, failure))
    assert caught.value is failure
    # The connection is not used again: what would follow on it would be taken for the rest.
    assert (await http.call("POST", url, b"next")).body == b"taken"
    assert [size for _, size in taken] == [None, 4]
