"""The hand-off of a conversation from a public to a private place: tokens, links, notices and states. Pure.

A token is a conversation's id and a MAC over that id and the workspace. So any partition can check a token without a
read, and no token is valid in another workspace. It is no secret: it stands in public.
"""

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from schemas.activity import Activity, Address
from schemas.configuration import WorkspaceConfiguration
from schemas.conversation import Handoff, HandoffMethod, UnconfirmedPerson
from schemas.identity import HandoffToken, PersonKey
from schemas.values import PRIORITIES, Priority
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_closed
from services.platform.core import base64url
from services.router.conversations.domain.accounts import account_of
from services.router.conversations.domain.silence import settings_of

MAC_BYTES = 16
"""With the 16 bytes of the id a token has 43 characters; Telegram allows 64 after `/start`."""
MAX_UNCONFIRMED = 20
MAX_PRIVATE_REPLIES = 20
"""How many posts that had a private reply are remembered."""
SECRET_NAME = "handoff"  # noqa: S105 - what the secret is called, not the secret
WEBCHAT = "webchat"


def sign_token(secret: bytes, workspace: str, conversation: str) -> str:
    """The token of a conversation of a workspace: 43 characters of `A-Za-z0-9_-`."""
    identity = UUID(conversation).bytes
    # The id in its 16 bytes instead of 36 characters: the whole token has to fit a platform's deep link.
    return base64url.encode(identity + _mac(secret, workspace, identity))


def verify_token(secret: bytes, workspace: str, token: str) -> HandoffToken | None:
    """The conversation that a token opens. None: it is not from this installation, or from another workspace."""
    try:
        raw = base64url.decode(token)
    except ValueError:
        return None
    identity, mac = raw[:16], raw[16:]
    if len(identity) != 16:
        return None
    # Compared in constant time, so that a forger learns nothing from how long a wrong token takes.
    is_bound = hmac.compare_digest(mac, _mac(secret, workspace, identity))
    if not is_bound and not hmac.compare_digest(mac, _unbound_mac(secret, identity)):
        return None
    return HandoffToken(str(UUID(bytes=identity)), is_bound)


def _mac(secret: bytes, workspace: str, identity: bytes) -> bytes:
    return hmac.digest(secret, b"handoff/2\x00" + workspace.encode() + b"\x00" + identity, hashlib.sha256)[:MAC_BYTES]


def _unbound_mac(secret: bytes, identity: bytes) -> bytes:
    """The MAC of earlier versions, whose tokens named no workspace: their links still stand in public."""
    return hmac.digest(secret, b"handoff\x00" + identity, hashlib.sha256)[:MAC_BYTES]


@dataclass(frozen=True, slots=True)
class Handoffs:
    """The secret that signs tokens, and the address under which the installation is reached."""

    secret: bytes
    public_url: str | None = None


def needs_handoff(case: ConversationState, activity: Activity) -> bool:
    """Whether a public activity moves the conversation to a private place. A closed conversation never moves."""
    # An expired invitation may be repeated; one that is open or completed is not.
    moving = case.handoff is not None and case.handoff.state != "expired"
    return activity.surface == "public" and activity.sensitive and not moving and not is_closed(case.status)


def is_private_only(case: ConversationState) -> bool:
    """Whether a public answer is refused: the conversation is sensitive, and a private side is open or invited to.

    Once the invitation expired, the public place is the only one.
    """
    # Also where no hand-off has begun: the mark of sensitivity alone decides until an invitation expires.
    return case.sensitive and not (case.handoff is not None and case.handoff.state == "expired")


def is_in_private(conversation: ConversationState) -> bool:
    """Whether its hand-off is complete: it is answered in private from then on, wherever the customer writes."""
    return conversation.handoff is not None and conversation.handoff.state == "completed"


def token_in(activity: Activity, handoffs: Handoffs) -> str | None:
    """The conversation that the token of an activity opens: from `/start TOKEN`, or from a web chat opened by a link."""
    for name in ("start", "handoff"):
        token = activity.details.get(name)
        if isinstance(token, str) and (found := verify_token(handoffs.secret, activity.workspace, token)):
            return found.conversation
    return None


def handoff_reason(activity: Activity) -> str:
    """The reason without detail: the kinds of data that were masked."""
    return ", ".join(activity.masked) or "sensitive"


def expires_at(case: ConversationState, configuration: WorkspaceConfiguration | None, now: datetime) -> datetime:
    """When an invitation expires: after `handoff_seconds` of the account, else of the team or the workspace."""
    account = account_of(configuration, case.channel, case.account)
    seconds = account.settings.get("handoff_seconds") if account else None
    # A bool is an int in Python, and no number of seconds.
    is_valid = isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0
    general = settings_of(configuration, case.team).handoff_seconds
    return now + timedelta(seconds=float(str(seconds)) if is_valid else general)


