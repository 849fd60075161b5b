"""What a caller hears, and whose telephone rings: markup that answers a call (www.twilio.com/docs/voice/twiml)."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from services.channels.port import Account
from services.channels.twilio.accounts import text_of_credential, webhook_url
from services.channels.twilio.agent_phones import ring_seconds
from services.channels.twilio.calls import (
    INBOUND,
    LEG_EVENTS,
    OUTBOUND,
    customer_of,
    direction_of,
    leg_query,
)
from services.channels.twilio.webhook import NOTHING_TO_DO, TwilioCall

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
VOICEMAIL_SECONDS = 120
Words = Mapping[str, str]
MISSED: Words = {
    "en": "Nobody can take your call now. We will call you back.",
    "ar": "لا يستطيع أحد الرد على مكالمتك الآن. سنعاود الاتصال بك.",
    "lv": "Pašlaik neviens nevar atbildēt uz jūsu zvanu. Mēs jums atzvanīsim.",
}
VOICEMAIL: Words = {
    "en": "Nobody can take your call now. Leave a message after the tone.",
    "ar": "لا يستطيع أحد الرد على مكالمتك الآن. اترك رسالة بعد سماع الصافرة.",
    "lv": "Pašlaik neviens nevar atbildēt uz jūsu zvanu. Atstājiet ziņu pēc signāla.",
}
VOICES: Words = {"en": "en-US", "ar": "ar-XA", "lv": "lv-LV"}
"""How Twilio speaks each language (www.twilio.com/docs/voice/twiml/say/text-speech). It speaks no Persian: `settings.said_url` is played."""


def answer_to(call: TwilioCall, account: Account) -> str:
    """The markup for a call of Twilio's: an incoming call rings, or is answered by a sentence; a call of ours is connected."""
    if call.get("DialCallStatus"):
        return _after_dialing(call, account)
    if call.parameters.get("leg") == "agent" and call.parameters.get("connect"):
        return _connect(call, account)
    is_new = direction_of(call) == INBOUND and not (call.get("ParentCallSid") or call.get("CallbackSource"))
    if is_new and call.get("CallStatus").lower() == "ringing" and not call.parameters:
        return _ring(call, account)
    return NOTHING_TO_DO


def _ring(call: TwilioCall, account: Account) -> str:
    phones = _texts(account.body.settings.get("ring"))
    if not phones:
        return _nobody(call, account)
    dial = _dial(call, account, phones, "agent", answerOnBridge="true")
    return f"{HEAD}<Response>{dial}</Response>"


def _connect(call: TwilioCall, account: Account) -> str:
    """An agent took the telephone of a call that we make: the customer's rings."""
    dial = _dial(call, account, [customer_of(call).id], "customer")
    return f"{HEAD}<Response>{dial}</Response>"


def _dial(call: TwilioCall, account: Account, phones: Sequence[str], leg: str, **more: str) -> str:
    """The first telephone that is taken gets the call. Its legs, the end and the recording are said to our own address."""
    base, settings = webhook_url(account), account.body.settings
    query = leg_query(call, leg)
    attributes = {
        "action": f"{base}?{leg_query(call, 'customer' if leg == 'agent' else 'agent')}",
        "timeout": str(ring_seconds(account.body)),
        # No report of a call comes later: after so long the conversation goes by that.
        "timeLimit": str(call.phones.limit_seconds),
        "callerId": text_of_credential(account.body, "number"),
        **more,
    }
    if settings.get("record") is True:
        attributes |= {"record": "record-from-answer-dual"}
    numbers = (
        f"<Number{_written({'statusCallback': f'{base}?{query}', 'statusCallbackEvent': LEG_EVENTS})}>{escape(one)}</Number>"
        for one in phones
    )
    return f"<Dial{_written(attributes)}>{''.join(numbers)}</Dial>"


def _after_dialing(call: TwilioCall, account: Account) -> str:
    """Where nobody took an incoming call its caller is still on the line."""
    is_over = call.get("DialCallStatus").lower() in ("completed", "answered") or direction_of(call) == OUTBOUND
    is_over = is_over or call.get("CallStatus").lower() in ("completed", "canceled")
    return f"{HEAD}<Response><Hangup/></Response>" if is_over else _nobody(call, account)


def _nobody(call: TwilioCall, account: Account) -> str:
    settings = account.body.settings
    takes_messages = settings.get("voicemail") is True
    said = _said(account, VOICEMAIL if takes_messages else MISSED)
    if not takes_messages:
        return f"{HEAD}<Response>{said}<Hangup/></Response>"
    address = f"{webhook_url(account)}?{leg_query(call, 'customer')}"
    attributes = {
        "maxLength": str(VOICEMAIL_SECONDS),
        "playBeep": "true",
        "recordingStatusCallback": address,
        **({"transcribe": "true", "transcribeCallback": address} if settings.get("transcribe") is True else {}),
        # Where the recording ends the call ends: this address answers with markup that asks for nothing.
        "action": address,
    }
    return f"{HEAD}<Response>{said}<Record{_written(attributes)}/></Response>"


def _said(account: Account, words: Words) -> str:
    settings = account.body.settings
    if isinstance(url := settings.get("said_url"), str) and url:
        return f"<Play>{escape(url)}</Play>"
    language = (account.body.language or "en").split("-", 1)[0].lower()
    language = language if language in VOICES else "en"
    own = settings.get("said")
    text = own if isinstance(own, str) and own else words[language]
    return f"<Say language={quoteattr(VOICES[language])}>{escape(text)}</Say>"


def _written(attributes: Mapping[str, str]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
