"""What the channel `email` needs of a provider: whose call it is, and what is in it."""

from collections.abc import Sequence
from typing import Protocol

from services.channels.mail.message import MailItem
from services.channels.port import Account, Request, WebhookResponse


class MailProvider(Protocol):
    """One provider's webhooks. It is stateless and pure.

    The channel itself compares `path_secret`, of every provider whose account has one, before it calls `verify`.
    """

    @property
    def proof(self) -> tuple[str, ...]:
        """The names of the credentials that `verify` uses; all of them are needed. Accounts of others may not have them."""
        ...

    @property
    def optional(self) -> tuple[str, ...]:
        """The names of further credentials that an account may have."""
        ...

    @property
    def needs_proof(self) -> bool:
        """Whether an account needs `proof`; if not, a `path_secret` is enough, and `verify` is not called without `proof`."""
        ...

    @property
    def json_bodies(self) -> bool:
        """Whether its calls are JSON."""
        ...

    @property
    def max_body_bytes(self) -> int:
        """The largest call that it makes."""
        ...

    def key_urls(self, request: Request, account: Account) -> Sequence[str]:
        """See `PublicKeyVerified`; empty for a provider that publishes no keys."""
        ...

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """See `Channel.handshake`. A `path_secret` was compared. Raises InvalidSignature."""
        ...

    def verify(self, request: Request, account: Account) -> None:
        """Check that the provider made the call. Raises InvalidSignature."""
        ...

    def decode(self, request: Request, account: Account) -> Sequence[MailItem]:
        """What is in a call, in order; at least one. Raises InvalidPayload, which never quotes a value."""
        ...
