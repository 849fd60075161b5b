"""From public to private, pure: tokens, links, what the public is told, and the states of a hand-off.

A token is a conversation's id and a MAC over it and its workspace, so that any partition can tell a real one and whose
case it opens without asking anybody, and none is good outside its workspace. It is not secret.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from schemas.activity import Activity, Address
from schemas.channel import Capabilities
from schemas.configuration import AccountBody, WorkspaceConfiguration
from schemas.conversation import Handoff, UnconfirmedPerson
from schemas.identity import HandoffToken, PersonKey
from schemas.values import PRIORITIES, Priority
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_closed
from services.platform.core import base64url

EXPIRES_AFTER = timedelta(seconds=900)
MAC_BYTES = 16
MAX_UNCONFIRMED = 20
SECRET_NAME = "handoff"  # noqa: S105 - what the secret is called, not the secret
WEBCHAT = "webchat"

NOTICES: Mapping[str, str] = {
    "fa": "برای حفظ اطلاعات شخصی شما، این گفتگو را در پیام خصوصی ادامه می‌دهیم. لطفاً اینجا اطلاعات شخصی یا بانکی ننویسید.",
    "ar": "حفاظًا على معلوماتك الشخصية نتابع هذه المحادثة في رسالة خاصة. يُرجى عدم كتابة معلومات شخصية أو مصرفية هنا.",
    "lv": "Lai pasargātu jūsu personas datus, šo sarunu turpināsim privātā ziņā. Lūdzu, nerakstiet šeit personas vai bankas datus.",
    "en": "To protect your personal information, we continue this conversation in a private message. "
    "Please do not write personal or bank details here.",
}
CONTINUE: Mapping[str, str] = {
    "fa": "ادامه در گفتگوی خصوصی:",
    "ar": "للمتابعة في محادثة خاصة:",
    "lv": "Turpināt privāti:",
    "en": "Continue in private:",
}


def sign_token(secret: bytes, workspace: str, conversation: str) -> str:
    """The token of a conversation of a workspace: 43 characters of `A-Za-z0-9_-`."""
    identity = UUID(conversation).bytes
    return base64url.encode(identity + _mac(secret, workspace, identity))


def verify_token(secret: bytes, workspace: str, token: str) -> HandoffToken | None:
    """What a token opens in a workspace; None for one that we did not make, or made for another workspace."""
    try:
        raw = base64url.decode(token)
    except ValueError:
        return None
    identity, mac = raw[:16], raw[16:]
    if len(identity) != 16:
        return None
    is_bound = hmac.compare_digest(mac, _mac(secret, workspace, identity))
    if not is_bound and not hmac.compare_digest(mac, _unbound_mac(secret, identity)):
        return None
    return HandoffToken(str(UUID(bytes=identity)), is_bound)


def _mac(secret: bytes, workspace: str, identity: bytes) -> bytes:
    return hmac.digest(secret, b"handoff/2\x00" + workspace.encode() + b"\x00" + identity, hashlib.sha256)[:MAC_BYTES]


def _unbound_mac(secret: bytes, identity: bytes) -> bytes:
    """Of links that stood in public before tokens were bound to a workspace."""
    return hmac.digest(secret, b"handoff\x00" + identity, hashlib.sha256)[:MAC_BYTES]


@dataclass(frozen=True, slots=True)
class Handoffs:
    """What a hand-off needs to know of the installation."""

    secret: bytes
    public_url: str | None = None


def needs_handoff(case: ConversationState, activity: Activity) -> bool:
    """Whether what was just said in public moves the case to a private place. A closed case leads nowhere any more."""
    moving = case.handoff is not None and case.handoff.state != "expired"
    return activity.surface == "public" and activity.sensitive and not moving and not is_closed(case.status)


def is_private_only(case: ConversationState) -> bool:
    """Whether nobody may answer the case in public: it is sensitive, and a private side is open or on its way.

    Where nobody followed in time, the public place is the only one there is.
    """
    return case.sensitive and not (case.handoff is not None and case.handoff.state == "expired")


def is_in_private(conversation: ConversationState) -> bool:
    """Whether a hand-off took it there: it is answered in private from then on, wherever the customer writes."""
    return conversation.handoff is not None and conversation.handoff.state == "completed"


def token_in(activity: Activity, handoffs: Handoffs) -> str | None:
    """The conversation that an activity's token opens: of `/start TOKEN`, or of a chat that was opened by a link."""
    for name in ("start", "handoff"):
        token = activity.details.get(name)
        if isinstance(token, str) and (found := verify_token(handoffs.secret, activity.workspace, token)):
            return found.conversation
    return None


def handoff_reason(activity: Activity) -> str:
    """Why, without detail: the kinds that were masked."""
    return ", ".join(activity.masked) or "sensitive"


def link(
    case: ConversationState,
    configuration: WorkspaceConfiguration | None,
    capabilities: Capabilities | None,
    handoffs: Handoffs,
) -> tuple[str | None, str | None]:
    """Where the customer goes on, and which channel that is; (None, None) when there is no private side to offer."""
    token = sign_token(handoffs.secret, case.workspace, case.id)
    account = _account(case, configuration)
    username = account.settings.get("username") if account else None
    if capabilities is not None and capabilities.deep_link and isinstance(username, str):
        return capabilities.deep_link.format(username=username, token=token), case.channel
    webchat = _webchat_account(configuration)
    if webchat is None or handoffs.public_url is None:
        return None, None
    base = handoffs.public_url.rstrip("/")
    return f"{base}/{WEBCHAT}/{quote(case.workspace)}/{quote(webchat)}?handoff={token}", WEBCHAT


