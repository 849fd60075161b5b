"""The stand-ins of all platforms of the demo shop on one port, and the SMTP server on another. What they take is in one list."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.routing import Mount, Route

from services.demo.accounts import StandIns
from services.demo.channels import CHANNELS
from services.demo.mail import FakeMail
from services.demo.sent_log import SentLog
from services.demo.serving import serving


@dataclass
class Platforms:
    """The stand-ins: each below the `base` of its channel, mail below `/mail`. `/_sent` lists what all of them took.

    `smtp_password` is that of the user of the SMTP server.
    """

    smtp_password: str
    log: SentLog = field(default_factory=SentLog)

    @property
    def app(self) -> Starlette:
        """The ASGI app of all but SMTP."""
        standing_in = [(channel.base, channel.stand_in) for channel in CHANNELS if channel.stand_in is not None]
        # The longest path first: the first that fits takes a call.
        standing_in.sort(key=lambda one: one[0], reverse=True)
        return Starlette(
            routes=[
                Mount("/mail", self._mail.app),
                Route("/_sent", self.log.show, methods=["GET"]),
                *(Mount(base, make(self.log)) for base, make in standing_in),
            ]
        )

    def __post_init__(self) -> None:
        self._mail = FakeMail(self.smtp_password, log=self.log)

    @asynccontextmanager
    async def serve(self, port: int = 0, smtp_port: int = 0) -> AsyncIterator[StandIns]:
        """Serve them on this machine while the context is open. Raises OSError if a port is in use."""
        async with serving(self.app, port=port) as url, self._mail.smtp(smtp_port) as smtp_url:
            yield StandIns(url, smtp_url)
