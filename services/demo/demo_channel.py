"""What a channel is to the demo shop: its account, the stand-in of its platform, and its customers. `channels.py` lists them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.applications import Starlette

from schemas.values import Json
from services.demo.accounts import Credentials, StandIns
from services.demo.crowd import Crowd, DemoPerson, Imagination, Occupancy
from services.demo.sent_log import SentLog

SetUpCall = tuple[str, Mapping[str, Json]]
"""A path of the stand-in and the JSON body to post there."""


@dataclass(frozen=True, slots=True)
class CrowdContext:
    """What customers are made of. `photo` is the id of a picture that the stand-in of Meta has; None: it has none.

    `workspace` is that of the shop, `stand_ins_url` the address of the stand-ins: some platforms sign and name addresses.
    """

    started_at: datetime
    imagination: Imagination
    occupancy: Occupancy
    credentials: Credentials
    photo: str | None = None
    workspace: str = ""
    stand_ins_url: str = ""


@dataclass(frozen=True, slots=True)
class FirstMessage:
    """What an agent writes to a `person` who wrote nothing. `external_id` is their id at the platform; `has_file`: a picture goes along."""

    person: DemoPerson
    external_id: str
    text: str
    has_file: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoChannel:
    """One channel of the demo shop.

    - `account` makes the body of its account.
    - `stand_in` makes the ASGI app of its platform, which is served below `path` of the stand-ins (None: `/name`); None: there
      is none, or it is served elsewhere.
    - `crowd` makes its customers; None: nobody writes there but who tries the demo. `share` is how much of all that
      is done is there, as a weight.
    - `news` makes what agents write there of their own accord, in place of a crowd: where nobody can write to us.
    - `subpath` is what follows the account in the address of its webhook: a secret.
    - `set_up` are calls that whoever connects an account makes at the platform; they are given the address of the webhook.
    """

    name: str
    account: Callable[[Credentials, StandIns], dict[str, Json]]
    stand_in: Callable[[SentLog], Starlette] | None = None
    crowd: Callable[[CrowdContext], Crowd] | None = None
    share: float = 0.0
    news: Callable[[Imagination], FirstMessage] | None = None
    subpath: Callable[[Credentials], str] | None = None
    set_up: Callable[[Credentials, str], Sequence[SetUpCall]] | None = None
    path: str | None = None

    @property
    def base(self) -> str:
        """The path of its stand-in."""
        return f"/{self.name}" if self.path is None else self.path
