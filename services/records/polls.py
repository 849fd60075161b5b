"""How far each polled account has been fetched. The collector alone writes it."""

from dataclasses import dataclass
from typing import Annotated

from schemas.values import OMITTED_IF_EMPTY
from services.platform.store.port import Collection
from services.records.accounts import WRITER


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """The polling of an account; its id is `workspace/channel:account`.

    `cursor`: all events before it are durably on the bus. `attempt` numbers the polls: the result of an earlier one than the
    last changes nothing. `failures`: in a row. `credentials`: the digest of those that it is polled with. `is_begun`: the
    platform was asked to store events for them. `fetch` is what webhooks named and nobody has read yet, in their order.
    """

    cursor: str | None = None
    attempt: int = 0
    failures: int = 0
    credentials: str = ""
    is_begun: bool = False
    fetch: Annotated[tuple[str, ...], OMITTED_IF_EMPTY] = ()


POLLS = Collection("polls", Poll, writer=WRITER)
