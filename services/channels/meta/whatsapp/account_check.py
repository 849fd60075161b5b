"""Whether a number receives messages: three calls of the Graph API.

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
from services.domain.account_phrases import AccountFinding, finding

STATUSES: Mapping[str, str] = {
    "PENDING": "number_not_registered",
    "DISCONNECTED": "number_not_registered",
    "UNVERIFIED": "number_unverified",
    "DELETED": "number_deleted",
    "MIGRATED": "number_migrated",
    "BANNED": "number_banned",
}
"""The status of a number that keeps messages from arriving → the sentence on what to do about it."""
FIELDS = "status,webhook_configuration"


async def account_problem(api: GraphApi, account: Account, public_url: str | None) -> AccountFinding | None:
    """What keeps customers' messages from arriving, and how to fix it; None when all is well. Raises as `ChecksAccount.check`."""
    number, waba = api.scope.own_id, own_id(account.body, "waba_id") or ""
    shown = await api.find(f"{number}?fields={FIELDS}", LOOKUP)
    if shown is None:
        return finding("not_reached", name="phone_number_id", expected=number)
    status = as_str(shown.get("status")) or ""
    if status in STATUSES:
        return finding(STATUSES[status], number=number, status=status.lower())
    apps = await api.find(f"{waba}/subscribed_apps", LOOKUP)
    if apps is None:
        return finding("not_reached", name="waba_id", expected=waba)
    if not any(dicts(apps.get("data"))):
        return finding("no_app_subscribed", waba=waba)
    return _wrong_webhook(as_dict(shown.get("webhook_configuration")), account, public_url)


def _wrong_webhook(configured: Mapping[str, Json], account: Account, public_url: str | None) -> AccountFinding | None:
    """Whether Meta calls another address than one of this workspace. The number's own comes before those of account and app."""
    levels = ("phone_number", "whatsapp_business_account", "application")
    url = next((one for level in levels if (one := as_str(configured.get(level)))), None)
    if url is None or is_ours(url, account, public_url):
        return None
    return finding("callback_elsewhere", called=shown_address(url), ours=our_address(account, public_url))
