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
from services.router.conversations.domain.plans import channel_of
from services.text.text_length import text_length

OF_CUSTOMERS: frozenset[ActionKind] = frozenset({"hide", "unhide", "seen"})
"""Actions on what the customer wrote."""
OF_OURS: frozenset[ActionKind] = frozenset({"edit", "delete"})
"""Actions on what our side sent."""
MODERATION: frozenset[ActionKind] = frozenset({"hide", "unhide", "delete"})
"""Actions that any agent may take: what should not be read in public need not wait for an assignee."""
NO_MESSAGE = Problem(status=404, title="Not found", detail="There is no such message in this conversation.")


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
        return Problem(status=409, title="Conversation is closed", detail="The conversation is closed for good.")
    surface = surface_of(case, target)
    if target is None and command.kind != "typing":
        return NO_MESSAGE
    return (
        _refuse_kind(case, command.kind, surface, capabilities)
        or (_refuse_target(command.kind, target) if target else None)
        or _refuse_agent(case, command, target)
        or (_refuse_edit(case, command, surface, capabilities, target) if command.kind == "edit" and target else None)
    )


def _refuse_kind(
    case: ConversationState, kind: ActionKind, surface: Surface, known: Capabilities | None
) -> Problem | None:
    if surface not in case.addresses:
        detail = f"The customer has not written on the {surface} side of this channel, so it has no address there."
        return Problem(status=409, title="No address on that surface", detail=detail)
    if known is None or kind in known.actions_on(surface):
        return None
    channel, _ = channel_of(case, case.addresses[surface])
    possible = ", ".join(known.actions_on(surface)) or "none"
    detail = f"{channel} cannot {kind} {surface} messages. Its actions: {possible}."
    return Problem(status=409, title="Not possible on this channel", detail=detail)


def _refuse_target(kind: ActionKind, target: ActionTarget) -> Problem | None:
    detail = None
    if target.direction == "note":
        detail = "A note is no message of the platform."
    elif target.state in {"deleted", "failed"}:
        detail = f"The message is {target.state}."
    elif kind in OF_OURS and target.direction != "outbound":
        detail = f"Only our own messages can be {kind}d this way; this one is the customer's."
    elif kind in OF_CUSTOMERS and target.direction != "inbound":
        detail = "This is for messages of customers; this one is our own."
    elif kind in {"hide", "unhide"} and target.surface != "public":
        detail = "Only public messages can be hidden: nobody else reads this one."
    return Problem(status=409, title="Not possible for this message", detail=detail) if detail else None


def _refuse_agent(case: ConversationState, command: PerformAction, target: ActionTarget | None) -> Problem | None:
    is_author = target is not None and target.author.kind == "agent" and target.author.id == command.agent
    if command.kind in MODERATION or is_author or case.agent == command.agent:
        return None
    assignee = f"It is with {case.agent}" if case.agent else "It has no agent"
    detail = (
        f"{command.agent} is not the assignee. {assignee}; only the assignee, or the author of a message, can do this."
    )
    return Problem(status=409, title="Not the assignee", detail=detail)


def _refuse_edit(
    case: ConversationState,
    command: PerformAction,
    surface: Surface,
    known: Capabilities | None,
    target: ActionTarget,
) -> Problem | None:
    refused = _refuse_in_public(case, command) if surface == "public" else None
    stated = known.text_limit(surface) if known else None
    if refused is not None or known is None or stated is None:
        return refused
    # An edit changes one message, so it is never split.
    caption = caption_limit(target.files, known)
    limit = stated.limit if caption is None else min(stated.limit, caption)
    if text_length(target.text, stated.unit) > limit:
        detail = "The platform has it in several messages, of which an edit changes one. Delete it, and write it again."
        return Problem(status=409, title="Not possible for this message", detail=detail)
    length = text_length(command.text.text if command.text else "", stated.unit)
    if length <= limit:
        return None
    channel, _ = channel_of(case, case.addresses[surface])
    detail = f"{channel} takes at most {limit} characters in one message; this counts {length}."
    return Problem(status=422, title="Text too long", detail=detail, pointer="/text")


def _refuse_in_public(case: ConversationState, command: PerformAction) -> Problem | None:
    """Why a new text must not be read by others."""
    if command.sensitive_kinds and command.confirmed_by is None:
        kinds = ", ".join(command.sensitive_kinds)
        detail = f"A public message must not hold a secret ({kinds}). Write it without, or in private."
        return Problem(status=409, title="Secret in a public reply", detail=detail)
    if handoff.is_private_only(case):
        detail = "The case is sensitive: delete the message, or answer on the private surface."
        return Problem(status=409, title="Public reply to a sensitive case", detail=detail)
    return None
