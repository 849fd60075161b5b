"""The capabilities of a channel. Composition passes them to the router, which must not import channels."""

from typing import Literal

from schemas.values import Contract, Surface

Scope = Literal["message", "chat", "account"]
"""The scope of a platform's refusal: this message only, all messages to its chat, or all messages of its account."""


class Capabilities(Contract):
    """The capabilities and limits of a channel.

    `text_limit` is in characters per message. Rates are None if the platform states none. `private_reply`: the API can
    answer a public post in private. `deep_link` is the format of a link that opens a private chat, with `{username}` of
    the account and `{token}`. `drops_repeats`: the receiver recognises a repeated message by its id, so that a send
    with an unknown outcome may be repeated.
    """

    surfaces: tuple[Surface, ...]
    text_limit: int
    reply_window_seconds: int | None = None
    private_reply: bool = False
    deep_link: str | None = None
    edits: bool = False
    drops_repeats: bool = False
    chat_rate_per_second: float | None = None
    group_rate_per_minute: float | None = None
    account_rate_per_second: float | None = None
