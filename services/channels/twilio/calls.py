"""Calls and their legs, recordings and voicemail (www.twilio.com/docs/voice/api/call-resource#statuscallback, .../twiml/dial, .../record).

A call has a leg of the customer and, for each telephone that rings, one of an agent. Of a call that comes in the customer's leg is the
parent; of one that we make the agent's is, and the customer's is the leg that Twilio dials from it. Our own addresses say which leg
a state is of (`leg`), whom the call is with (`customer`) and which way it went.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from schemas.activity import Activity, Attachment, Call, CallState
from schemas.values import EncryptedText
from services.channels.twilio.people import TwilioUser, find_user
from services.channels.twilio.webhook import TwilioCall

STATES: Mapping[str, CallState] = {
    "queued": "ringing",
    "initiated": "ringing",
    "ringing": "ringing",
    "in-progress": "answered",
    "answered": "answered",
    "completed": "ended",
    "busy": "missed",
    "no-answer": "missed",
    "canceled": "abandoned",
    "failed": "failed",
}
"""What Twilio says of a leg → its state. `canceled`: the caller hung up while it rang."""
UNTAKEN = frozenset({"busy", "no-answer", "canceled", "failed"})
INBOUND, OUTBOUND = "inbound", "outbound"
LEG_EVENTS = "initiated ringing answered completed"
"""The states of a leg that are reported to our own address."""


def parse_voice_call(call: TwilioCall) -> list[Activity]:
    """The activities of a call of Twilio about a call, a recording or a transcription."""
    if call.get("TranscriptionText"):
        return [_transcription(call)]
    if call.get("RecordingUrl") and not call.get("DialCallStatus"):
        return _recording(call)
    if call.get("DialCallStatus"):
        return _dialed(call)
    return _leg(call)


def customer_of(call: TwilioCall) -> TwilioUser:
    """The customer of a call: whom our own address names, else the side of the call that is not ours."""
    side = "From" if direction_of(call) == INBOUND else "To"
    anonymous = call.get("ParentCallSid", "CallSid")
    return find_user(
        call.parameters.get("customer") or call.get(side), call.get("CallerName") or None, anonymous=anonymous
    )


def direction_of(call: TwilioCall) -> str:
    """Which way a call went. A leg that Twilio dialed for a call that came in is part of that call."""
    named = call.parameters.get("direction")
    if named in (INBOUND, OUTBOUND):
        return named
    stated = call.get("Direction")
    return OUTBOUND if stated in ("outbound-api", "outbound-dial") and not call.get("ParentCallSid") else INBOUND


def is_agents_leg(call: TwilioCall) -> bool:
    """Whether a state is that of an agent's telephone. Without our word a leg that was dialed from another is."""
    named = call.parameters.get("leg")
    if named in ("agent", "customer"):
        return named == "agent"
    return bool(call.get("ParentCallSid"))


def leg_query(call: TwilioCall, leg: str) -> str:
    """The parameters by which our address names a leg of this call."""
    user = customer_of(call)
    message = {"message": call.own_ids[0]} if call.own_ids else {}
    return urlencode({"leg": leg, "direction": direction_of(call), "customer": user.address or user.id, **message})


# -- legs ----------------------------------------------------------------------------------------------------------------


def _leg(call: TwilioCall) -> list[Activity]:
    raw = call.get("CallStatus").lower()
    state, is_agents = STATES.get(raw), is_agents_leg(call)
    if state is None:
        return call.unknown(f"call.{raw}", customer_of(call), call_sid=call.get("CallSid"))
    if not is_agents and direction_of(call) == INBOUND and state == "answered":
        # Our markup took the call, not a person: the customer waits.
        state = "ringing"
    leg, name = "agent" if is_agents else "customer", call.get("CallSid")
    found = [_state(call, leg, state, name, _seconds(call.get("CallDuration")) if state == "ended" else None)]
    if state == "ended" and (is_agents or direction_of(call) == OUTBOUND):
        # A telephone that we called and nobody took ends in another state.
        return [_state(call, leg, "answered", name, None), *found]
    if is_agents and direction_of(call) == OUTBOUND and raw in UNTAKEN:
        # Nobody of ours took the telephone, so the customer was never called.
        return [*found, _state(call, "customer", "failed", name, None)]
    return found


