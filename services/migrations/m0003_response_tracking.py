"""Conversations and their SLA states get `response_tracking`: whether the customer waits for an answer, and since when.

In version 2 a conversation had only the time from which its first answer was due, and an SLA state the answers that were
not delivered yet. The tracking is worked out from the newest messages. A closed conversation gets none.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from schemas.values import Json, instant
from services.migrations.fields import rename_fields
from services.platform.store.migration_steps import Migration, Related, Rewrite
from services.platform.store.port import Document, Query

FIELD = "response_tracking"
RELATED_MESSAGES = 200
# The rules for acknowledgements and for the time of a message are written out here, although `services/domain` has them:
# a step must go on to do what it did when it was released, whatever becomes of the rules.
THUMBS = "\U0001f44d\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff\ufe0f"
NEW_NAMES = {"terms": "policy", "picked": "selected_versions", "waits": "open_targets", "begun": "started_once"}
"""Fields of the SLA state, old and new."""
Log = list[Json]


def newest_messages(conversation: Document) -> Query | None:
    """The messages from which the tracking of a conversation is worked out, newest first; None: it needs none."""
    if FIELD in conversation or conversation["status"] == "closed":
        return None
    equals = {"workspace": conversation["workspace"], "conversation": conversation["id"]}
    return Query("messages", "conversation", equals, descending=True, limit=RELATED_MESSAGES)


def change_conversation(conversation: Document, newest: Sequence[Document]) -> Document:
    """The conversation with `response_tracking` instead of `answer_due_since`."""
    if FIELD in conversation:
        return conversation
    was_answered = conversation.get("first_response") is not None
    log: Log = []
    for message in reversed(newest):
        log = _after(log, message)
    if not was_answered:
        log = _waiting_since(log, conversation.get("answer_due_since"))
    if conversation["status"] == "resolved":
        log = _resolved(log, conversation["resolved_at"])
    rest = {name: value for name, value in conversation.items() if name != "answer_due_since"}
    return {**rest, FIELD: _tracking(log, "next_response" if was_answered else "first_response", was_answered)}


def _waiting_since(log: Log, due_since: Json) -> Log:
    """The log with `due_since` as the start of its first entry, if there is one."""
    first = log[0] if log else None
    if not isinstance(first, dict) or due_since is None:
        return log
    return [{**first, "since": due_since}, *log[1:]]


def _resolved(log: Log, resolved_at: Json) -> Log:
    """The log of a resolved conversation: it is open only while an answer from before the resolve is undelivered."""
    has_answer = any(isinstance(entry, dict) and entry["entry"] == "answer" for entry in log)
    return [*log, {"entry": "resolve", "at": resolved_at}] if has_answer else []


def _after(log: Log, message: Document) -> Log:
    """The log after one more message: a run begins, goes on, or ends with an answer that arrived."""
    author = message["author"]
    kind = author["kind"] if isinstance(author, dict) else None
    if message["direction"] == "inbound":
        return log if _is_acknowledgement(message) else _with_message(log, _counted_from(message), message["id"])
    if kind not in ("agent", "account"):
        return log
    # Only an answer that the platform took ends the run; a queued one may still fail.
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
    """When we received the message, or the platform's time if that is more than 5 s earlier: we were away then."""
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
    """The SLA state with a tracking in place of `answers`. Facts on the log that carry no run are still applied to it."""
    if "answers" not in state:
        return state
    waits, answers, begun = state.get("waits"), state["answers"], state.get("begun")
    if not isinstance(waits, dict) or not isinstance(answers, list):
        raise TypeError("an SLA state holds waits and answers")
    kind = next((name for name in ("first_response", "next_response") if name in waits), "first_response")
    was_answered = isinstance(begun, list) and "first_response" in begun and "first_response" not in waits
    rest = {NEW_NAMES.get(name, name): value for name, value in state.items() if name != "answers"}
    return {**rest, FIELD: _tracking(_log_of_answers(waits.get(kind), answers), kind, was_answered)}


def _log_of_answers(wait: Json, answers: Sequence[Json]) -> Log:
    """The wait of a customer, followed by each undelivered answer and by the message that came after it, if any."""
    if not isinstance(wait, dict):
        return []
    log: Log = _with_message([], wait["since"], "")
    for answer in answers:
        if not isinstance(answer, dict):
            continue
        log = [*log, _answer(answer["message"], answer["at"])]
        if answer.get("asked_at"):
            log = _with_message(log, answer["asked_at"], "")
    return log


def _tracking(log: Iterable[Json], kind: str, was_answered: bool) -> Json:
    entries = list(log)
    # Runs before the upgrade were not numbered: a first answer that is there was run 1, and an open wait is the run after.
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
