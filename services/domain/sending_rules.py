"""Whether a message of ours may go out, by what its channel can do: windows, first contact, consent, length. Pure.

A channel states these as data (`schemas.channel.Capabilities`) and decides nothing. `refusal_phrases` has the sentences.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Literal

from schemas.channel import Capabilities, TextLimit, TextUnit, Window
from schemas.values import Surface
from services.domain.conversation_state import Contact
from services.domain.windows import closes_at, open_window
from services.text.splitting import split_text
from services.text.text_length import text_length

MAX_PARTS = 10
"""Into how many messages a text may be split. A longer one is refused: nobody reads it, and each message has its price."""

Reason = Literal[
    "window_closed",
    "window_closed_use_template",
    "template_required",
    "customer_must_write_first",
    "customer_blocked",
    "opted_out",
    "opted_out_of_marketing",
    "automatic",
    "automatic_again",
    "no_templates",
    "private_reply_used",
    "private_reply_too_late",
    "answer_stands",
    "text_too_long",
]


@dataclass(frozen=True, slots=True)
class AnsweredPost:
    """The public post that a message answers in private: the time of it, and whether it has had its private reply."""

    at: datetime
    has_reply: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message of ours before it is accepted. `is_automatic`: no person wrote it. `is_first`: it answers nothing.

    `has_answer`: an answer of ours stands below the public post, and its author waits for no other. `post` is set where it answers
    a public post in private. `caption_limit` is the longest text beside its files; None: it has
    no files, or the channel states no such limit.
    """

    surface: Surface
    text: str
    has_template: bool = False
    is_automatic: bool = False
    is_first: bool = False
    has_answer: bool = False
    post: AnsweredPost | None = None
    caption_limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """What is known of the customer on the account that writes to them. `wrote_at`: their last private message.

    `is_known`: they have been in touch with the account. `opted_out_at`: when they asked for no more messages.
    `automatic_at`: when a message that no person wrote last went to them, if they have written since and the channel limits these.
    """

    is_known: bool = True
    wrote_at: datetime | None = None
    is_blocked: bool = False
    opted_out_at: datetime | None = None
    automatic_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """The message may go out, in `parts` where it is too long for one (empty: it is not).

    `windows` are those that are still open, the narrowest first; empty: it may go out at any time.
    """

    parts: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The message may not go out. The other fields are what the sentence of the reason needs."""

    reason: Reason
    span: timedelta | None = None
    at: datetime | None = None
    length: int = 0
    limit: int = 0
    unit: TextUnit = "code_points"


def recipient_for(contact: Contact | None, wrote_at: datetime | None) -> Recipient:
    """Whom a message reaches, by what is known of them; `contact` None: nothing is."""
    if contact is None:
        return Recipient(wrote_at=wrote_at)
    opted_out_at = contact.consent_at if contact.consent == "opted_out" else None
    return Recipient(wrote_at=wrote_at, is_blocked=contact.blocked, opted_out_at=opted_out_at)


Rule = Callable[[Draft, Recipient, Capabilities, datetime], Refused | None]


def judge(draft: Draft, recipient: Recipient, capabilities: Capabilities, now: datetime) -> Allowed | Refused:
    """Whether a message may go out at `now`; the first rule that refuses it decides."""
    refused = refusal(draft, recipient, capabilities, now)
    if refused is not None:
        return refused
    parts = _parts(draft, capabilities.text_limit(draft.surface))
    if isinstance(parts, Refused):
        return parts
    return Allowed(parts, open_windows(draft, recipient, capabilities, now))


def refusal(draft: Draft, recipient: Recipient, capabilities: Capabilities, now: datetime) -> Refused | None:
    """Why a message may not go out at `now`, whatever its length; the first rule that refuses it decides."""
    refusals = (rule(draft, recipient, capabilities, now) for rule in RULES)
    return next((refused for refused in refusals if refused is not None), None)


def open_windows(draft: Draft, recipient: Recipient, capabilities: Capabilities, now: datetime) -> tuple[Window, ...]:
    """The windows that a message may use and that are open at `now`, the narrowest first; empty: it needs none."""
    wrote_at = recipient.wrote_at
    if wrote_at is None or not _needs_window(draft, capabilities):
        return ()
    return tuple(window for window in _usable(draft, capabilities) if now < closes_at(window, wrote_at))


def _refuse_template(draft: Draft, recipient: Recipient, capabilities: Capabilities, now: datetime) -> Refused | None:
    is_possible = capabilities.templates and draft.surface == "private"
    return Refused(reason="no_templates") if draft.has_template and not is_possible else None


def _refuse_automatic(draft: Draft, recipient: Recipient, capabilities: Capabilities, now: datetime) -> Refused | None:
    # `approved` counts as no until the account says that it has the approval: then its own capabilities say `yes`.
    return Refused(reason="automatic") if draft.is_automatic and capabilities.automated != "yes" else None


def _refuse_automatic_again(
    draft: Draft, recipient: Recipient, capabilities: Capabilities, now: datetime
) -> Refused | None:
    """Two machines that answer each other never end; a second message that answers nothing is no such thing."""
    last, seconds = recipient.automatic_at, capabilities.automatic_answer_seconds
    if not draft.is_automatic or last is None or seconds is None:
        return None
    span = timedelta(seconds=seconds)
    return Refused(reason="automatic_again", at=last + span) if now < last + span else None


def _refuse_unwanted(draft: Draft, recipient: Recipient, capabilities: Capabilities, now: datetime) -> Refused | None:
    if draft.surface == "public":
        return None
    if recipient.is_blocked:
        return Refused(reason="customer_blocked")
    opted_out_at, is_marketing = recipient.opted_out_at, capabilities.opt_out == "marketing"
    if opted_out_at is None:
        return None
    # Whoever writes after having opted out wants an answer, and nothing else. Marketing is no answer.
    wants_answer = is_marketing or (recipient.wrote_at is not None and recipient.wrote_at > opted_out_at)
    if wants_answer and not draft.is_first and not draft.has_template:
        return None
    return Refused(reason="opted_out_of_marketing" if is_marketing else "opted_out", at=opted_out_at)


def _refuse_first(draft: Draft, recipient: Recipient, capabilities: Capabilities, now: datetime) -> Refused | None:
    if recipient.is_known or capabilities.first_contact == "always":
        return None
    if capabilities.first_contact == "never":
        return Refused(reason="customer_must_write_first")
    return None if draft.has_template else Refused(reason="template_required")


def _refuse_private_reply(
    draft: Draft, recipient: Recipient, capabilities: Capabilities, now: datetime
) -> Refused | None:
    stated = capabilities.private_reply
    if draft.post is None or stated is None:
        return None
    if stated.once and draft.post.has_reply:
        return Refused(reason="private_reply_used")
    span = timedelta(seconds=stated.seconds) if stated.seconds is not None else None
    is_late = span is not None and now - draft.post.at >= span
    return Refused(reason="private_reply_too_late", span=span, at=draft.post.at + span) if span and is_late else None


def _refuse_second_answer(
    draft: Draft, recipient: Recipient, capabilities: Capabilities, now: datetime
) -> Refused | None:
    is_second = capabilities.single_answer and draft.surface == "public" and draft.has_answer
    return Refused(reason="answer_stands") if is_second else None


def _refuse_late(draft: Draft, recipient: Recipient, capabilities: Capabilities, now: datetime) -> Refused | None:
    if not _needs_window(draft, capabilities):
        return None
    usable = _usable(draft, capabilities)
    if recipient.wrote_at is None:
        return Refused(reason="template_required" if capabilities.templates else "customer_must_write_first")
    if open_window(usable, recipient.wrote_at, now) is not None:
        return None
    # No window is left to a message that no person wrote: it counts as if the narrowest of all had closed.
    widest = (usable or capabilities.windows[:1])[-1]
    reason: Reason = "window_closed_use_template" if capabilities.templates else "window_closed"
    return Refused(reason=reason, span=timedelta(seconds=widest.seconds), at=closes_at(widest, recipient.wrote_at))


RULES: tuple[Rule, ...] = (
    _refuse_template,
    _refuse_automatic,
    _refuse_automatic_again,
    _refuse_unwanted,
    _refuse_first,
    _refuse_private_reply,
    _refuse_second_answer,
    _refuse_late,
)


def _needs_window(draft: Draft, capabilities: Capabilities) -> bool:
    needs_none = draft.has_template or draft.post is not None
    return bool(capabilities.windows) and draft.surface == "private" and not needs_none


def _usable(draft: Draft, capabilities: Capabilities) -> Sequence[Window]:
    return [window for window in capabilities.windows if not (draft.is_automatic and window.people_only)]


def _parts(draft: Draft, stated: TextLimit | None) -> tuple[str, ...] | Refused:
    """The parts of a text that is too long for one message; empty for one that fits. Files go with the first part."""
    # The platform words the text of a template; what is here is for agents to read.
    if stated is None or draft.has_template:
        return ()
    length = text_length(draft.text, stated.unit)
    first = stated.limit if draft.caption_limit is None else min(stated.limit, draft.caption_limit)
    if length <= first:
        return ()
    most = _most_parts(draft, length, stated)
    parts = tuple(islice(_cut(draft.text.strip(), first, stated), most + 1)) if most > 1 else ()
    if 0 < len(parts) <= most:
        return parts
    if draft.is_automatic and not stated.splits:
        # Nobody is there to shorten it: the platform cuts or refuses it.
        return ()
    limit = stated.limit * (most if stated.splits else 1)
    return Refused(reason="text_too_long", length=length, limit=limit, unit=stated.unit)


def _most_parts(draft: Draft, length: int, stated: TextLimit) -> int:
    """In how many parts a text may go out. A post is answered in private by one message."""
    # What does not fit beside files may follow them as a message of its own, also where no text is split.
    is_divided = draft.post is None and (stated.splits or length <= stated.limit)
    return MAX_PARTS if is_divided else 1


def _cut(text: str, first: int, stated: TextLimit) -> Iterator[str]:
    """The parts of a text of which the first is at most `first` long, and the others what one message takes."""
    head = next(split_text(text, first, stated.unit)) if first else ""
    yield head
    rest = text[len(head) :].strip()
    if rest:
        yield from split_text(rest, stated.limit, stated.unit)
