"""A small SMTP server (RFC 5321) that hands on every mail it takes. For the demo and for tests; it relays nothing.

It knows EHLO, AUTH PLAIN and LOGIN (RFC 4954), MAIL, RCPT, DATA, RSET, NOOP and QUIT, with SIZE, 8BITMIME and SMTPUTF8. It has no
TLS: it listens on this machine only.
"""

import asyncio
import base64
import binascii
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

MAX_MAIL = 25_000_000
MAX_LINE = 4096
EXTENSIONS = ("pasokh.demo", f"SIZE {MAX_MAIL}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN")


@dataclass(frozen=True, slots=True)
class TakenMail:
    """A mail as it was handed over: the addresses of its envelope, and its bytes without the dots of the transfer."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


Take = Callable[[TakenMail], str]
"""Stores a mail and returns the text of the reply, such as `250 2.0.0 taken`."""


@asynccontextmanager
async def smtp_server(
    take: Take, *, user: str, password: str, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[int]:
    """Serve while the context is open and return the port. Raises OSError if it is in use."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await _Conversation(reader, writer, take, (user, password)).run()
        writer.close()

    server = await asyncio.start_server(serve, host, port, limit=MAX_MAIL)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


@dataclass(slots=True)
class _Conversation:
    """One connection: what the client has said so far."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    take: Take
    login: tuple[str, str]
    is_known: bool = False
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Answer commands until QUIT."""
        await self.reply("220 pasokh.demo ESMTP")
        while True:
            verb, _, rest = (await self.line()).partition(" ")
            if verb.upper() == "QUIT":
                await self.reply("221 2.0.0 bye")
                return
            handle = _COMMANDS.get(verb.upper(), _unknown)
            await self.reply(await handle(self, rest.strip()))

    async def line(self) -> str:
        """The next line of the client."""
        line = await self.reader.readuntil(b"\n")
        return line[:MAX_LINE].decode("utf-8", "replace").rstrip("\r\n")

    async def reply(self, text: str) -> None:
        """Send a reply, or one line of it."""
        self.writer.write(f"{text}\r\n".encode())
        await self.writer.drain()

    def forget(self) -> None:
        """Forget the mail that was begun."""
        self.sender, self.recipients = None, []


async def _hello(conversation: _Conversation, rest: str) -> str:
    conversation.forget()
    *others, last = EXTENSIONS
    return "\r\n".join([*(f"250-{one}" for one in others), f"250 {last}"])


async def _short_hello(conversation: _Conversation, rest: str) -> str:
    conversation.forget()
    return "250 pasokh.demo"


async def _auth(conversation: _Conversation, rest: str) -> str:
    method, _, initial = rest.partition(" ")
    try:
        presented = await _credentials(conversation, method.upper(), initial)
    except (binascii.Error, ValueError):
        return "501 5.5.2 cannot decode"
    if presented is None:
        return "504 5.5.4 unknown method"
    expected = [one.encode() for one in conversation.login]
    conversation.is_known = all(map(hmac.compare_digest, presented, expected))
    return "235 2.7.0 welcome" if conversation.is_known else "535 5.7.8 wrong user or password"


async def _credentials(conversation: _Conversation, method: str, initial: str) -> tuple[bytes, bytes] | None:
    async def ask(challenge: str) -> bytes:
        await conversation.reply(f"334 {base64.b64encode(challenge.encode()).decode()}")
        return base64.b64decode(await conversation.line(), validate=True)

    if method == "PLAIN":
        answer = base64.b64decode(initial, validate=True) if initial else await ask("")
        _, user, password = answer.split(b"\0")
        return user, password
    if method == "LOGIN":
        user = base64.b64decode(initial, validate=True) if initial else await ask("Username:")
        return user, await ask("Password:")
    return None


async def _mail(conversation: _Conversation, rest: str) -> str:
    if not conversation.is_known:
        return "530 5.7.0 sign in first"
    address = _path(rest, "FROM:")
    if address is None:
        return "501 5.5.4 MAIL FROM:<address>"
    conversation.forget()
    conversation.sender = address
    return "250 2.1.0 ok"


async def _rcpt(conversation: _Conversation, rest: str) -> str:
    address = _path(rest, "TO:")
    if conversation.sender is None:
        return "503 5.5.1 MAIL first"
    if not address or "@" not in address:
        return "501 5.1.3 RCPT TO:<address>"
    if address.partition("@")[0] == "nobody":
        return "550 5.1.1 no such mailbox"
    conversation.recipients.append(address)
    return "250 2.1.5 ok"


async def _data(conversation: _Conversation, rest: str) -> str:
    if conversation.sender is None or not conversation.recipients:
        return "503 5.5.1 RCPT first"
    await conversation.reply("354 end with a line that has only a dot")
    lines: list[bytes] = []
    while (line := await conversation.reader.readuntil(b"\n")) not in (b".\r\n", b".\n"):
        lines.append(line.removeprefix(b"."))
    mail = TakenMail(conversation.sender, tuple(conversation.recipients), b"".join(lines))
    conversation.forget()
    return "552 5.3.4 too large" if len(mail.content) > MAX_MAIL else conversation.take(mail)


async def _reset(conversation: _Conversation, rest: str) -> str:
    conversation.forget()
    return "250 2.0.0 ok"


async def _nothing(conversation: _Conversation, rest: str) -> str:
    return "250 2.0.0 ok"


async def _unknown(conversation: _Conversation, rest: str) -> str:
    return "502 5.5.1 no such command"


def _path(rest: str, keyword: str) -> str | None:
    """The address of `FROM:<a@b> SIZE=1`; None when there is none."""
    if not rest.upper().startswith(keyword):
        return None
    address, _, _ = rest[len(keyword) :].strip().partition(" ")
    return address[1:-1] if address.startswith("<") and address.endswith(">") else None


_COMMANDS: Mapping[str, Callable[[_Conversation, str], Awaitable[str]]] = {
    "EHLO": _hello,
    "HELO": _short_hello,
    "AUTH": _auth,
    "MAIL": _mail,
    "RCPT": _rcpt,
    "DATA": _data,
    "RSET": _reset,
    "NOOP": _nothing,
}
