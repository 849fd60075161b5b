"""Calls of Twilio's REST API: messages and calls that go out, files of customers, and what is set at a number.

(www.twilio.com/docs/messaging/api/message-resource, www.twilio.com/docs/voice/api/call-resource, .../phone-numbers/api/incomingphonenumber-resource)
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit

from schemas.activity import Attachment
from schemas.outbound import ChannelAction, OutboundMessage
from schemas.values import Json
from services.channels.account_scope import scope_of
from services.channels.callbacks import is_ours, our_address, shown_address
from services.channels.errors_without_token import without_token
from services.channels.json_access import as_str, dicts, json_object
from services.channels.port import Account, MediaLocation, SendReceipt
from services.channels.twilio.accounts import API_HOST, text_of_credential, webhook_url
from services.channels.twilio.agent_phones import agent_phones, ring_seconds
from services.channels.twilio.calls import LEG_EVENTS, OUTBOUND
from services.channels.twilio.errors import send_error
from services.domain.account_phrases import AccountFinding, finding
from services.platform.http.outgoing import HttpClient, PermanentSendError, SendOutcomeUnknown

VERSION = "2010-04-01"


async def send_text(message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
    """Send a text as SMS, or by the service by which the customer wrote (`whatsapp:`). Raises as `Channel.send`."""
    form = [
        ("To", message.address.chat),
        _sender(account, message.address.chat),
        ("Body", message.text.text),
        # A state may come before this answer: our own id in the address finds the message.
        ("StatusCallback", f"{webhook_url(account)}?{urlencode({'message': message.id})}"),
    ]
    answer = await post(http, account, "Messages.json", form)
    sid = as_str(answer.get("sid"))
    if sid is None:
        raise SendOutcomeUnknown("Twilio answered without the id of a message")
    return scope_of(account, text_of_credential(account.body, "account_sid")).receipt(sid)


async def place_call(action: ChannelAction, account: Account, http: HttpClient) -> SendReceipt:
    """Ring the telephone of an agent, whose taking connects it with the customer's. Raises as `PerformsActions.perform`."""
    phone = agent_phones(account.body).number_of(action.agent or "")
    if phone is None or action.message is None:
        raise PermanentSendError("invalid_address", "the account has no telephone of this agent any more")
    named = {
        "leg": "agent",
        "direction": OUTBOUND,
        "customer": action.address.chat,
        "message": action.message,
    }
    base = webhook_url(account)
    form = [
        ("To", phone),
        ("From", text_of_credential(account.body, "number")),
        # Twilio asks for markup there once the telephone is taken.
        ("Url", f"{base}?{urlencode({**named, 'connect': '1'})}"),
        ("StatusCallback", f"{base}?{urlencode(named)}"),
        *(("StatusCallbackEvent", event) for event in LEG_EVENTS.split()),
        ("Timeout", str(ring_seconds(account.body))),
    ]
    sid = as_str((await post(http, account, "Calls.json", form)).get("sid"))
    if sid is None:
        raise SendOutcomeUnknown("Twilio answered without the id of a call")
    return SendReceipt(sid)


def _sender(account: Account, chat: str) -> tuple[str, str]:
    service = account.body.settings.get("messaging_service_sid")
    number, (scheme, colon, _) = text_of_credential(account.body, "number"), chat.partition(":")
    if isinstance(service, str) and service and not colon:
        return "MessagingServiceSid", service
    return "From", f"{scheme}:{number}" if colon else number


async def post(http: HttpClient, account: Account, resource: str, form: Sequence[tuple[str, str]]) -> dict[str, Json]:
    """Post a form once and return the resource that it made. Raises as `Channel.send`."""
    headers = {**_authorization(account), "content-type": "application/x-www-form-urlencoded"}
    with _without_secrets(account):
        answer = await http.call("POST", _resource(account, resource), urlencode(form).encode(), headers)
        if answer.status // 100 != 2:
            raise send_error(answer)
        return json_object(answer.body) or {}


def locate_file(attachment: Attachment, account: Account) -> MediaLocation:
    """Where a picture or a recording is. Raises PermanentSendError `not_found` for one that is not Twilio's.

    The auth token goes to Twilio alone, whatever address a webhook named.
    """
    url = attachment.url or ""
    try:
        parts, base = urlsplit(url), urlsplit(account.body.api_base or API_HOST)
        host = parts.hostname or ""
    except ValueError:
        raise PermanentSendError("not_found", "the attachment has no address") from None
    own = (parts.scheme, parts.netloc) == (base.scheme, base.netloc)
    if not own and not (parts.scheme == "https" and host.endswith(".twilio.com")):
        raise PermanentSendError("not_found", "the file is not at Twilio")
    return MediaLocation(url, _authorization(account))


async def account_problem(
    account: Account, http: HttpClient, our_public_url: str | None, setting: str
) -> AccountFinding | None:
    """What keeps customers from reaching us: `setting` is the field of a number with the address that Twilio calls.

    None for a short code, a name and a Messaging Service, whose addresses are set elsewhere. Raises as `ChecksAccount.check`.
    """
    number = text_of_credential(account.body, "number")
    url = f"{_resource(account, 'IncomingPhoneNumbers.json')}?{urlencode({'PhoneNumber': number})}"
    with _without_secrets(account):
        answer = await http.call("GET", url, None, _authorization(account), idempotent=True)
        if answer.status // 100 != 2:
            raise send_error(answer)
    found = next(dicts((json_object(answer.body) or {}).get("incoming_phone_numbers")), None)
    if found is None or account.body.settings.get("messaging_service_sid"):
        return None
    called, ours = as_str(found.get(setting)) or "", our_address(account, our_public_url)
    if not called:
        return finding("endpoint_not_set", ours=ours)
    if not is_ours(called, account, our_public_url):
        return finding("endpoint_elsewhere", called=shown_address(called), ours=ours)
    return None


def _resource(account: Account, resource: str) -> str:
    base = (account.body.api_base or API_HOST).rstrip("/")
    return f"{base}/{VERSION}/Accounts/{text_of_credential(account.body, 'account_sid')}/{resource}"


def _authorization(account: Account) -> Mapping[str, str]:
    return {"authorization": f"Basic {_login(account)}"}


def _login(account: Account) -> str:
    login = f"{text_of_credential(account.body, 'account_sid')}:{account.token('auth_token')}"
    return b64encode(login.encode()).decode()


@contextmanager
def _without_secrets(account: Account) -> Iterator[None]:
    with without_token(account.token("auth_token")), without_token(_login(account)):
        yield
