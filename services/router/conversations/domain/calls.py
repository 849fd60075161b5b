"""A call and what came of it, from the states of its legs in whatever order they arrive. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from schemas.activity import Activity, Call, CallState
from services.domain.calls import CallOutcome, CallRecord
from services.router.conversations.domain.activities import happened_at

ENDED = frozenset({"ended", "missed", "abandoned", "failed"})
"""States of a leg after which nothing more is said in it."""

CallText = Literal["ringing", "talking"] | CallOutcome

TEXTS: Mapping[CallText, Mapping[str, str]] = {
    "ringing": {"en": "Call", "fa": "تماس تلفنی", "ar": "مكالمة هاتفية", "lv": "Telefona zvans"},
    "talking": {
        "en": "Call in progress",
        "fa": "تماس در جریان است",
        "ar": "مكالمة جارية",
        "lv": "Notiek telefona saruna",
    },
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
"""What a call reads as in its conversation, by what came of it so far and by language."""


TEXTS_OF_OURS: Mapping[CallText, Mapping[str, str]] = {
    **TEXTS,
    "missed": {
        "en": "Call: the customer did not take it",
        "fa": "تماس: مشتری پاسخ نداد",
        "ar": "مكالمة: لم يرد العميل",
        "lv": "Zvans: klients neatbildēja",
    },
    "abandoned": {
        "en": "Call: it was hung up before the customer took it",
        "fa": "تماس: پیش از پاسخ مشتری قطع شد",
        "ar": "مكالمة: أُنهيت قبل أن يرد العميل",
        "lv": "Zvans: klausule tika nolikta, pirms klients atbildēja",
    },
    "failed": {
        "en": "Call: no connection came about",
        "fa": "تماس: ارتباط برقرار نشد",
        "ar": "مكالمة: لم يتم الاتصال",
        "lv": "Zvans: savienojums neizdevās",
    },
}
"""The same of a call that we make."""


def text(record: CallRecord, languages: Sequence[str]) -> str:
    """The sentence of a call in the first of these languages that has one, else in English."""
    texts = (TEXTS if record.direction == "inbound" else TEXTS_OF_OURS)[_state(record)]
    bases = (language.split("-", 1)[0].lower() for language in languages)
    return texts[next((base for base in bases if base in texts), "en")]


def call_after(before: CallRecord | None, activity: Activity, call: Call) -> CallRecord:
    """The call after one more state of one of its legs."""
    at = happened_at(activity)
    known = before or CallRecord(
        workspace=activity.workspace, key=str(activity.person_key), direction=call.direction, started_at=at
    )
    recorded = replace(
        known,
        recording=call.recording or known.recording,
        started_at=min(known.started_at, at),
        limit_seconds=call.limit_seconds or known.limit_seconds,
    )
    leg = _agent_leg(recorded, call, at) if call.leg == "agent" else _customer_leg(recorded, call)
    is_over = call.leg == "customer" and call.state in ENDED
    ended = replace(leg, ended_at=min(at, leg.ended_at or at) if is_over else leg.ended_at)
    if ended.taken_at is None and _has_been_talked(ended):
        ended = replace(ended, taken_at=at)
    return replace(ended, outcome=_outcome(ended))


def _agent_leg(record: CallRecord, call: Call, at: datetime) -> CallRecord:
    # A state of another time may arrive late, and of two at one time the end is the later.
    known = (record.agent_at, record.agent_state in ENDED) if record.agent_at is not None else None
    is_later = known is None or (at, call.state in ENDED) >= known
    taken = _taken_leg(record, call)
    # Several agents may be called one after the other: one who answered counts, whatever the others did.
    return replace(
        taken,
        agent_state=call.state if is_later else record.agent_state,
        agent_at=at if is_later else record.agent_at,
        answered_by_agent=record.answered_by_agent or call.state == "answered",
        agent_seconds=record.agent_seconds if call.seconds is None else call.seconds,
    )


def _taken_leg(record: CallRecord, call: Call) -> CallRecord:
    """The call with whose telephone was taken, and whether that leg has ended. A leg that nobody took never ends as `ended`."""
    if call.state == "answered":
        is_other = call.agent is not None and call.agent != record.agent
        return replace(record, agent=call.agent or record.agent, agent_ended=record.agent_ended and not is_other)
    is_theirs = call.agent is None or call.agent == record.agent
    return replace(record, agent_ended=True) if call.state == "ended" and is_theirs else record


def _customer_leg(record: CallRecord, call: Call) -> CallRecord:
    return replace(
        record,
        # A state that arrives late does not bring back a leg that has ended.
        customer_state=record.customer_state if record.customer_state in ENDED else call.state,
        customer_answered=record.customer_answered or call.state == "answered",
        customer_seconds=record.customer_seconds if call.seconds is None else call.seconds,
    )


def _outcome(record: CallRecord) -> CallOutcome | None:
    """What came of a call; None while the customer is on the line, whatever becomes of legs of agents that nobody took."""
    state = record.customer_state
    if state not in ENDED:
        return "answered" if record.agent_ended and _has_been_talked(record) else None
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


def _has_been_talked(record: CallRecord) -> bool:
    """Whether both sides were on the line at once, so that the end of the agent's leg ended the call."""
    return record.agent is not None and (
        record.customer_answered if record.direction == "outbound" else record.answered_by_agent
    )


def is_talk(record: CallRecord | None) -> bool:
    """Whether an agent whom we know and the customer talk now."""
    return record is not None and record.outcome is None and not record.agent_ended and _has_been_talked(record)


def to_call(record: CallRecord, call: Call) -> Call:
    """The call as its message shows it: the state is its outcome."""
    # How long they talked: a call that came in waited before, and of one of ours the agent did.
    is_talk = record.answered_by_agent and record.direction == "inbound"
    seconds = record.agent_seconds if is_talk else None
    return call.model_copy(
        update={
            "leg": "customer",
            "direction": record.direction,
            "state": _shown_state(record),
            "agent": record.agent,
            "limit_seconds": None,
            "seconds": record.customer_seconds if seconds is None else seconds,
            "recording": record.recording,
        }
    )


def _shown_state(record: CallRecord) -> CallState:
    if record.outcome is None:
        return "answered" if is_talk(record) else "ringing"
    return "ended" if record.outcome == "answered" else record.outcome


def _state(record: CallRecord) -> CallText:
    return record.outcome or ("talking" if is_talk(record) else "ringing")


def given_up(record: CallRecord) -> CallRecord:
    """A call of which nothing more is reported, once it must be over: as if its taken leg had ended, or it never came about."""
    over = replace(record, agent_ended=True)
    return replace(over, outcome=record.outcome or _outcome(over) or "failed")
