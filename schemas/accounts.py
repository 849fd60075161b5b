"""What is said of connected accounts: that one was written anew."""

from schemas.values import Contract


class AccountWritten(Contract):
    """`pasokh.control.account_written`: an account was connected, replaced or removed; its credentials may be others."""

    workspace: str
    channel: str
    account: str

    @property
    def name(self) -> str:
        """The account as sending and health name it: `workspace/channel:account`."""
        return f"{self.workspace}/{self.channel}:{self.account}"
