"""The metrics state of a conversation: its open run becomes `earlier`, the tracking that facts without runs are applied to.

`turn` was since when the customer waited; `said` were the undelivered answers, each with the customer's next message. The
other fields of `GONE` served figures that reports recount now.
"""

from schemas.values import Json
from services.platform.store.migration_steps import Migration, Rewrite
from services.platform.store.port import Document

GONE = ("turn", "said", "answered", "answered_by_any", "opened")


def change_state(state: Document) -> Document:
    """The state of one conversation with `earlier` in place of the fields that are gone."""
    if not any(field in state for field in GONE):
        return state
    changed = {field: value for field, value in state.items() if field not in GONE}
    # Without an open run there is nothing that older facts could still end.
    if isinstance(turn := state.get("turn"), dict):
        changed["is_visible"] = bool(state.get("answered_by_any"))
        changed["earlier"] = _tracking(turn, state)
    return changed


def _tracking(turn: dict[str, Json], state: Document) -> Document:
    was_answered, log = bool(state.get("answered")), [_messages(turn)]
    said = state.get("said")
    for answer in said if isinstance(said, list) else []:
        if isinstance(answer, dict):
            # The state does not have the time of the answer. The fact of its delivery has it and replaces this one.
            log.append({"entry": "answer", "message": answer["message"], "at": turn["since"], "state": "unconfirmed"})
            log += [_messages(asked)] if isinstance(asked := answer.get("asked"), dict) else []
    if state.get("status") == "resolved":
        # That version waited for a first answer until the conversation was closed: by now the resolve ends the run.
        log.append({"entry": "resolve", "at": state.get("status_since") or turn["since"]})
    kind = "next_response" if was_answered else "first_response"
    return {"run": 1, "kind": kind, "was_answered": was_answered, "visible_at": None, "log": [*log]}


def _messages(request: dict[str, Json]) -> Document:
    return {"entry": "messages", "since": request["since"], "count": 1, "last": ""}


STEP = Migration(number=4, name="metrics state", rewrites=(Rewrite("counted_cases", change_state),))
