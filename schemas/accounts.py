"""Events about connected accounts, and the health of an account."""

from typing import Annotated, Literal

from schemas.values import OMITTED_IF_EMPTY, Contract, Failure, Instant, Json

AccountState = Literal["ok", "credentials", "webhook", "paused", "forged", "incomplete", "silent"]
"""`credentials`: the platform refuses the credentials. `webhook`: the platform does not deliver messages to us.
`paused`: the platform asked us to send nothing for a while. `forged`: webhook calls came without the account's
secret. `incomplete`: what comes in lacks its content, because of how the platform is set up. `silent`: nothing has come in
for so long that, by the account's own weeks before, this is no chance.
"""


ACCOUNT_CHANGED = "pasokh.control.account_changed"
ACCOUNT_SENDING_CHANGED = "pasokh.control.account_sending_changed"
POLL_NOW = "pasokh.control.poll_now"
"""The event types of an `AccountChanged`."""
CHECK_ACCOUNTS = "pasokh.control.check_accounts"
"""The event type of a `CheckAccounts`."""


class AccountChanged(Contract):
    """`pasokh.control.account_changed`: an account was connected, replaced or removed; its credentials may have
    changed.

    Also the data of `pasokh.control.account_sending_changed` (the state of sending as the account has changed) and of
    `pasokh.control.poll_now` (the platform has something that must be fetched; `fetch` is what it named, if no poll finds it).
    """

    workspace: str
    channel: str
    account: str
    fetch: Annotated[list[str], OMITTED_IF_EMPTY] = []

    @property
    def name(self) -> str:
        """The id of the account in sending and health: `workspace/channel:account`."""
        return f"{self.workspace}/{self.channel}:{self.account}"


class CheckAccounts(Contract):
    """`pasokh.control.check_accounts`, to each partition at the start of a process: check the accounts of the
    partition.

    `at` is the start time of the process.
    """

    at: Instant


class AccountHealth(Contract):
    """The health of an account. `detail` names the fault and what to do about it; it is empty in state `ok`.

    `reason` is the stable name of that sentence and `params` are what is in it; a fault that an earlier version found has none.
    Times are None before the first webhook, send or refusal. They are stored every few seconds, not at every call.
    `without_content` is how much has come in without its content, because of how the platform is set up.
    """

    state: AccountState = "ok"
    detail: str = ""
    reason: Annotated[str | None, OMITTED_IF_EMPTY] = None
    params: Annotated[dict[str, Json], OMITTED_IF_EMPTY] = {}
    last_webhook_at: Instant | None = None
    last_sent_at: Instant | None = None
    last_refused_at: Instant | None = None
    last_refusal: Failure | None = None
    without_content: int = 0
    last_without_content_at: Instant | None = None
    token_expires_at: Instant | None = None


class AccountFact(Contract):
    """The data of `pasokh.account.health_changed`: the state of an account has changed.

    Also of the facts beside it. `pasokh.account.refused`: the platform refuses its credentials, and only a person can
    mend that. `pasokh.account.silent`: it should have heard something by now. `pasokh.account.recovered`: it is well
    again after one of the two.

    `detail` is English. `reason` is the stable name of that sentence and `params` are what is in it, so that others may word it.
    """

    channel: str
    account: str
    state: AccountState
    previous_state: AccountState
    detail: str
    reason: Annotated[str | None, OMITTED_IF_EMPTY] = None
    params: Annotated[dict[str, Json], OMITTED_IF_EMPTY] = {}
    at: Instant
