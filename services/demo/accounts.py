"""The credentials of the demo shop's accounts, and the ids under which the platforms know them."""

import hashlib
import hmac
from dataclasses import dataclass, field

ACCOUNT = "main"
BOT_USERNAME = "pasokh_demo_bot"
PHONE_NUMBER_ID, WABA_ID = "100000000000001", "100000000000002"
PAGE_ID = "100000000000004"
IG_ID, APP_ID = "17841400000000001", "100000000000003"
MAILBOX = "support@shop.example"


@dataclass(frozen=True, slots=True)
class StandIns:
    """Where the stand-ins of the platforms are, as the installation reaches them. `smtp_url` holds the password."""

    url: str
    smtp_url: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of the demo's accounts. They are derived from key and workspace, the same at every start.

    Those of further channels are `secret("name of the credential")`.
    """

    bot_token: str
    secret_token: str
    identity_secret: str
    app_secret: str
    verify_token: str
    access_token: str
    signing_key: str
    path_secret: str
    smtp_password: str
    root: str = field(repr=False)

    def secret(self, purpose: str) -> str:
        """Another credential, by what it is for: 64 hexadecimal digits."""
        return hmac.new(self.root.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def derive_credentials(admin_key: str, workspace: str) -> Credentials:
    """Derive the credentials by a hash, from which the key cannot be recovered."""

    def derived(purpose: str) -> str:
        return hmac.new(admin_key.encode(), f"demo/{purpose}/{workspace}".encode(), hashlib.sha256).hexdigest()

    return Credentials(
        bot_token=f"7000000001:{derived('bot')[:35]}",
        secret_token=derived("webhook"),
        identity_secret=derived("identity"),
        app_secret=derived("app")[:32],
        verify_token=derived("verify"),
        access_token=f"EAA{derived('access')}",
        signing_key=derived("mail signing"),
        path_secret=derived("mail path")[:32],
        smtp_password=derived("smtp")[:32],
        root=derived("root"),
    )
