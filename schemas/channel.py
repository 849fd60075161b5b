"""What a channel can do. Composition hands these to the router, which never imports a channel."""

from schemas.values import Contract, Surface


class Capabilities(Contract):
    """`text_limit` in characters per message; rates per second and per minute, None where the platform states none.

    `private_reply`: a public post can be answered in private by API. `deep_link`: a link can open a private chat.
    """

    surfaces: tuple[Surface, ...]
    text_limit: int
    reply_window_seconds: int | None = None
    private_reply: bool = False
    deep_link: bool = False
    edits: bool = False
    chat_rate_per_second: float | None = None
    group_rate_per_minute: float | None = None
    account_rate_per_second: float | None = None
