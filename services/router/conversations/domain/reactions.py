"""The reactions to a message: at most one of each author, whose newest counts. Pure."""

from collections.abc import Sequence

from schemas.activity import Activity
from schemas.conversation import Author, AuthorKind, MessageReaction
from schemas.values import Json
from services.router.conversations.domain.activities import happened_at

MAX_REACTIONS = 200
"""How many reactions to one message are stored: the latest of them."""
MAX_EMOJI = 64
AUTHORS: dict[str, AuthorKind] = {"customer": "customer", "account": "account", "bot": "bot"}


def reaction_of(activity: Activity) -> MessageReaction | None:
    """The reaction that an activity reports; None: it reports none."""
    emoji, removed = _reported(activity)
    if emoji is None and removed is None:
        return None
    is_customer = activity.author == "customer"
    author = Author(
        kind=AUTHORS[activity.author],
        id=activity.person if is_customer else None,
        name=activity.person_name if is_customer else activity.author_name,
    )
    return MessageReaction(
        author=author,
        emoji=emoji[:MAX_EMOJI] if emoji and not removed else None,
        removed=bool(removed),
        at=happened_at(activity),
    )


def _reported(activity: Activity) -> tuple[str | None, bool | None]:
    if activity.reaction is not None:
        return activity.reaction.emoji, activity.reaction.removed
    # Earlier versions wrote into `details` what the person's reactions are now, or what was added and removed.
    added = _first(activity.details.get("now")) or _first(activity.details.get("added"))
    return (added, False) if added else (None, True if activity.details.get("removed") else None)


def _first(value: Json) -> str | None:
    return next((item for item in value if isinstance(item, str)), None) if isinstance(value, list) else None


def reacted(reactions: Sequence[MessageReaction], reaction: MessageReaction) -> list[MessageReaction] | None:
    """The reactions after one more; None when it changes none: its author's is as new, or the same."""
    # One that was taken back stays as a trace, so that an earlier one of its author changes nothing when it arrives later.
    same = of_author(reactions, reaction.author)
    # Platforms give whole seconds: of two within one second, the later to arrive is the newer.
    if same is not None and same.at > reaction.at:
        return None
    return [*(known for known in reactions if known is not same), reaction][-MAX_REACTIONS:]


def of_author(reactions: Sequence[MessageReaction], author: Author) -> MessageReaction | None:
    """The reaction of this author, also one that was taken back; None without one."""
    return next((r for r in reactions if (r.author.kind, r.author.id) == (author.kind, author.id)), None)
