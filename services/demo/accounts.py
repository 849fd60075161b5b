"""The accounts of the demo shop, one on each channel, and their credentials."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from schemas.values import Json

ACCOUNT = "main"
BOT_USERNAME = "pasokh_demo_bot"
PHONE_NUMBER_ID, WABA_ID = "100000000000001", "100000000000002"
IG_ID, APP_ID = "17841400000000001", "100000000000003"
MAILBOX = "support@shop.example"


@dataclass(frozen=True, slots=True)
class StandIns:
    """Where the stand-ins of the platforms are, as the installation reaches them. `smtp_url` holds the password."""

    url: str
    smtp_url: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of the demo's accounts. They are derived from key and workspace, the same at every start."""

    bot_token: str
    secret_token: str
    identity_secret: str
    app_secret: str
    verify_token: str
    access_token: str
    signing_key: str
    path_secret: str
    smtp_password: str


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
    )


def webhook_path(channel: str, workspace: str, credentials: Credentials) -> str:
    """Where the platform of a channel calls."""
    path = f"/webhooks/{channel}/{workspace}/{ACCOUNT}"
    return f"{path}/{credentials.path_secret}" if channel == "email" else path


def accounts(credentials: Credentials, stand_ins: StandIns) -> Mapping[str, dict[str, Json]]:
    """Channel → the body of its account."""
    app: dict[str, Json] = {
        "app_secret": credentials.app_secret,
        "verify_token": credentials.verify_token,
        "access_token": credentials.access_token,
    }
    mailbox: dict[str, Json] = {
        "provider": "mailgun",
        "signing_key": credentials.signing_key,
        "path_secret": credentials.path_secret,
        "from_address": MAILBOX,
        "smtp_url": stand_ins.smtp_url,
    }
    return {
        "telegram": {
            "name": "Demo shop on Telegram",
            "credentials": {"bot_token": credentials.bot_token, "secret_token": credentials.secret_token},
            "api_base": stand_ins.url,
            "settings": {"username": BOT_USERNAME},
        },
        "whatsapp": {
            "name": "Demo shop on WhatsApp",
            "credentials": {**app, "phone_number_id": PHONE_NUMBER_ID, "waba_id": WABA_ID},
            "api_base": f"{stand_ins.url}/whatsapp",
        },
        "instagram": {
            "name": "Demo shop on Instagram",
            "credentials": {**app, "app_id": APP_ID, "ig_id": IG_ID},
            "api_base": f"{stand_ins.url}/instagram",
        },
        "email": {
            "name": "Demo shop by mail",
            "credentials": mailbox,
            "settings": {"from_name": "Demo shop"},
        },
        "webchat": {
            "name": "Demo shop on the web",
            "credentials": {"identity_secret": credentials.identity_secret},
        },
    }
