"""What a channel can do. Composition hands these to the router, which never imports a channel."""

from typing import Literal

from schemas.values import Contract, Surface

Scope = Literal["message", "chat", "account"]
"""What a platform's answer holds for: this message alone, everything to its chat, everything of its account."""


class Capabilities(Contract):
    """`text_limit` in characters per message; rates per second and per minute, None where the platform states none.

    `private_reply`: a public post can be answered in private by API. `deep_link`: the form of a link that opens a private
    chat, with `{username}` of the account and `{token}`.
    `drops_repeats`: the receiver knows a message it has by its id, so that an uncertain send may be repeated.
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
