"""What a channel's `cases.py` says of its platform, so that one suite holds every channel to the same behaviour.

`places()` there gives the places of the platform where people write: the chats of a bot, the comments below a page's posts. A
place has a builder for each kind of update of which the channel's fixtures have one: see `Place`. The suite is
`test_messages_after_sending.py`; it fails for a kind of update that the fixtures have and no place builds, unless
`NOT_PLAYED` in the cases, `(surface, name of the update)` → why, excepts it. `telegram/cases.py` is the example.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from schemas.activity import Activity, ContactState
from schemas.values import Surface
from services.channels.port import Request
from services.platform.http.outgoing import HttpClient, HttpResponse

Update = Any
"""One update of a platform in its own shape; `Place.post` makes a call of some."""

WRITTEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
"""When the customer writes: the platform's time of every `message`, and when it is received."""
SENT = WRITTEN + timedelta(seconds=30)
"""When our reply is sent."""
REPORTED = WRITTEN + timedelta(seconds=60)
"""The platform's time of every change and report, and of a watermark; they are received then."""

HELLO = "hello from the shop"
"""The text of our reply."""
BETTER = "better"
"""The text after an edit."""
HEART = "❤"
"""The emoji of a reaction."""


def text_of(number: int) -> str:
    """The text of the customer's message of this number."""
    return f"text {number}"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place of a platform where one customer writes, and all that it reports there.

    - `post` makes an authentic call of updates, at most `updates_per_call` of them, to the account of the cases.
    - `message(n)` is the customer's message number n: `text_of(n)`, written at `WRITTEN`. Its platform id depends on n.
    - `spellings` are other forms in which the platform may write `message(1)`: its time in another unit, its ids as numbers.
    - `edit(n)` and `deletion(n)` are the customer's, of their message n, at `REPORTED`; the new text is `BETTER`.
    - `accepted(n)` is the platform's answer to our n-th send (from 1), or to the call of it that answers with the id of the message.
      `http` replaces it where the platform is no HTTP service (SMTP), or answers by what it is sent. These report the message:
      `receipts[state](n)` is a receipt of that state (`failed` with a reason), `watermark(state)` says that all until
      `REPORTED` has the state, `reaction(n)` is the customer's `HEART`, `echo(n, text)` shows a message of our side,
      and `own_echo(n, text)` says that our own application sent it; `own_edit(n)` gives it the text `BETTER`, `own_deletion(n)` deletes it.
      They are built after the send.
    - `contact_states` are what the customer decides about messages of ours, at `REPORTED`.

    A builder is None where the platform has no such update.
    """

    name: str
    post: Callable[[Sequence[Update]], Request]
    message: Callable[[int], Update]
    accepted: Callable[[int], HttpResponse] | None = None
    http: HttpClient | None = None
    surface: Surface = "private"
    updates_per_call: int = 1
    spellings: Sequence[Update] = ()
    edit: Callable[[int], Update] | None = None
    deletion: Callable[[int], Update] | None = None
    receipts: Mapping[str, Callable[[int], Update]] = field(default_factory=dict)
    watermark: Mapping[str, Update] = field(default_factory=dict)
    reaction: Callable[[int], Update] | None = None
    echo: Callable[[int, str], Update] | None = None
    own_echo: Callable[[int, str], Update] | None = None
    own_edit: Callable[[int], Update] | None = None
    own_deletion: Callable[[int], Update] | None = None
    contact_states: Mapping[ContactState, Update] = field(default_factory=dict)

    @property
    def reports(self) -> dict[str, Callable[[int], Update]]:
        """The builders of all reports on our n-th message that the place has, by their names in `has`."""
        built = {"reaction": self.reaction, "own edit": self.own_edit, "own deletion": self.own_deletion}
        echoes = {"echo": self.echo, "own echo": self.own_echo}
        return {
            **self.receipts,
            **{f"watermark {state}": partial(_always, update) for state, update in self.watermark.items()},
            **{name: partial(_of_hello, build) for name, build in echoes.items() if build is not None},
            **{name: build for name, build in built.items() if build is not None},
        }

    @property
    def has(self) -> set[str]:
        """The names of the updates that the place builds; those of `update_names`."""
        changes = {"edit": self.edit, "deletion": self.deletion}
        changed = {name for name, build in changes.items() if build is not None}
        return {"message", *changed, *self.reports, *self.contact_states}


def _always(update: Update, number: int) -> Update:
    return update


def _of_hello(echo: Callable[[int, str], Update], number: int) -> Update:
    return echo(number, HELLO)


def update_names(activity: Activity) -> set[str]:
    """The names of updates one of which a place has to build for an activity like this; empty: none."""
    match activity.kind:
        case "message":
            return set() if activity.automatic else {"message"}
        case "edit":
            return {"edit" if activity.author == "customer" else "own edit"}
        case "deletion":
            # Platforms do not say whose message was deleted.
            return {"deletion", "own deletion"}
        case "receipt":
            return {f"watermark {activity.receipt_state}" if activity.watermark else str(activity.receipt_state)}
        case "echo":
            return {"own echo" if activity.own_reply else "echo"}
        case "reaction":
            return {"reaction"}
        case "follow":
            return {activity.contact_state} if activity.contact_state else set()
    return set()
