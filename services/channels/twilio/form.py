"""The form of a webhook, read so that one text alone has one meaning (www.twilio.com/docs/usage/webhooks/webhooks-overview).

Twilio's signature is over each name joined to its value, sorted. So it does not say where a name ends, in which order and how often a
pair came, or how a byte was escaped. Whatever else would pass for the same call is no form of Twilio's: it is refused here.
"""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

from services.channels.json_access import as_dict
from services.channels.port import InvalidPayload, Request

NAMES = frozenset(
    """
    AccountSid ApiVersion Body CallDuration CallSid CallStatus Called CalledCity CalledCountry CalledState CalledZip Caller
    CallerCity CallerCountry CallerState CallerZip CallbackSource DialBridged DialCallDuration DialCallSid DialCallStatus Direction
    Duration ErrorCode ErrorMessage ErrorUrl From FromCity FromCountry FromState FromZip MessageSid MessageStatus MessagingServiceSid
    NumMedia NumSegments OptOutType ParentCallSid ProfileName RecordingChannels RecordingDuration RecordingSid RecordingSource
    RecordingStartTime RecordingStatus RecordingUrl SequenceNumber SmsMessageSid SmsSid SmsStatus Timestamp To ToCity ToCountry ToState
    ToZip TranscriptionSid TranscriptionStatus TranscriptionText TranscriptionType TranscriptionUrl WaId
    ButtonPayload ButtonText ExternalUserId OriginalRepliedMessageSid Latitude Longitude Address Label RawDlrDoneDate
    AddOns CallToken CallerName ChannelInstallSid ChannelPrefix ChannelToAddress EventType Forwarded ForwardedFrom FrequentlyForwarded
    ListId ListTitle MessageType StirPassportToken StirVerstat StructuredMessage
    """.split()  # noqa: SIM905 -- as a list it would be a line for each
)
"""Names that a call has at most once. Twilio adds others over time, which are read too."""
MAX_FIELDS = 1_000
MAX_FILES = 20
_NAME = re.compile(r"[A-Z][A-Za-z0-9_.\[\]-]*")
# The form of the URL standard, which writes capitals, and a space as a plus sign (url.spec.whatwg.org, "percent-encode").
_ESCAPES = re.compile(rb"(?:[^%\x00-\x20]|%[0-9A-F]{2})*")


def form_pairs(body: bytes) -> list[tuple[str, str]]:
    """Every pair of a form in its order. Raises ValueError for a form that could be read in two ways; quotes nothing of it."""
    if not body:
        return []
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise ValueError("the body is no form") from None
    if not _ESCAPES.fullmatch(body) or not all(_NAME.fullmatch(name) for name, _ in pairs):
        raise ValueError("the body is not written as a form is")
    _check_names(pairs)
    return pairs


def _check_names(pairs: list[tuple[str, str]]) -> None:
    if len(set(pairs)) < len(pairs):
        # The signature takes such a pair once.
        raise ValueError("the form has a pair twice")
    names = [name for name, _ in pairs]
    known = NAMES | set(_media_names(pairs))
    if any(names.count(name) > 1 for name in known.intersection(names)):
        raise ValueError("the form has a field twice")
    missing = known.difference(names)
    for name, value in pairs:
        # `NumMedia0=` for `NumMedia=0`: the same signed text.
        if name not in known and any((name + value).startswith(other) for other in missing):
            raise ValueError("a field of the form has another name than Twilio's")


def _media_names(pairs: list[tuple[str, str]]) -> Iterator[str]:
    count = next((value for name, value in pairs if name == "NumMedia"), "0")
    for number in range(min(int(count), MAX_FILES) if count.isascii() and count.isdigit() and len(count) < 4 else 0):
        yield from (f"MediaUrl{number}", f"MediaContentType{number}")


def is_json(request: Request) -> bool:
    """Whether a call has a JSON body: then the address names the body's hash."""
    return "bodySHA256" in request.query or request.headers.get("content-type", "").startswith("application/json")


def read_fields(request: Request) -> Mapping[str, str]:
    """The fields of a call that is a form or a JSON object of texts, by name. Raises InvalidPayload."""
    if is_json(request):
        try:
            body = as_dict(request.json())
        except (ValueError, RecursionError):
            raise InvalidPayload("the body is no JSON") from None
        return {name: str(value) for name, value in body.items() if isinstance(value, str | int)}
    try:
        return dict(form_pairs(request.body.strip(b"\r\n")))
    except ValueError as error:
        raise InvalidPayload(str(error)) from None
