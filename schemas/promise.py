"""A clock with what deciding about it needs besides: the shape that pure code works on and that rests in the store."""

from schemas.configuration import Calendar
from schemas.sla import Clock
from schemas.values import Contract, Instant


class Answer(Contract):
    """An answer that was accepted `at` and is on its way to the customer."""

    message: str
    at: Instant


class Promise(Clock):
    """One run of one clock.

    `next_at` is the next moment at which something is to be told (a warning or the breach), None when nothing is: it
    is over, breached, or an answer that was in time is on its way. `warned` holds the fractions of `warn_at` that were
    told. `answers` are on their way; while there are any, `stopped_at` is the acceptance of the earliest. `ended_at` is
    when the conversation was resolved without an answer that has arrived. `calendar` None: around the clock.
    """

    run: int = 1
    warn_at: list[float] = []
    warned: list[float] = []
    calendar: Calendar | None = None
    answers: list[Answer] = []
    ended_at: Instant | None = None
    next_at: Instant | None = None
