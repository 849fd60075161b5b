"""What the channel `email` needs of a provider: whose call it is, and what is in it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from services.channels.mail.message import MailItem
from services.channels.port import Account, Request, WebhookResponse


class MailProvider(ABC):
    """One provider's webhooks. It is stateless and pure.

    The channel itself compares `path_secret`, of every provider whose account has one, before it calls `verify`.

    - `proof` are the names of the credentials that `verify` uses; all of them are needed. Accounts of others may not have them.
    - `optional` are the names of further credentials that an account may have.
    - `needs_proof`: whether an account needs `proof`; if not, a `path_secret` is enough, and `verify` is not called without `proof`.
    - `json_bodies`: whether its calls are JSON. `max_body_bytes` is the largest call that it makes.
    """

    proof: ClassVar[tuple[str, ...]]
    optional: ClassVar[tuple[str, ...]] = ()
    needs_proof: ClassVar[bool]
    json_bodies: ClassVar[bool]
    max_body_bytes: ClassVar[int]

    def key_urls(self, request: Request, account: Account) -> Sequence[str]:
        """See `PublicKeyVerified`; empty for a provider that publishes no keys. Raises InvalidSignature."""
        return ()

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """See `Channel.handshake`; None for a provider without one. A `path_secret` was compared. Raises InvalidSignature."""
        return None

    @abstractmethod
    def verify(self, request: Request, account: Account) -> None:
        """Check that the provider made the call. Raises InvalidSignature."""

    @abstractmethod
    def decode(self, request: Request) -> Sequence[MailItem]:
        """What is in a call, in order; at least one. Raises InvalidPayload, which never quotes a value."""
