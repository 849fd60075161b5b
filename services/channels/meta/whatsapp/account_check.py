"""Whether a number receives messages: three calls of the Graph API, and sentences that say what to do.

(developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers, .../webhooks/override)
"""

from collections.abc import Mapping

from schemas.values import Json
from services.channels.callbacks import is_ours, our_address, shown_address
from services.channels.json_access import as_dict, as_str, dicts
from services.channels.meta.entry import own_id
from services.channels.meta.graph import GraphApi
from services.channels.meta.whatsapp.errors import LOOKUP
from services.channels.port import Account

REGISTER = "Register it: POST /{number}/register with messaging_product whatsapp and its PIN."
STATUSES: Mapping[str, str] = {
    "PENDING": REGISTER,
    "DISCONNECTED": REGISTER,
    "UNVERIFIED": "Verify it with the code that Meta sends to it, in WhatsApp Manager, then register it.",
    "DELETED": "Add it again in WhatsApp Manager, or connect another number.",
    "MIGRATED": "It was moved to another WhatsApp Business account: connect it with that account's token and waba_id.",
    "BANNED": "Meta has banned it: ask for a review in WhatsApp Manager, under Account quality.",
}
"""The status of a number that keeps messages from arriving → what to do about it."""
FIELDS = "status,webhook_configuration"


async def account_problem(api: GraphApi, account: Account, public_url: str | None) -> str | None:
    """What keeps customers' messages from arriving, and how to fix it; None when all is well. Raises as `ChecksAccount.check`."""
    number, waba = api.scope.own_id, own_id(account.body, "waba_id") or ""
    shown = await api.find(f"{number}?fields={FIELDS}", LOOKUP)
    if shown is None:
        return _not_reached("phone number", "phone_number_id", number)
    status = as_str(shown.get("status")) or ""
    if status in STATUSES:
        return f"The number {number} is {status.lower()} at WhatsApp. {STATUSES[status].format(number=number)}"
    apps = await api.find(f"{waba}/subscribed_apps", LOOKUP)
    if apps is None:
        return _not_reached("WhatsApp Business account", "waba_id", waba)
    if not any(dicts(apps.get("data"))):
        return (
            f"No app is subscribed to the WhatsApp Business account {waba}, so Meta calls nobody. "
            f"Subscribe it: POST /{waba}/subscribed_apps with the account's access token."
        )
    return _wrong_webhook(as_dict(shown.get("webhook_configuration")), account, public_url)


def _not_reached(what: str, credential: str, identity: str) -> str:
    return (
        f"The access token does not reach the {what} {identity}. Check {credential}, and give the token's system user "
        "this account with the permissions whatsapp_business_messaging and whatsapp_business_management."
    )


def _wrong_webhook(configured: Mapping[str, Json], account: Account, public_url: str | None) -> str | None:
    """Whether Meta calls another address than one of this workspace. The number's own comes before those of account and app."""
    levels = ("phone_number", "whatsapp_business_account", "application")
    url = next((one for level in levels if (one := as_str(configured.get(level)))), None)
    if url is None or is_ours(url, account, public_url):
        return None
    return (
        f"Meta calls {shown_address(url)} for this number, which is not {our_address(account, public_url)}. "
        "Set that as the callback URL of the app's webhooks, with the account's verify_token."
    )