def _account(case: ConversationState, configuration: WorkspaceConfiguration | None) -> AccountBody | None:
    kept = configuration.accounts.get(f"{case.channel}/{case.account}") if configuration else None
    return kept.body if kept else None


def _webchat_account(configuration: WorkspaceConfiguration | None) -> str | None:
    prefix = f"{WEBCHAT}/"
    names = sorted(configuration.accounts) if configuration else []
    return next((name.removeprefix(prefix) for name in names if name.startswith(prefix)), None)


def notice(languages: Sequence[str | None], url: str | None) -> str:
    """What everybody reads: that the talk moves and why, nothing of what was said. In the first language we know."""
    language = next((known for known in languages if known in NOTICES), "en") or "en"
    return NOTICES[language] if url is None else f"{NOTICES[language]}\n{CONTINUE[language]} {url}"


def expires_at(case: ConversationState, configuration: WorkspaceConfiguration | None, now: datetime) -> datetime:
    """When an invitation that nobody followed runs out: `handoff_seconds` of the account, 900 unless set."""
    account = _account(case, configuration)
    seconds = account.settings.get("handoff_seconds") if account else None
    usable = isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0
    return now + (timedelta(seconds=float(str(seconds))) if usable else EXPIRES_AFTER)


def started(case: ConversationState, reason: str, channel: str | None, now: datetime) -> ConversationState:
    """The case on its way to a private place."""
    followed = case.handoff.unconfirmed if case.handoff else []
    begun = Handoff(state="started", started_at=now, private_channel=channel, reason=reason, unconfirmed=followed)
    return replace(case, handoff=begun, sensitive=True, updated_at=now)


def completed(case: ConversationState, person: PersonKey, address: Address, now: datetime) -> ConversationState:
    """The case in private: from here on the customer is answered at this address, which names its channel."""
    before = case.handoff or Handoff(state="started", started_at=now, reason="sensitive")
    done = {"state": "completed", "completed_at": now, "private_channel": address.channel, "unconfirmed": []}
    return replace(
        case,
        handoff=before.model_copy(update=done),
        surface="private",
        last_surface="private",
        addresses={**case.addresses, "private": address},
        private_person=person,
        updated_at=now,
    )


def visitor_address(person: PersonKey) -> Address:
    """Where a visitor of a chat is answered."""
    channel, account, visitor = person.person.split(":", 2)
    return Address(chat=visitor, channel=channel, account=account)


def private_address(activity: Activity) -> Address | None:
    """Where the private side is; it names its channel and account, which may not be those of the case."""
    if activity.address is None:
        return None
    return activity.address.model_copy(update={"channel": activity.channel, "account": activity.account})


def expired(case: ConversationState, now: datetime) -> ConversationState | None:
    """The case whose customer did not follow; None when there is nothing to expire."""
    if case.handoff is None or case.handoff.state != "started":
        return None
    return replace(case, handoff=case.handoff.model_copy(update={"state": "expired"}), updated_at=now)


def escalated(priority: Priority) -> Priority:
    """One step more urgent."""
    return PRIORITIES[max(0, PRIORITIES.index(priority) - 1)]


def cleared(case: ConversationState, now: datetime) -> ConversationState | None:
    """The case without its mark, so that it may be answered in public; a private side that is open stays. None: it has
    no mark.
    """
    is_moving = case.handoff is not None and case.handoff.state != "completed"
    if not (case.sensitive or is_moving):
        return None
    return replace(case, sensitive=False, handoff=None if is_moving else case.handoff, updated_at=now)


def is_private_side(case: ConversationState, person: PersonKey) -> bool:
    """Whether this person was proven to be the customer of the case, and goes on in it."""
    return case.handoff is not None and case.private_person == person and not is_closed(case.status)


def may_claim(case: ConversationState, person: PersonKey) -> bool:
    """Whether somebody who followed the link may still turn out to be the customer. Nobody of another workspace may."""
    is_open = case.handoff is not None and case.handoff.state != "completed" and not is_closed(case.status)
    return is_open and case.workspace == person.workspace and case.private_person is None and case.key != str(person)


def unconfirmed(case: ConversationState, person: PersonKey) -> UnconfirmedPerson | None:
    """What is known of somebody who followed the link."""
    followed = case.handoff.unconfirmed if case.handoff else []
    return next((one for one in followed if one.person == person), None)


def claimed(case: ConversationState, claim: UnconfirmedPerson, now: datetime) -> ConversationState:
    """The case with one more who followed its link; the latest are kept, so that a crowd shuts nobody out for good."""
    handoff = case.handoff or Handoff(state="started", started_at=now, reason="sensitive")
    followed = [*handoff.unconfirmed, claim][-MAX_UNCONFIRMED:]
    return replace(case, handoff=handoff.model_copy(update={"unconfirmed": followed}), updated_at=now)
