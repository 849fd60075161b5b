"""What a channel can do, as data. Composition hands these to router and delivery, which never import a channel."""

from typing import Literal

from schemas.activity import AttachmentKind
from schemas.values import Contract, Surface

Scope = Literal["message", "chat", "account"]
"""The scope of a platform's refusal: this message only, all messages to its chat, or all messages of its account."""

RateScope = Literal["chat", "group", "account"]
"""What a rate is counted over: one private chat, one public place, or everything of the account."""

ActionKind = Literal["hide", "unhide", "delete", "edit", "react", "typing", "seen", "call"]
"""What can be done to a message, shown in its chat, or done with its customer besides sending: see `schemas.outbound.ChannelAction`."""

TextUnit = Literal["code_points", "utf16", "bytes", "weighted", "segments"]
"""How a platform counts the length of a text: characters, UTF-16 code units, bytes of UTF-8, weighted characters (X: Chinese and emoji
count two, a URL 23), or SMS segments."""

Pace = Literal["chat", "mail", "review", "call"]
"""How soon people expect an answer. The defaults of SLA targets hang on it, not on channel names."""


class Window(Contract):
    """How long after a customer's last private message a private answer may go out, in seconds.

    `tag` is what the platform wants such an answer marked with; None: nothing. `people_only`: no automatic answer may use
    the window.
    """

    seconds: float
    tag: str | None = None
    people_only: bool = False


class PrivateReply(Contract):
    """A public post can be answered in private by the API, until `seconds` after it; `once`: a single time."""

    seconds: float | None = None
    once: bool = True


class RateLimit(Contract):
    """At most `count` messages in `seconds`, over what `scope` names. `burst` of a chat may go without a pause between them."""

    scope: RateScope
    count: float
    seconds: float
    burst: float = 1


class TextLimit(Contract):
    """The longest text of one message on a surface; None: on every surface.

    `splits`: a longer text may go out as several messages, cut at the ends of sentences.
    """

    limit: int
    surface: Surface | None = None
    unit: TextUnit = "code_points"
    splits: bool = False


class MediaLimit(Contract):
    """Files of a kind that the platform takes: their largest size, and their media types (None: any).

    `surface` is where it takes them; None: on every surface. `caption_limit` is the longest text beside such a file, where
    it is not that of the channel; 0: none.
    """

    kind: AttachmentKind
    max_bytes: int
    media_types: tuple[str, ...] | None = None
    caption_limit: int | None = None
    surface: Surface | None = None


def every_kind(max_bytes: int) -> tuple[MediaLimit, ...]:
    """The limits of a channel that takes files of every kind and type."""
    kinds: tuple[AttachmentKind, ...] = ("image", "video", "audio", "file")
    return tuple(MediaLimit(kind=kind, max_bytes=max_bytes) for kind in kinds)


