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
from services.channels.meta.entry import EntryContext
from services.channels.meta.webhook import instant, sorted_json
from services.channels.port import NOBODY


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


def added(entry: EntryContext, publication: Publication) -> Activity:
    """It was published: a message of a customer, or an echo of what our side wrote."""
    is_answer = publication.id != publication.place
    answered = [entry.scope.message_id(publication.parent or publication.place)] if is_answer else []
    return _activity(
        entry,
        "echo" if publication.author.is_own else "message",
        publication,
        entry.scope.activity_id("publication", publication.id),
        **_content(publication),
        sent_at=publication.written_at,
        replies_to=answered,
        identities=_identities(publication.author),
        author_name=publication.author.name if publication.author.is_own else None,
    )


def edited(entry: EntryContext, publication: Publication) -> Activity:
    """Its author changed it."""
    # Edits of one second are told apart by what they say.
    identity = entry.scope.activity_id(
        "publication", publication.id, "edit", _time(entry, publication), entry.content_id(publication.text or "")
    )
    return _activity(
        entry,
        "edit",
        publication,
        identity,
        **_content(publication),
        sent_at=_at(entry, publication),
        original_sent_at=publication.written_at,
    )


def removed(entry: EntryContext, publication: Publication) -> Activity:
    """Its author or the Page deleted it."""
    identity = entry.scope.activity_id("publication", publication.id, "remove")
    return _activity(entry, "deletion", publication, identity, sent_at=_at(entry, publication))


def hidden(entry: EntryContext, publication: Publication) -> Activity:
    """Somebody of the Page hid it from others, in Facebook or through us."""
    identity = entry.scope.activity_id("publication", publication.id, "hide", _time(entry, publication))
    return _activity(entry, "visibility", publication, identity, sent_at=_at(entry, publication), hidden=True)


def shown(entry: EntryContext, publication: Publication) -> Activity:
    """Somebody of the Page showed it again."""
    identity = entry.scope.activity_id("publication", publication.id, "unhide", _time(entry, publication))
    return _activity(entry, "visibility", publication, identity, sent_at=_at(entry, publication), hidden=False)


def reacted(entry: EntryContext, publication: Publication, reaction: Reaction) -> Activity:
    """Somebody reacted to it, or took a reaction back. `publication.author` is who reacted."""
    states = (
        publication.author.id or NOBODY,
        "" if reaction.removed else reaction.emoji or "?",
        _time(entry, publication),
    )
    identity = entry.scope.activity_id("publication", publication.id, "reaction", *states)
    return _activity(entry, "reaction", publication, identity, sent_at=_at(entry, publication), reaction=reaction)


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
    """An activity with the type of a change and the ids in it; never what it says."""
    identity = entry.scope.activity_id("unknown", raw, entry.content_id(sorted_json(value)))
    about = drop_none(raw=raw, **details)
    return entry.scope.activity(
        identity, "unknown", None, entry.received_at, surface="public", sent_at=entry.entry_at, details=about
    )


def happened_at(entry: EntryContext, stated: Json) -> datetime | None:
    """The time that a change states, in any unit; else that of its entry."""
    return instant(stated) or entry.entry_at


def _at(entry: EntryContext, publication: Publication) -> datetime | None:
    """When a publication changed. Some changes state the time of the publication: then that of the entry is later."""
    return max(filter(None, (publication.written_at, entry.entry_at)), default=None)


def _time(entry: EntryContext, publication: Publication) -> str:
    at = _at(entry, publication)
    return str(int(at.timestamp() * 1000)) if at else ""


def _content(publication: Publication) -> dict[str, Any]:  # Any: fields of Activity
    address = Address(chat=publication.place, reply_to=publication.id, via=publication.via)
    return {
        "text": EncryptedText(text=publication.text) if publication.text else None,
        "attachments": publication.attachments,
        "links": publication.links,
        "review": publication.review,
        "address": address if publication.can_be_answered else None,
    }


def _activity(
    entry: EntryContext, kind: ActivityKind, publication: Publication, identity: str, **fields: Any
) -> Activity:  # Any: further fields of Activity
    """An activity about a publication; `identity` is its id."""
    # Each author who is not named is another person: nobody is to read the answer to somebody else.
    external = publication.author.id or publication.id
    return entry.scope.activity(
        identity,
        kind,
        external,
        entry.received_at,
        author="account" if publication.author.is_own else "customer",
        surface="public",
        person_name=publication.author.name or publication.author.username,
        thread=publication.place,
        message=entry.scope.message_id(publication.id),
        platform_id=publication.id,
        context=PostContext(post=publication.place, parent=publication.parent, permalink=publication.permalink),
        details=publication.details,
        **fields,
    )


def _identities(author: PublicAuthor) -> list[PersonIdentity]:
    if author.username is None or author.is_own:
        return []
    return [PersonIdentity(kind="username", value=author.username, proven=True)]
