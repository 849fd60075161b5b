"""Conversations and the SLA state of each get the account of who waits for whom.

Before, a conversation knew when its first answer was due and no more; the SLA state knew the answers on their way. What
a customer waits for now follows from the newest messages of the conversation. Closed conversations wait for nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from schemas.values import Json, instant
from services.migrations.fields import rename_fields
from services.platform.store.migration_steps import Migration, Related, Rewrite
from services.platform.store.port import Document, Query

FIELD = "response_tracking"
RELATED_MESSAGES = 200
THUMBS = "\U0001f44d\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff\ufe0f"
NEW_NAMES = {"terms": "policy", "picked": "selected_versions", "waits": "open_targets", "begun": "started_once"}
"""Fields of the SLA state, old and new."""
Log = list[Json]


def newest_messages(conversation: Document) -> Query | None:
    """The messages that an open conversation is judged by, newest first."""
    if FIELD in conversation or conversation["status"] == "closed":
        return None
    equals = {"workspace": conversation["workspace"], "conversation": conversation["id"]}
    return Query("messages", "conversation", equals, descending=True, limit=RELATED_MESSAGES)


def change_conversation(conversation: Document, newest: Sequence[Document]) -> Document:
    """The conversation with its response tracking instead of `answer_due_since`."""
    if FIELD in conversation:
        return conversation
    log: Log = []
    for message in reversed(newest):
        log = _after(log, message)
    was_answered = conversation.get("first_response") is not None
    due_since = conversation.get("answer_due_since")
    if log and isinstance(log[0], dict) and not was_answered and due_since is not None:
        log[0] = {**log[0], "since": due_since}
    if conversation["status"] == "resolved":
        is_answered = any(isinstance(entry, dict) and entry["entry"] == "answer" for entry in log)
        log = [*log, {"entry": "resolve", "at": conversation["resolved_at"]}] if is_answered else []
    rest = {name: value for name, value in conversation.items() if name != "answer_due_since"}
    return {**rest, FIELD: _tracking(log, "next_response" if was_answered else "first_response", was_answered)}


def _after(log: Log, message: Document) -> Log:
    """What the customer waits for after one more message: a run begins, goes on, or ends with an answer that arrived."""
    author = message["author"]
    kind = author["kind"] if isinstance(author, dict) else None
    if message["direction"] == "inbound":
        return log if _is_acknowledgement(message) else _with_message(log, _counted_from(message), message["id"])
    if kind not in ("agent", "account"):
        return log
    if message["state"] == "queued":
        return [*log, _answer(message["id"], message["received_at"])] if log else log
    return log if message["state"] == "failed" else []


def _with_message(log: Log, since: Json, identity: Json) -> Log:
    last = log[-1] if log else None
    if isinstance(last, dict) and last["entry"] == "messages":
        count, earliest = last["count"], min(str(last["since"]), str(since))
        count = count + 1 if isinstance(count, int) else 1
        return [*log[:-1], {"entry": "messages", "since": earliest, "count": count, "last": identity}]
    return [*log, {"entry": "messages", "since": since, "count": 1, "last": identity}]


def _answer(identity: Json, at: Json) -> Json:
    return {"entry": "answer", "message": identity, "at": at, "state": "unconfirmed"}


def _counted_from(message: Document) -> Json:
    """Our receipt, or the platform's time where that is more than 5 s earlier."""
    sent, received = message.get("sent_at"), message["received_at"]
    if not isinstance(sent, str) or not isinstance(received, str):
        return received
    return sent if instant(received) - instant(sent) > timedelta(seconds=5) else received


def _is_acknowledgement(message: Document) -> bool:
    text = message.get("text")
    written = text["text"] if isinstance(text, dict) else ""
    words = str(written).strip()
    return bool(words) and not message.get("attachments") and all(one in THUMBS or one.isspace() for one in words)


def change_sla_state(state: Document) -> Document:
    """The SLA state with the tracking that its answers on their way come to, while older facts are on the log."""
    if "answers" not in state:
        return state
    waits, answers = state.get("waits"), state["answers"]
    rest = {NEW_NAMES.get(name, name): value for name, value in state.items() if name != "answers"}
    if not isinstance(waits, dict) or not isinstance(answers, list):
        raise TypeError("an SLA state holds waits and answers")
    begun = state.get("begun")
    was_answered = isinstance(begun, list) and "first_response" in begun and "first_response" not in waits
    metric = next((name for name in ("first_response", "next_response") if name in waits), None)
    wait = waits[metric] if metric is not None else None
    log: Log = _with_message([], wait["since"], "") if isinstance(wait, dict) else []
    for answer in answers if log else []:
        if isinstance(answer, dict):
            log = [*log, _answer(answer["message"], answer["at"])]
            log = _with_message(log, answer["asked_at"], "") if answer.get("asked_at") else log
    return {**rest, FIELD: _tracking(log, metric or "first_response", was_answered)}


def _tracking(log: Iterable[Json], kind: str, was_answered: bool) -> Json:
    entries = list(log)
    run = int(was_answered) + int(bool(entries))
    return {"run": run, "kind": kind, "was_answered": was_answered, "visible_at": None, "log": entries}


STEP = Migration(
    number=3,
    name="response tracking",
    rewrites=(
        Rewrite("conversations", related=Related(newest_messages, change_conversation)),
        Rewrite("clock_watches", change_sla_state),
        Rewrite("clock_agendas", rename_fields({"armed_at": "timer_at", "said_until": "watermark"})),
    ),
)