def started(
    case: ConversationState, reason: str, method: HandoffMethod | None, channel: str | None, now: datetime
) -> ConversationState:
    """The conversation after the customer was invited to a private place, on this channel by this method."""
    # Who followed the link of an invitation that expired is still there, and may be confirmed.
    followers = case.handoff.unconfirmed if case.handoff else []
    begun = Handoff(
        state="started",
        started_at=now,
        private_channel=channel,
        reason=reason,
        method=method,
        unconfirmed=followers,
    )
    return replace(case, handoff=begun, sensitive=True, updated_at=now)


def completed(case: ConversationState, person: PersonKey, address: Address, now: datetime) -> ConversationState:
    """The conversation in private: the customer is answered at `address`, which names its channel, from here on."""
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
    """The address of a visitor of a web chat."""
    channel, account, visitor = person.person.split(":", 2)
    return Address(chat=visitor, channel=channel, account=account)


def private_address(activity: Activity) -> Address | None:
    """The address of a private activity, with its channel and account: they may differ from the conversation's."""
    if activity.address is None:
        return None
    return activity.address.model_copy(update={"channel": activity.channel, "account": activity.account})


def expired(case: ConversationState, now: datetime) -> ConversationState | None:
    """The conversation after its invitation expired; None when no invitation is open."""
    if case.handoff is None or case.handoff.state != "started":
        return None
    return replace(case, handoff=case.handoff.model_copy(update={"state": "expired"}), updated_at=now)


def escalated(priority: Priority) -> Priority:
    """The next higher priority; urgent stays urgent."""
    return PRIORITIES[max(0, PRIORITIES.index(priority) - 1)]


def cleared(case: ConversationState, now: datetime) -> ConversationState | None:
    """The conversation that may be answered in public again; an open private side stays. None: it already may be."""
    is_moving = case.handoff is not None and case.handoff.state != "completed"
    if not (case.sensitive or is_moving):
        return None
    after = case.handoff
    if case.handoff is not None and is_moving:
        # Whom a private reply reached stays the person of the private side, and may answer it; so may who is asked in public.
        is_reached = case.private_person is not None or case.private_reply is not None
        is_asked = case.handoff.method == "invitation"
        after = case.handoff.model_copy(update={"state": "expired"}) if is_reached or is_asked else None
    return replace(case, sensitive=False, handoff=after, updated_at=now)


def is_private_side(case: ConversationState, person: PersonKey) -> bool:
    """Whether this person is known to be the customer of the conversation in private, and continues it."""
    return case.private_person == person and not is_closed(case.status)


def may_claim(case: ConversationState, person: PersonKey) -> bool:
    """Whether a person who followed the link may still be confirmed as the customer: one of the same workspace."""
    is_open = case.handoff is not None and case.handoff.state != "completed" and not is_closed(case.status)
    return is_open and case.workspace == person.workspace and case.private_person is None and case.key != str(person)


def unconfirmed(case: ConversationState, person: PersonKey) -> UnconfirmedPerson | None:
    """The entry of a person who followed the link and is not confirmed yet; None without one."""
    followers = case.handoff.unconfirmed if case.handoff else []
    return next((follower for follower in followers if follower.person == person), None)


def claimed(case: ConversationState, claim: UnconfirmedPerson, now: datetime) -> ConversationState:
    """The conversation with one more person who followed its link."""
    handoff = case.handoff or Handoff(state="started", started_at=now, reason="sensitive")
    # The latest stay, so that a crowd cannot shut the customer out: who was dropped may follow the link again.
    followers = [*handoff.unconfirmed, claim][-MAX_UNCONFIRMED:]
    return replace(case, handoff=handoff.model_copy(update={"unconfirmed": followers}), updated_at=now)


def is_invited(case: ConversationState, person: PersonKey) -> bool:
    """Whether a private message of this person, the customer in public, completes the hand-off without a token.

    They were asked for it on a platform that says who writes in both places, and nobody else has the private side.
    """
    if case.handoff is None or case.handoff.state == "completed" or is_closed(case.status):
        return False
    by_message = case.handoff.method in {"private_reply", "invitation"}
    return by_message and case.key == str(person) and case.private_person in {None, person}


def reached(case: ConversationState, person: PersonKey | None, now: datetime) -> ConversationState:
    """The conversation after its private reply was sent. `person` is whom it reached, where the platform says so."""
    attempt = case.private_reply
    posts = [*case.private_replies, attempt.post][-MAX_PRIVATE_REPLIES:] if attempt else case.private_replies
    return replace(
        case,
        private_reply=None,
        private_replies=posts,
        private_person=person or case.private_person,
        updated_at=now,
    )
