"""In which hours of the week an account usually hears something. The collector alone writes it."""

from dataclasses import dataclass

from schemas.values import Instant
from services.platform.store.port import Collection
from services.records.accounts import WRITER


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountHistory:
    """The weeks of an account; its id is `workspace/channel:account`.

    `hours`: for each of the 168 hours of the week, in the workspace's time zone from Monday 0:00 on, the last weeks as bits
    (1: something came in), the latest one lowest, above them a bit that marks where they begin. `chance`: how likely the
    present silence is by these weeks. `judged_at`: the end of the last hour that was judged.
    """

    workspace: str
    channel: str
    account: str
    hours: tuple[int, ...]
    chance: float = 1.0
    judged_at: Instant | None = None


ACCOUNT_HISTORIES = Collection("account_histories", AccountHistory, writer=WRITER)
