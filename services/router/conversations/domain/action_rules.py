"""Why an agent's action on a message is refused, as the problem that REST answers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.activity import AttachmentKind
from schemas.channel import ActionKind, Capabilities
from schemas.commands import PerformAction
from schemas.conversation import Author, Direction, MessageState
from schemas.values import Problem, Surface
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_closed
from services.domain.outgoing_files import caption_limit
from services.router.conversations.domain import handoff
from services.router.conversations.domain.command_phrases import refused
from services.router.conversations.domain.plans import channel_of
from services.router.conversations.domain.refusals import (
    CLOSED,
    SENSITIVE,
    refuse_finished,
    refuse_other_agent,
    refuse_secret,
    refuse_without_address,
)
from services.router.conversations.domain.transitions import is_to_be_taken
from services.text.text_length import text_length

OF_CUSTOMERS: frozenset[ActionKind] = frozenset({"hide", "unhide", "seen"})
"""Actions on what the customer wrote."""
OF_OURS: frozenset[ActionKind] = frozenset({"edit", "delete"})
"""Actions on what our side sent."""
MODERATION: frozenset[ActionKind] = frozenset({"hide", "unhide", "delete"})
"""Actions that any agent may take: what should not be read in public need not wait for an assignee."""
NOT_POSSIBLE = "Not possible for this message"
NO_MESSAGE = refused(404, "Not found", "no_message")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionTarget:
    """The message of an action, as far as the rules need it."""

    direction: Direction
    surface: Surface
    state: MessageState
    author: Author
    text: str = ""
    files: Sequence[AttachmentKind] = ()


def surface_of(case: ConversationState, target: ActionTarget | None) -> Surface:
    """The side of the conversation of an action: of its message, else where the customer wrote last."""
    return target.surface if target else case.last_surface


def refuse_action(
    case: ConversationState,
    command: PerformAction,
    target: ActionTarget | None,
    capabilities: Capabilities | None,
) -> Problem | None:
    """Refuse an action that the channel, the message or the state of the conversation does not allow.

    `capabilities` are those of the account on the message's side of the conversation; None: no such channel.
    """
    if is_closed(case.status):
        return refused(409, CLOSED, "conversation_closed")
    surface = surface_of(case, target)
    if target is None and command.kind != "typing":
        return NO_MESSAGE
    return (
        _refuse_kind(case, command.kind, surface, capabilities)
        or (_refuse_target(command.kind, target) if target else None)
        or _refuse_agent(case, command, target)
        or (_refuse_edit(case, command, surface, capabilities, target) if command.kind == "edit" and target else None)
    )


def refuse_call(case: ConversationState, agent: str, capabilities: Capabilities | None) -> Problem | None:
    """Refuse a call of an agent to the customer: the channel makes none, one of both has no telephone, or they talk already."""
    channel, account = channel_of(case, case.addresses.get("private"))
    if capabilities is None or "call" not in capabilities.actions:
        actions = ", ".join(capabilities.actions) if capabilities else ""
        reason = "not_on_channel" if actions else "no_actions_on_channel"
        return refused(409, "Not possible on this channel", reason, channel=channel, actions=actions)
    problem = refuse_finished(case) or (None if is_to_be_taken(case) else refuse_other_agent(case, agent))
    if problem is not None:
        return problem
    if agent not in capabilities.callers:
        return refused(409, "No telephone", "no_telephone", agent=agent, account=f"{channel}/{account}")
    if "private" not in case.addresses:
        return refused(409, "No number", "no_number")
    return refused(409, "Call in progress", "call_in_progress") if case.active_call is not None else None


def _refuse_kind(
    case: ConversationState, kind: ActionKind, surface: Surface, known: Capabilities | None
) -> Problem | None:
    if surface not in case.addresses:
        return refuse_without_address(surface)
    if known is None or kind in known.actions_on(surface):
        return None
    channel, _ = channel_of(case, case.addresses[surface])
    possible, title = ", ".join(known.actions_on(surface)), "Not possible on this channel"
    if not possible:
        return refused(409, title, "no_actions_on_channel", channel=channel)
    return refused(409, title, "not_on_channel", channel=channel, actions=possible)


def _refuse_target(kind: ActionKind, target: ActionTarget) -> Problem | None:
    reason = None
    if target.direction == "note":
        reason = "is_note"
    elif target.state in {"deleted", "failed"}:
        reason = f"is_{target.state}"
    elif kind in OF_OURS and target.direction != "outbound":
        reason = "only_ours"
    elif kind in OF_CUSTOMERS and target.direction != "inbound":
        reason = "only_customers"
    elif kind in {"hide", "unhide"} and target.surface != "public":
        reason = "only_public"
    return refused(409, NOT_POSSIBLE, reason) if reason else None


def _refuse_agent(case: ConversationState, command: PerformAction, target: ActionTarget | None) -> Problem | None:
    is_author = target is not None and target.author.kind == "agent" and target.author.id == command.agent
    return None if command.kind in MODERATION or is_author else refuse_other_agent(case, command.agent)


def _refuse_edit(
    case: ConversationState,
    command: PerformAction,
    surface: Surface,
    known: Capabilities | None,
    target: ActionTarget,
) -> Problem | None:
    problem = _refuse_in_public(case, command) if surface == "public" else None
    stated = known.text_limit(surface) if known else None
    if problem is not None or known is None or stated is None:
        return problem
    # An edit changes one message, so it is never split.
    caption = caption_limit(target.files, known)
    limit = stated.limit if caption is None else min(stated.limit, caption)
    if text_length(target.text, stated.unit) > limit:
        return refused(409, NOT_POSSIBLE, "edit_of_several")
    length = text_length(command.text.text if command.text else "", stated.unit)
    if length <= limit:
        return None
    channel, _ = channel_of(case, case.addresses[surface])
    return refused(422, "Text too long", "edit_too_long", "/text", channel=channel, limit=limit, length=length)


def _refuse_in_public(case: ConversationState, command: PerformAction) -> Problem | None:
    """Why a new text must not be read by others."""
    if command.sensitive_kinds and command.confirmed_by is None:
        return refuse_secret(command.sensitive_kinds)
    return refused(409, SENSITIVE, "delete_instead") if handoff.is_private_only(case) else None
