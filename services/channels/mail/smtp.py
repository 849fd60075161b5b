"""Mail submission over a guarded connection: RFC 5321, with TLS (RFC 8314), STARTTLS (RFC 3207) and AUTH (RFC 4954)."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from services.channels.mail.smtp_replies import SmtpReply, rejection
from services.channels.port import CredentialsRejected
from services.platform.core.streamed_bytes import StreamedBytes, filled
from services.platform.http.client_address import submission_target
from services.platform.http.outgoing import (
    UPLOAD_BYTES_PER_SECOND,
    DuplexStream,
    HttpClient,
    PermanentSendError,
    SendOutcomeUnknown,
    TransientSendError,
    UntrustedCertificate,
)

BEFORE_DATA_SECONDS = 8.0
"""Until the mail is handed over nothing has been accepted: a server that takes longer is tried again."""
ANSWER_SECONDS = 35.0
"""For the last word on a mail, which servers give once they have looked through it. RFC 5321, 4.5.3.2.6 would wait for ten
minutes; meanwhile the person's next message waits too.
"""
MAX_LINE = 4096
MAX_LINES = 100
WRITE_BYTES = 65_536
OUR_NAME = "pasokh.invalid"
"""What EHLO says: submission servers go by the credentials, and the name of a machine says too much (RFC 6761, 6.4)."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A server for submission: `smtps` encrypts from the first byte, `smtp` by STARTTLS."""

    host: str
    port: int
    is_encrypted: bool
    user: str
    password: str = field(repr=False)


def read_smtp_url(url: str) -> SmtpServer:
    """The server of an account. Raises PermanentSendError for a text that is no such URL."""
    target = submission_target(url)
    if target is None:
        raise PermanentSendError("target", "the smtp_url of the account is no smtp or smtps URL")
    parts, (host, port) = urlsplit(url), target
    return SmtpServer(host, port, parts.scheme == "smtps", unquote(parts.username or ""), unquote(parts.password or ""))


@dataclass(frozen=True, slots=True)
class MailTransaction:
    """A mail with its envelope. `recipients` begin with the one that the mail is for; `needs_utf8` (RFC 6531).

    `content` has a marker in place of each of `files`, whose bytes are lines of base64.
    """

    sender: str
    recipients: Sequence[str]
    content: bytes
    needs_utf8: bool = False
    files: Sequence[tuple[bytes, StreamedBytes]] = ()


async def submit(server: SmtpServer, mail: MailTransaction, http: HttpClient) -> SmtpReply:
    """Send a mail once, over a connection of its own: the server's last reply.

    A recipient besides the first whom the server refuses for good is left out. Raises TransientSendError, PermanentSendError,
    CredentialsRejected; SendOutcomeUnknown only when the whole mail was handed over and no reply came.
    """
    # No line of base64 begins with a dot.
    content = filled(_dotted(mail.content), mail.files)
    # The sender waits as long as the files themselves take; in a mail they are a third longer.
    seconds = BEFORE_DATA_SECONDS + 0.7 * content.size_bytes / UPLOAD_BYTES_PER_SECOND
    try:
        async with asyncio.timeout(seconds) as limit:
            async with _session(server, http) as session:
                await session.envelope(mail)
                await session.expect("DATA", 354)
                await session.write(content)
                limit.reschedule(None)
                await session.hand_over()
                return session.last
    except TimeoutError:
        raise TransientSendError(f"{server.host} did not take the mail within {seconds:.0f} s") from None


async def check_login(server: SmtpServer, http: HttpClient) -> None:
    """Log in and out again. Raises as `submit` does, but never SendOutcomeUnknown."""
    try:
        async with asyncio.timeout(BEFORE_DATA_SECONDS), _session(server, http):
            pass
    except TimeoutError:
        raise TransientSendError(f"{server.host} did not answer in time") from None


@asynccontextmanager
async def _session(server: SmtpServer, http: HttpClient) -> AsyncIterator["_Session"]:
    """A connection that is greeted, encrypted where it can be, and logged in."""
    with _trusted():
        session = _Session(await http.connect(server.host, server.port, tls=server.is_encrypted), server)
    try:
        with _trusted():
            await session.begin()
        yield session
        # The mail may have been accepted by now: nothing that goes wrong from here on changes that.
        with suppress(Exception):
            await session.quit()
    finally:
        with suppress(Exception):
            await session.close()