def _dialed(call: TwilioCall) -> list[Activity]:
    """How the dialing of the other side ended, as the answer to `<Dial>`: the leg `DialCallSid`, or all of several telephones."""
    raw = call.get("DialCallStatus").lower()
    state, leg = STATES.get(raw), "agent" if direction_of(call) == INBOUND else "customer"
    if state is None:
        return call.unknown(f"dial.{raw}", customer_of(call), call_sid=call.get("CallSid"))
    name = call.get("DialCallSid") or f"dial-{call.get('CallSid')}"
    # The states of the leg itself may not come to us.
    taken = [_state(call, leg, "answered", name, None)] if raw in ("completed", "answered") else []
    seconds = _seconds(call.get("DialCallDuration"))
    over = [] if raw == "answered" else [_state(call, leg, state, name, seconds if raw == "completed" else None)]
    return [*taken, *over, *([_recorded(call)] if call.get("RecordingUrl") else [])]


def _state(call: TwilioCall, leg: str, state: CallState, name: str, seconds: float | None) -> Activity:
    agent = _agent(call) if leg == "agent" else None
    fields = {
        "leg": leg,
        "state": state,
        "seconds": seconds,
        "agent": agent,
        "limit_seconds": call.phones.limit_seconds,
    }
    return _activity(call, f"{leg}.{name}.{state}", fields)


def _agent(call: TwilioCall) -> str | None:
    """Whose telephone rings: `To` is its number. The end of dialing names our own number there."""
    return call.phones.agent_of(call.get("To"))


def _activity(call: TwilioCall, identity: str, fields: Mapping[str, Any]) -> Activity:  # Any: fields of Call
    sid = _call_sid(call)
    user = customer_of(call)
    return call.activity(
        "call",
        user,
        sid,
        identity,
        # A call of ours is the message that our address names, from its first state on.
        message=next(iter(call.own_ids), call.scope.message_id(sid)),
        platform_id=sid,
        call=Call(id=sid, direction="inbound" if direction_of(call) == INBOUND else "outbound", **fields),
    )


def _call_sid(call: TwilioCall) -> str:
    """The id of the whole call: that of the leg from which others were dialed."""
    return call.get("ParentCallSid", "CallSid")


def _seconds(stated: str) -> float | None:
    return float(stated) if stated.isascii() and stated.isdigit() and len(stated) < 9 else None


# -- recordings and voicemail ----------------------------------------------------------------------------------------------


def _recording(call: TwilioCall) -> list[Activity]:
    if call.get("RecordingStatus").lower() not in ("", "completed") or not _names_customer(call):
        # Such a call has neither side of the call, unless our own address named it.
        return call.unknown("recording", customer_of(call), call_sid=call.get("CallSid"))
    return [_recorded(call)]


def _names_customer(call: TwilioCall) -> bool:
    return bool(call.parameters.get("customer") or call.get("From"))


def _recorded(call: TwilioCall) -> Activity:
    """What is known of a recording says nothing new of the leg: it rings as before, and what is over stays over."""
    state: CallState = "ringing"
    return _activity(
        call, f"recording.{call.get('RecordingSid', 'RecordingUrl')}", {"state": state, "recording": _file(call)}
    )


def _file(call: TwilioCall) -> Attachment:
    return Attachment(
        kind="audio",
        platform_id=call.get("RecordingSid") or None,
        url=f"{call.get('RecordingUrl')}.mp3",
        media_type="audio/mpeg",
        name=f"{call.get('RecordingSid') or 'recording'}.mp3",
        details={"seconds": seconds} if (seconds := _seconds(call.get("RecordingDuration"))) is not None else {},
    )


def _transcription(call: TwilioCall) -> Activity:
    """What a caller said to the voicemail: a message of theirs beside the call."""
    sid = call.get("TranscriptionSid") or f"transcription-{call.get('RecordingSid', 'CallSid')}"
    return call.activity(
        "message",
        customer_of(call),
        sid,
        message=call.scope.message_id(sid),
        platform_id=sid,
        text=EncryptedText(text=call.get("TranscriptionText")),
        attachments=[_file(call)] if call.get("RecordingUrl") else [],
        details={"transcription_of": call.get("CallSid")},
    )
