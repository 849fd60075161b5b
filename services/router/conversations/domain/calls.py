"""A call and what came of it, from the states of its legs in whatever order they arrive. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from schemas.activity import Activity, Call
from services.domain.calls import CallOutcome, CallRecord
from services.router.conversations.domain.activities import happened_at

ENDED = frozenset({"ended", "missed", "abandoned", "failed"})
"""States of a leg after which nothing more is said in it."""

TEXTS: Mapping[CallOutcome, Mapping[str, str]] = {
    "answered": {"en": "Call", "fa": "تماس تلفنی", "ar": "مكالمة هاتفية", "lv": "Telefona saruna"},
    "missed": {
        "en": "Missed call",
        "fa": "تماس بی‌پاسخ",
        "ar": "مكالمة فائتة",
        "lv": "Neatbildēts zvans",
    },
    "abandoned": {
        "en": "Missed call: the caller hung up before anybody answered",
        "fa": "تماس بی‌پاسخ: تماس‌گیرنده پیش از پاسخ‌گویی قطع کرد",
        "ar": "مكالمة فائتة: أنهى المتصل المكالمة قبل أن يرد أحد",
        "lv": "Neatbildēts zvans: zvanītājs nolika klausuli, pirms kāds atbildēja",
    },
    "failed": {
        "en": "Missed call: the connection failed",
        "fa": "تماس بی‌پاسخ: ارتباط برقرار نشد",
        "ar": "مكالمة فائتة: تعذّر الاتصال",
        "lv": "Neatbildēts zvans: neizdevās savienot",
    },
}
"""What a call reads as in its conversation, by outcome and language."""


def text(outcome: CallOutcome, languages: Sequence[str]) -> str:
    """The sentence of an outcome in the first of these languages that has one, else in English."""
    texts = TEXTS[outcome]
    bases = (language.split("-", 1)[0].lower() for language in languages)
    return texts[next((base for base in bases if base in texts), "en")]


def call_after(before: CallRecord | None, activity: Activity, call: Call) -> CallRecord:
    """The call after one more state of one of its legs."""
    at = happened_at(activity)
    known = before or CallRecord(
        workspace=activity.workspace, key=str(activity.person_key), direction=call.direction, started_at=at
    )
    recorded = replace(known, recording=call.recording or known.recording, started_at=min(known.started_at, at))
    leg = _agent_leg(recorded, call, at) if call.leg == "agent" else _customer_leg(recorded, call)
    is_over = call.leg == "customer" and call.state in ENDED
    ended = replace(leg, ended_at=min(at, leg.ended_at or at) if is_over else leg.ended_at)
    return replace(ended, outcome=_outcome(ended))


def _agent_leg(record: CallRecord, call: Call, at: datetime) -> CallRecord:
    # A state of another time may arrive late, and of two at one time the end is the later.
    known = (record.agent_at, record.agent_state in ENDED) if record.agent_at is not None else None
    is_later = known is None or (at, call.state in ENDED) >= known
    # Several agents may be called one after the other: one who answered counts, whatever the others did.
    return replace(
        record,
        agent_state=call.state if is_later else record.agent_state,
        agent_at=at if is_later else record.agent_at,
        answered_by_agent=record.answered_by_agent or call.state == "answered",
        agent_seconds=record.agent_seconds if call.seconds is None else call.seconds,
    )


def _customer_leg(record: CallRecord, call: Call) -> CallRecord:
    return replace(
        record,
        # A state that arrives late does not bring back a leg that has ended.
        customer_state=record.customer_state if record.customer_state in ENDED else call.state,
        customer_answered=record.customer_answered or call.state == "answered",
        customer_seconds=record.customer_seconds if call.seconds is None else call.seconds,
    )


def _outcome(record: CallRecord) -> CallOutcome | None:
    """What came of a call; None while the customer is on the line, whatever becomes of the agents' legs."""
    state = record.customer_state
    if state not in ENDED:
        return None
    # With a leg of an agent, an answered leg of the customer may be no more than the queue's music. A call of ours is for the
    # customer to take: the agent is on the line before.
    is_ours, has_agent_leg = record.direction == "outbound", record.agent_state is not None
    taken = record.customer_answered and (is_ours or (not has_agent_leg and state == "ended"))
    if taken or (record.answered_by_agent and not is_ours):
        return "answered"
    if state in ("abandoned", "failed"):
        return state
    # The customer hung up while an agent was being called (`abandoned` of that leg: then it was taken back), or the platform ended
    # the call because nobody took it.
    return "abandoned" if record.agent_state in ("ringing", "abandoned") and not is_ours else "missed"


def to_call(record: CallRecord, call: Call) -> Call:
    """The call as its message shows it: the state is its outcome."""
    # How long they talked: a call that came in waited before, and of one of ours the agent did.
    is_talk = record.answered_by_agent and record.direction == "inbound"
    seconds = record.agent_seconds if is_talk else None
    return call.model_copy(
        update={
            "leg": "customer",
            "direction": record.direction,
            "state": "ended" if record.outcome == "answered" else record.outcome,
            "seconds": record.customer_seconds if seconds is None else seconds,
            "recording": record.recording,
        }
    )
