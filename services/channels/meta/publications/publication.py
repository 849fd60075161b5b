"""What somebody published at a Page or an Instagram account, and the activity that each thing done to it becomes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.activity import (
    Activity,
    ActivityKind,
    Address,
    Attachment,
    PersonIdentity,
    PostContext,
    Reaction,
    Review,
)
from schemas.values import EncryptedText, Json
from services.channels.json_access import drop_none
from services.channels.meta.entry import NOBODY, EntryContext
from services.channels.meta.webhook import instant, sorted_json


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicAuthor:
    """Who did something. `is_own`: the Page or the account itself, which means a person of ours, or we."""

    id: str | None = None
    name: str | None = None
    username: str | None = None
    is_own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A post, comment or recommendation as one change shows it.

    `id` is the platform's; `place` the root post, under which it stands and which may be itself; `parent` the comment above
    it, None below the post. `written_at` is the time that the platform states: of the publication, or of the change. `via`
    says how it is answered, where that is not by a comment on it. `review` belongs to a recommendation.
    `can_be_answered`: the platform gave it an id of its own.
    """

    id: str
    place: str
    parent: str | None = None
    author: PublicAuthor
    text: str | None = None
    attachments: list[Attachment] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    written_at: datetime | None = None
    permalink: str | None = None
    via: str | None = None
    review: Review | None = None
    can_be_answered: bool = True
    details: dict[str, Json] = field(default_factory=dict)


Change = Callable[[EntryContext, Publication], Activity]


def added(entry: EntryContext, said: Publication) -> Activity:
    """It was published: a message of a customer, or an echo of what our side wrote."""
    scope = entry.scope
    return _activity(
        entry,
        "echo" if said.author.is_own else "message",
        said,
        entry.scope.activity_id("publication", said.id),
        **_content(said),
        sent_at=said.written_at,
        replies_to=[scope.message_id(said.parent or said.place)] if said.id != said.place else [],
        identities=_identities(said.author),
        author_name=said.author.name if said.author.is_own else None,
    )


def edited(entry: EntryContext, said: Publication) -> Activity:
    """Its author changed it."""
    # Edits of one second are told apart by what they say.
    identity = entry.scope.activity_id(
        "publication", said.id, "edit", _time(entry, said), entry.content_id(said.text or "")
    )
    original = said.written_at
    return _activity(
        entry, "edit", said, identity, **_content(said), sent_at=_at(entry, said), original_sent_at=original
    )


def removed(entry: EntryContext, said: Publication) -> Activity:
    """Its author or the Page deleted it."""
    identity = entry.scope.activity_id("publication", said.id, "remove")
    return _activity(entry, "deletion", said, identity, sent_at=_at(entry, said))


def hidden(entry: EntryContext, said: Publication) -> Activity:
    """Somebody of the Page hid it from others, in Facebook or through us."""
    identity = entry.scope.activity_id("publication", said.id, "hide", _time(entry, said))
    return _activity(entry, "visibility", said, identity, sent_at=_at(entry, said), hidden=True)


def shown(entry: EntryContext, said: Publication) -> Activity:
    """Somebody of the Page showed it again."""
    identity = entry.scope.activity_id("publication", said.id, "unhide", _time(entry, said))
    return _activity(entry, "visibility", said, identity, sent_at=_at(entry, said), hidden=False)


def reacted(entry: EntryContext, said: Publication, reaction: Reaction) -> Activity:
    """Somebody reacted to it, or took a reaction back. `said.author` is who reacted."""
    states = (said.author.id or NOBODY, "" if reaction.removed else reaction.emoji or "?", _time(entry, said))
    identity = entry.scope.activity_id("publication", said.id, "reaction", *states)
    return _activity(entry, "reaction", said, identity, sent_at=_at(entry, said), reaction=reaction)


VERBS: Mapping[str, Change] = {
    "add": added,
    "edited": edited,
    "edit": edited,
    "remove": removed,
    "delete": removed,
    "hide": hidden,
    "unhide": shown,
}
"""What Meta calls a change of a publication → the activity that it becomes."""


def unknown(entry: EntryContext, raw: str, value: Json, **details: Json) -> Activity:
    """An activity that tells the type of a change, and the ids in it; never what it says."""
    identity = entry.scope.activity_id("unknown", raw, entry.content_id(sorted_json(value)))
    about = drop_none(raw=raw, **details)
    return entry.scope.activity(
        identity, "unknown", None, entry.received_at, surface="public", sent_at=entry.entry_at, details=about
    )


def happened_at(entry: EntryContext, stated: Json) -> datetime | None:
    """The time that a change states, in any unit; else that of its entry."""
    return instant(stated) or entry.entry_at


def _at(entry: EntryContext, said: Publication) -> datetime | None:
    """When a publication changed. Some changes state the time of the publication: then that of the entry is later."""
    return max(filter(None, (said.written_at, entry.entry_at)), default=None)


def _time(entry: EntryContext, said: Publication) -> str:
    at = _at(entry, said)
    return str(int(at.timestamp() * 1000)) if at else ""


def _content(said: Publication) -> dict[str, Any]:
    return {
        "text": EncryptedText(text=said.text) if said.text else None,
        "attachments": said.attachments,
        "links": said.links,
        "review": said.review,
        "address": Address(chat=said.place, reply_to=said.id, via=said.via) if said.can_be_answered else None,
    }


def _activity(entry: EntryContext, kind: ActivityKind, said: Publication, identity: str, **fields: Any) -> Activity:
    """An activity about a publication; `identity` is its id."""
    # Each author who is not named is another person: nobody is to read the answer to somebody else.
    external = said.author.id or said.id
    return entry.scope.activity(
        identity,
        kind,
        external,
        entry.received_at,
        author="account" if said.author.is_own else "customer",
        surface="public",
        person_name=said.author.name or said.author.username,
        thread=said.place,
        message=entry.scope.message_id(said.id),
        platform_id=said.id,
        context=PostContext(post=said.place, parent=said.parent, permalink=said.permalink),
        details=said.details,
        **fields,
    )


def _identities(author: PublicAuthor) -> list[PersonIdentity]:
    if author.username is None or author.is_own:
        return []
    return [PersonIdentity(kind="username", value=author.username, proven=True)]
