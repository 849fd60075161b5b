"""What is said of connected accounts: that one was written, how it is, and the fact that this has changed."""

from typing import Literal

from schemas.values import Contract, Failure, Instant

AccountState = Literal["ok", "credentials", "webhook", "paused", "forged"]
"""`credentials`: the platform does not let the account in. `webhook`: what customers write does not come in. `paused`:
the platform wants quiet for a while. `forged`: calls came that nobody can have sent who knows the secret."""


class AccountChanged(Contract):
    """`pasokh.control.account_changed`: an account was connected, replaced or removed; its credentials may be others.

    As `pasokh.control.account_sending_changed`: what is known of sending as the account has changed.
    """

    workspace: str
    channel: str
    account: str

    @property
    def name(self) -> str:
        """The account as sending and health name it: `workspace/channel:account`."""
        return f"{self.workspace}/{self.channel}:{self.account}"


class CheckAccounts(Contract):
    """`pasokh.control.check_accounts`, to each partition when a process starts: look at the accounts there.

    `at` is when it started.
    """

    at: Instant


class AccountHealth(Contract):
    """How an account is. `detail` says what is wrong and what to do, empty when it is `ok`.

    Times are None before the first webhook, send or refusal; they are written down every few seconds at most.
    """

    state: AccountState = "ok"
    detail: str = ""
    last_webhook_at: Instant | None = None
    last_sent_at: Instant | None = None
    last_refused_at: Instant | None = None
    last_refusal: Failure | None = None


class AccountFact(Contract):
    """The data of `pasokh.account.health_changed`: an account is in another state than before."""

    channel: str
    account: str
    state: AccountState
    previous_state: AccountState
    detail: str
    at: Instant
