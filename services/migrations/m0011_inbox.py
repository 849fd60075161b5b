"""Conversations get what the lists of an inbox show and go by: their latest message, the open SLA clocks, and their positions.

The latest message and answer are found among the newest messages, the clocks among those that `sla` has started. The
positions are written out here, although `services/domain/inbox.py` works them out: a step must go on to do what it did
when it was released.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from schemas.values import Json, instant
from services.platform.store.migration_steps import Migration, Related, Rewrite
from services.platform.store.port import Document, Query

FIELD = "inbox"
NEWEST_MESSAGES = 50
"""Notes, and messages of bots and of the system, are passed over: behind so many of them no latest message is found."""
NEWEST_CLOCKS = 50
OPEN_CLOCKS = ("running", "paused")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = 10**17


def newest_messages(conversation: Document) -> Query | None:
    """The newest messages of a conversation, newest first; None: it has what it needs."""
    if FIELD in conversation or "last_message" in conversation:
        return None
    return _of(conversation, "messages", NEWEST_MESSAGES)


def newest_clocks(conversation: Document) -> Query | None:
    """The latest clocks of a conversation, latest first; None: it has what it needs, or is finished."""
    if FIELD in conversation or conversation["status"] in ("resolved", "closed"):
        return None
    return _of(conversation, "clocks", NEWEST_CLOCKS)


def _of(conversation: Document, collection: str, limit: int) -> Query:
    equals: dict[str, Json] = {"workspace": conversation["workspace"], "conversation": conversation["id"]}
    return Query(collection, "conversation", equals, descending=True, limit=limit)


def add_last_message(conversation: Document, newest: Sequence[Document]) -> Document:
    """The conversation with its latest message, its latest answer, and that answer if it failed."""
    written = [message for message in newest if _is_of_people(message)]
    answer = next((message for message in written if message["direction"] == "outbound"), None)
    has_failed = answer is not None and answer["state"] == "failed"
    is_finished = conversation["status"] in ("resolved", "closed")
    found: Document = {}
    if written:
        found |= {"last_message": written[0]["id"], "last_at": written[0]["received_at"]}
    if answer is not None:
        found |= {"last_answer": answer["id"]}
        found |= {"failed_answer": answer["id"]} if has_failed and not is_finished else {}
    return {**conversation, **found}


def _is_of_people(message: Document) -> bool:
    author = message["author"]
    kind = author["kind"] if isinstance(author, dict) else None
    return message["direction"] != "note" and kind in ("customer", "agent", "account")


def add_clocks(conversation: Document, newest: Sequence[Document]) -> Document:
    """The conversation with its open clocks: of each metric, the latest run, unless it was met."""
    clocks: dict[str, Json] = {}
    latest: set[Json] = set()
    for clock in newest:
        metric = clock["metric"]
        if metric not in latest and _is_open(clock):
            clocks[str(metric)] = {"run": clock.get("run", 1), "due_at": clock["due_at"], "state": clock["state"]}
        latest.add(metric)
    return {**conversation, "clocks": clocks} if clocks else conversation


def _is_open(clock: Document) -> bool:
    return clock["state"] in OPEN_CLOCKS or (clock["state"] == "breached" and clock.get("stopped_at") is None)


def add_positions(conversation: Document) -> Document:
    """The conversation with its positions in the lists of an inbox."""
    if FIELD in conversation:
        return conversation
    since, due, latest = _unanswered_since(conversation), _first_due(conversation), _latest(conversation)
    waiting = f"1{since}" if since is not None else f"2{latest}"
    microseconds = (instant(latest) - EPOCH) // timedelta(microseconds=1)
    keys: Json = {
        "due": f"1{due}" if due is not None else f"2{waiting}",
        "waiting": waiting,
        "newest": f"{LATEST - microseconds:017d}",
    }
    return {**conversation, FIELD: keys}


def _latest(conversation: Document) -> str:
    return str(conversation.get("last_at") or conversation["opened_at"])


def _first_due(conversation: Document) -> str | None:
    clocks = conversation.get("clocks")
    known = clocks.values() if isinstance(clocks, dict) else ()
    return min((str(clock["due_at"]) for clock in known if isinstance(clock, dict)), default=None)


def _unanswered_since(conversation: Document) -> str | None:
    """The earliest time of the messages behind the last answer that has not failed, and behind the last resolve."""
    tracking = conversation.get("response_tracking")
    log = tracking.get("log") if isinstance(tracking, dict) else None
    since: list[str] = []
    for entry in log if isinstance(log, list) else ():
        if not isinstance(entry, dict):
            continue
        if entry["entry"] == "messages":
            since.append(str(entry["since"]))
        elif entry["entry"] == "resolve" or entry.get("state", "unconfirmed") != "failed":
            since = []
    return min(since, default=None)


STEP = Migration(
    number=11,
    name="inbox",
    rewrites=(
        Rewrite("conversations", related=Related(newest_messages, add_last_message)),
        Rewrite("conversations", related=Related(newest_clocks, add_clocks)),
        Rewrite("conversations", add_positions),
    ),
)