def _dotted(content: bytes) -> bytes:
    """The content as DATA carries it: lines end with CRLF, dots at their start are doubled, and the end is marked."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
    lines = lines if lines.endswith(b"\r\n") else lines + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines)


class _Session:
    """One connection. Until `hand_over` a connection that breaks has accepted nothing."""

    def __init__(self, stream: DuplexStream, server: SmtpServer) -> None:
        self._stream, self._server = stream, server
        self._buffer = b""
        self._extensions: dict[str, str] = {}
        self.last = SmtpReply(0, ())

    async def begin(self) -> None:
        """Greeting, EHLO, STARTTLS and AUTH."""
        self._expected(await self._reply(), 220)
        await self._greet()
        is_encrypted = self._server.is_encrypted
        if not is_encrypted and "STARTTLS" in self._extensions:
            await self.expect("STARTTLS", 220)
            # What came before the encryption may be another's: a buffer that is not empty is an attack (CVE-2011-0411).
            if self._buffer:
                raise TransientSendError("the server said more than its reply to STARTTLS")
            with _unsent(self._server):
                self._stream = await self._stream.start_tls(self._server.host)
            is_encrypted = True
            await self._greet()
        if self._server.user:
            await self._log_in(is_encrypted)

    async def _greet(self) -> None:
        reply = await self._command(f"EHLO {OUR_NAME}")
        if reply.code != 250:
            self._expected(await self._command(f"HELO {OUR_NAME}"), 250)
        words = [line.split(None, 1) for line in reply.lines[1:] if reply.code == 250 and line.strip()]
        self._extensions = {word[0].upper(): word[1] if len(word) > 1 else "" for word in words}

    async def _log_in(self, is_encrypted: bool) -> None:
        server = self._server
        if not is_encrypted and not _is_this_machine(server.host):
            raise CredentialsRejected(f"{server.host} offers no encryption, so the password was not sent; use smtps")
        ways = self._extensions.get("AUTH", "").upper().split()
        if "PLAIN" in ways or "LOGIN" not in ways:
            identity = _base64("\0".join(("", server.user, server.password)))
            reply = await self._command(f"AUTH PLAIN {identity}")
        else:
            reply = await self._command("AUTH LOGIN")
            for text in (server.user, server.password):
                reply = await self._command(_base64(text)) if reply.code == 334 else reply
        if reply.code != 235:
            raise rejection(reply, "AUTH", server.host)

    async def envelope(self, mail: MailTransaction) -> None:
        """MAIL FROM and RCPT TO. Raises where the first recipient is refused, or any of them for now."""
        await self.expect(f"MAIL FROM:<{mail.sender}>{self._options(mail)}", 250)
        for number, recipient in enumerate(mail.recipients):
            reply = await self._command(f"RCPT TO:<{recipient}>")
            is_left_out = number > 0 and reply.is_permanent
            if reply.code not in (250, 251) and not is_left_out:
                raise rejection(reply, "RCPT", self._server.host)

    def _options(self, mail: MailTransaction) -> str:
        """What stands behind MAIL FROM. Raises PermanentSendError for a mail that the server says it does not take."""
        size, length = self._extensions.get("SIZE"), filled(mail.content, mail.files).size_bytes
        if mail.needs_utf8 and "SMTPUTF8" not in self._extensions:
            detail = f"{self._server.host} takes no addresses with letters beyond ASCII"
            raise PermanentSendError("address_not_supported", detail)
        if size and size.isdigit() and 0 < int(size) < length:
            raise PermanentSendError("too_large", f"{self._server.host} takes mails of at most {size} bytes")
        stated = f" SIZE={length}" if size is not None else ""
        return f"{stated} BODY=8BITMIME SMTPUTF8" if mail.needs_utf8 else stated

    async def expect(self, command: str, code: int) -> None:
        """A command whose reply has to be this."""
        self._expected(await self._command(command), code, command.partition(" ")[0])

    async def write(self, data: StreamedBytes) -> None:
        """Send the mail; nothing is accepted before `hand_over`."""
        with _unsent(self._server):
            async for part in data.open():
                for start in range(0, len(part), WRITE_BYTES):
                    await self._stream.write(part[start : start + WRITE_BYTES])

    async def hand_over(self) -> None:
        """Mark the end of the mail and wait for the verdict. Raises SendOutcomeUnknown when there is none."""
        await self._stream.write(b".\r\n")
        try:
            reply = await self._read_reply(ANSWER_SECONDS)
        except TransientSendError as error:
            raise SendOutcomeUnknown(str(error)) from None
        self._expected(reply, 250, "DATA")

    async def quit(self) -> None:
        """Say goodbye, without waiting for the reply."""
        await self._stream.write(b"QUIT\r\n")

    async def close(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    def _expected(self, reply: SmtpReply, code: int, command: str = "connect") -> None:
        if reply.code != code:
            raise rejection(reply, command, self._server.host)

    async def _command(self, line: str) -> SmtpReply:
        # The line ends here: nothing that a customer wrote can add a command.
        if "\r" in line or "\n" in line:
            raise PermanentSendError("invalid_address", "an address has a line break")
        with _unsent(self._server):
            await self._stream.write(f"{line}\r\n".encode())
        return await self._reply()

    async def _reply(self) -> SmtpReply:
        with _unsent(self._server):
            return await self._read_reply()

    async def _read_reply(self, seconds: float | None = None) -> SmtpReply:
        lines: list[str] = []
        while len(lines) < MAX_LINES:
            line = await self._line(seconds)
            lines.append(line[4:])
            if line[3:4] != "-":
                if not line[:3].isdigit():
                    break
                self.last = SmtpReply(int(line[:3]), tuple(lines))
                return self.last
        raise TransientSendError(f"{self._server.host} does not speak SMTP")

    async def _line(self, seconds: float | None) -> str:
        while b"\n" not in self._buffer:
            received = await self._stream.read(MAX_LINE, seconds)
            if not received or len(self._buffer) > MAX_LINE:
                raise TransientSendError(f"{self._server.host} closed the connection")
            self._buffer += received
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r").decode("utf-8", "replace")


@contextmanager
def _trusted() -> Iterator[None]:
    """Who has no certificate for its name gets no password: replies are held, and the account's health says why."""
    try:
        yield
    except UntrustedCertificate as error:
        raise CredentialsRejected(f"{error}; the password was not sent") from error


@contextmanager
def _unsent(server: SmtpServer) -> Iterator[None]:
    """What breaks here has accepted nothing."""
    try:
        yield
    except SendOutcomeUnknown:
        raise TransientSendError(f"the connection to {server.host} broke") from None


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
