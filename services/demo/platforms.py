"""The stand-ins of all platforms of the demo shop on one port, and the SMTP server on another. What they take is in one list."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.routing import Mount

from services.demo.accounts import IG_ID, StandIns
from services.demo.graph import FakeGraph
from services.demo.mail import FakeMail
from services.demo.sent_log import SentLog
from services.demo.serving import serving
from services.demo.telegram import FakeTelegram


@dataclass
class Platforms:
    """The stand-ins: Telegram at the root, the others below `/whatsapp`, `/instagram`, `/messenger` and `/mail`.

    `smtp_password` is that of the user of the SMTP server.
    """

    smtp_password: str
    log: SentLog = field(default_factory=SentLog)

    @property
    def app(self) -> Starlette:
        """The ASGI app of all but SMTP."""
        return Starlette(
            routes=[
                Mount("/whatsapp", FakeGraph("whatsapp", log=self.log).app),
                Mount("/instagram", FakeGraph("instagram", IG_ID, log=self.log).app),
                Mount("/messenger", FakeGraph("messenger", log=self.log).app),
                Mount("/mail", self._mail.app),
                Mount("/", FakeTelegram(log=self.log).app),
            ]
        )

    def __post_init__(self) -> None:
        self._mail = FakeMail(self.smtp_password, log=self.log)

    @asynccontextmanager
    async def serve(self, port: int = 0, smtp_port: int = 0) -> AsyncIterator[StandIns]:
        """Serve them on this machine while the context is open. Raises OSError if a port is in use."""
        async with serving(self.app, port=port) as url, self._mail.smtp(smtp_port) as smtp_url:
            yield StandIns(url, smtp_url)