class Capabilities(Contract):
    """What a channel can do.

    - `windows`, widest last; empty: an answer may go out at any time. A template needs no window.
    - `first_contact`: whether we may write to a person who has not written: never, with a template, or always.
    - `person_ids`: how the platform writes what people write otherwise: a phone number by its digits alone, or with a plus
      sign before them (`e164`), a mail address in small letters; `exact`: as it is.
    - `private_reply`: whether a public post can be answered in private.
    - `answers_hidden`: whether a public post can be answered in public after it was hidden.
    - `flat_threads`: an answer to a comment that stands below another comment stands below that other one too, and its echo names
      that one alone.
    - `single_answer`: a public post has one answer of ours, which another would replace: agents edit it.
    - `receives`: whether what customers write there comes in; a channel without it only sends.
    - `actions`: what can be done to messages, and in chats; `public_actions` to public ones, if that differs.
    - `callers`: the agents whose telephone the account knows, so that they can call customers (`call`).
    - `invitation`: whether a public answer may ask the customer to write a private message, where we cannot write first.
    - `templates`: whether the platform has approved messages, which go out by their name.
    - `deep_link`: the form of a link that opens a private chat, with `{username}` of the account and `{token}`.
    - `drops_repeats`: the receiver knows a message it has by its id, so that an uncertain send may be repeated.
    - `opt_out`: what a customer who opts out wants no more of: messages, until they write again; or marketing, so that
      answers to what they wrote still go out, and templates and first messages do not.
    - `automated`: whether messages that no person wrote may go out; `approved`: only with the platform's approval.
    - `automatic_answer_seconds`: at most one message that no person wrote answers a person in this time (mail: RFC 3834, 2),
      so that two machines do not answer each other; None: no such limit.
    - `probe_seconds`: the pause between two checks of an account, where a check is a login that servers count (SMTP); None: a minute.
    - `slow_answer_seconds`: how much longer than others its platform may take to say that it has a message (SMTP).
    - `retention_seconds`: how long the platform lets us store what its members wrote; None: it sets no limit.
    - `profile_retention_seconds`: the same of what it tells about them, such as their names; None: as long as what they wrote.
    - `media`: the files that may go out; empty: none. `max_files` is how many fit into one message
      (`public_max_files` into a public one, if that differs), `max_files_bytes` how large they may be together (None: each as large as its own limit), `caption_limit` the longest text beside them (None: any
      text that the channel takes). The rest of a longer text follows in messages of its own. `files_apart`: each file is a message of its own, after the text.
    - `max_body_bytes`, `json_bodies`: the largest webhook body, and whether its JSON is checked for its depth.
    - `invalid_payload_status`: the answer to a body that cannot be parsed: 400, or 200 where the platform would repeat
      the body for hours.
    """

    surfaces: tuple[Surface, ...]
    text_limits: tuple[TextLimit, ...]
    windows: tuple[Window, ...] = ()
    first_contact: Literal["never", "template", "always"] = "never"
    person_ids: Literal["exact", "digits", "e164", "lower"] = "exact"
    templates: bool = False
    private_reply: PrivateReply | None = None
    answers_hidden: bool = True
    flat_threads: bool = False
    single_answer: bool = False
    receives: bool = True
    invitation: bool = False
    deep_link: str | None = None
    actions: tuple[ActionKind, ...] = ()
    public_actions: tuple[ActionKind, ...] | None = None
    callers: tuple[str, ...] = ()
    edits: bool = False
    drops_repeats: bool = False
    rate_limits: tuple[RateLimit, ...] = ()
    media: tuple[MediaLimit, ...] = ()
    max_files: int = 10
    public_max_files: int | None = None
    max_files_bytes: int | None = None
    caption_limit: int | None = None
    files_apart: bool = False
    max_body_bytes: int = 1_000_000
    json_bodies: bool = True
    invalid_payload_status: Literal[200, 400] = 200
    opt_out: Literal["messages", "marketing"] = "messages"
    automated: Literal["yes", "approved", "no"] = "yes"
    automatic_answer_seconds: float | None = None
    probe_seconds: float | None = None
    slow_answer_seconds: float = 0.0
    retention_seconds: float | None = None
    profile_retention_seconds: float | None = None
    pace: Pace = "chat"

    def actions_on(self, surface: Surface) -> tuple[ActionKind, ...]:
        """What can be done to messages of a surface."""
        return self.public_actions if surface == "public" and self.public_actions is not None else self.actions

    def with_media_of(self, surface: Surface) -> "Capabilities":
        """The capabilities with the files that go out on a surface alone, and with how many of them fit into one message there."""
        limits = tuple(limit for limit in self.media if limit.surface in (surface, None))
        own = self.public_max_files if surface == "public" else None
        most = self.max_files if own is None else own
        is_same = (limits, most) == (self.media, self.max_files)
        return self if is_same else self.model_copy(update={"media": limits, "max_files": most})

    def text_limit(self, surface: Surface) -> TextLimit | None:
        """The limit of a surface: its own, else that of every surface; None: the platform states none."""
        own = [limit for limit in self.text_limits if limit.surface == surface]
        common = [limit for limit in self.text_limits if limit.surface is None]
        return next(iter([*own, *common]), None)
