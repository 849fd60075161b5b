"""A mail server in memory, behind the outgoing port: what it is told, in order, and replies that a test can choose."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from services.platform.http.outgoing import DuplexStream, SendOutcomeUnknown, UntrustedCertificate
from tests.fakes import FakeHttp

BREAK = "break"
"""In place of a reply: the connection breaks."""
SILENCE = "silence"
"""In place of a reply: the connection ends."""


@dataclass
class ReceivedTransaction:
    """A mail that the server has accepted."""

    sender: str
    recipients: list[str]
    content: bytes

    @property
    def mail(self) -> EmailMessage:
        return BytesParser(policy=policy.default).parsebytes(self.content)


@dataclass
class MailServer:
    """`replies` are by command (`connect`, `EHLO`, `AUTH`, `MAIL`, `RCPT`, `DATA`, `.` for the end of the mail), `recipient` by address.

    `extensions` are those of the connection before and after encryption.
    """

    replies: Mapping[str, str] = field(default_factory=dict)
    recipients: Mapping[str, str] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("SIZE 40000000", "AUTH PLAIN LOGIN", "8BITMIME", "SMTPUTF8")
    plain_extensions: tuple[str, ...] = ("STARTTLS",)
    accepted: list[ReceivedTransaction] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    targets: list[tuple[str, int, bool]] = field(default_factory=list)
    is_closed: bool = False
    is_trusted: bool = True


class MailHttp(FakeHttp):
    """The outgoing port, by which only this server is reached."""

    def __init__(self, server: MailServer) -> None:
        super().__init__()
        self.server = server

    async def connect(self, host: str, port: int, *, tls: bool) -> DuplexStream:
        self.server.targets.append((host, port, tls))
        connection: DuplexStream = _Connection(self.server, is_encrypted=tls)
        return await connection.start_tls(host) if tls and not self.server.is_trusted else connection


class _Connection:
    def __init__(self, server: MailServer, *, is_encrypted: bool) -> None:
        self._server, self._is_encrypted = server, is_encrypted
        self._incoming, self._outgoing = b"", b""
        self._is_broken = self._is_ended = self._is_content = False
        self._next: Callable[[bytes], None] | None = None
        self._transaction = ReceivedTransaction("", [], b"")
        self._say("connect", "220 mail.example ready")

    async def read(self, max_bytes: int, seconds: float | None = None) -> bytes:
        if self._outgoing:
            # A reply may come in pieces.
            part, self._outgoing = self._outgoing[:7], self._outgoing[7:]
            return part
        if self._is_broken:
            raise SendOutcomeUnknown("the connection broke")
        assert self._is_ended, f"the client waits for a reply after {self._server.commands[-1:]}"
        return b""

    async def write(self, data: bytes) -> None:
        if self._is_broken:
            raise SendOutcomeUnknown("the connection broke")
        self._incoming += data
        while self._take():
            pass

    async def start_tls(self, host: str) -> DuplexStream:
        if not self._server.is_trusted:
            raise UntrustedCertificate(f"the certificate of {host} is not trusted: it is its own")
        self._server.commands.append(f"encrypted for {host}")
        self._is_encrypted = True
        return self

    async def aclose(self) -> None:
        self._server.is_closed = True

    def _take(self) -> bool:
        end = b"\r\n.\r\n" if self._is_content else b"\r\n"
        before, found, rest = self._incoming.partition(end)
        if not found or self._is_broken:
            return False
        self._incoming = rest
        take = self._content if self._is_content else self._next or self._command
        self._next, self._is_content = None, False
        take(before)
        return True

    def _command(self, line: bytes) -> None:
        text = line.decode()
        verb = text.split(" ", maxsplit=1)[0].upper()
        self._server.commands.append(text if verb != "AUTH" else " ".join(text.split()[:2]))
        handlers: dict[str, Callable[[str], None]] = {
            "EHLO": self._ehlo,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "QUIT": self._quit,
        }
        if verb in handlers:
            handlers[verb](text)
        else:
            self._say(verb, "220 ok")

    def _ehlo(self, text: str) -> None:
        lines = ["mail.example", *(self._server.extensions if self._is_encrypted else self._server.plain_extensions)]
        marks = [*("-" for _ in lines[1:]), " "]
        self._say("EHLO", "\r\n".join(f"250{mark}{line}" for mark, line in zip(marks, lines, strict=True)))

    def _auth(self, text: str) -> None:
        _, way, *initial = text.split()
        if way == "PLAIN":
            self._server.logins.append(base64.b64decode(initial[0]).decode())
            self._say("AUTH", "235 welcome")
            return
        self._next = self._user
        self._say("AUTH LOGIN", "334 VXNlcm5hbWU6")

    def _user(self, line: bytes) -> None:
        self._server.logins.append(base64.b64decode(line).decode())
        self._next = self._password
        self._say("AUTH LOGIN", "334 UGFzc3dvcmQ6")

    def _password(self, line: bytes) -> None:
        self._server.logins.append(base64.b64decode(line).decode())
        self._say("AUTH", "235 welcome")

    def _mail(self, text: str) -> None:
        self._transaction = ReceivedTransaction(text.partition("<")[2].partition(">")[0], [], b"")
        self._say("MAIL", "250 ok")

    def _rcpt(self, text: str) -> None:
        recipient = text.partition("<")[2].partition(">")[0]
        reply = self._server.recipients.get(recipient) or self._server.replies.get("RCPT", "250 ok")
        if reply.startswith("250"):
            self._transaction.recipients.append(recipient)
        self._say("", reply)

    def _data(self, text: str) -> None:
        reply = self._server.replies.get("DATA", "354 go on")
        self._is_content = reply.startswith("354")
        self._say("DATA", "354 go on")

    def _content(self, content: bytes) -> None:
        lines = [line.removeprefix(b".") for line in (content + b"\r\n").split(b"\r\n")]
        self._transaction.content = b"\r\n".join(lines)
        if self._server.replies.get(".", "250").startswith("250"):
            self._server.accepted.append(self._transaction)
        self._say(".", "250 ok queued")

    def _quit(self, text: str) -> None:
        self._is_ended = True

    def _say(self, command: str, usual: str) -> None:
        reply = self._server.replies.get(command, usual)
        if reply == BREAK:
            self._is_broken = True
        elif reply == SILENCE:
            self._is_ended = True
        else:
            self._outgoing += reply.encode() + b"\r\n"
