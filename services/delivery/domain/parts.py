"""A message that the platform does not take as one goes out in parts: one message, several sends, one after the other. Pure."""

from schemas.outbound import OutboundAttachment, OutboundMessage
from schemas.values import Failure


def part_of(message: OutboundMessage, part: int) -> OutboundMessage:
    """What the send number `part` (from 0) of a message sends. Its id is the idempotency key of this send alone."""
    if not message.parts:
        return message
    is_first, address = part == 0, message.address
    # In private, where nothing else stands between them, the first alone quotes the message that is answered. In public the
    # quoted post is where an answer stands.
    if not is_first and message.surface == "private":
        address = address.model_copy(update={"reply_to": None})
    return message.model_copy(
        update={
            "id": message.id if is_first else f"{message.id}.{part + 1}",
            "text": message.parts[part],
            "parts": [],
            "in_reply_to": message.in_reply_to if is_first else None,
            "address": address,
            "attachments": _files_of(message, part),
        }
    )


def _files_of(message: OutboundMessage, part: int) -> list[OutboundAttachment]:
    if not message.files_apart:
        has_files = part == 0 if message.files_first else is_last_part(message, part)
        return message.attachments if has_files else []
    first = len(message.parts) - len(message.attachments)
    return message.attachments[part - first : part - first + 1] if part >= first else []


def is_last_part(message: OutboundMessage, part: int) -> bool:
    """Whether the message is complete once its send number `part` (from 0) is."""
    return part + 1 >= len(message.parts)


def incomplete(failure: Failure, sent: int, parts: int) -> Failure:
    """The failure of a message of which `sent` parts reached the platform before one failed."""
    if not sent:
        return failure
    return failure.model_copy(update={"params": {**failure.params, "parts_sent": sent, "parts": parts}})
