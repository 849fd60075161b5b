"""Whether a number is ready to hear its customers: three questions to the Graph API, and sentences that say what to do.

(developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers, .../webhooks/override)
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from schemas.values import Json
from services.channels.json_access import as_dict, as_str
from services.channels.meta.graph import Verdicts, call_graph, refused
from services.channels.meta.webhook import dicts
from services.channels.meta.whatsapp.calls import url_of
from services.channels.meta.whatsapp.changes import own_number
from services.channels.meta.whatsapp.errors import VERDICTS
from services.channels.port import Account
from services.platform.http.outgoing import HttpClient, PermanentSendError

UNKNOWN_ID: Verdicts = {**VERDICTS, 100: refused("not_found")}
"""Of a question about an id: one that the token does not reach is an invalid parameter."""
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


async def account_problem(account: Account, http: HttpClient, public_url: str | None) -> str | None:
    """What keeps customers' messages from arriving, and how to fix it; None when all is well. Raises as `ChecksAccount.check`."""
    number, waba = own_number(account.body) or "", next(iter(account.secrets("waba_id")), "")
    try:
        shown = await _get(account, http, f"{url_of(account, number)}?fields={FIELDS}")
    except PermanentSendError as error:
        if error.code != "not_found":
            raise
        return _not_reached("phone number", "phone_number_id", number)
    status = as_str(shown.get("status")) or ""
    if status in STATUSES:
        return f"The number {number} is {status.lower()} at WhatsApp. {STATUSES[status].format(number=number)}"
    try:
        apps = await _get(account, http, url_of(account, waba, "subscribed_apps"))
    except PermanentSendError as error:
        if error.code != "not_found":
            raise
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


async def _get(account: Account, http: HttpClient, url: str) -> dict[str, Json]:
    return await call_graph(http, "GET", url, account.token("access_token"), UNKNOWN_ID, idempotent=True)


def _wrong_webhook(configured: Mapping[str, Json], account: Account, public_url: str | None) -> str | None:
    """Whether Meta calls another address than one of this workspace. The number's own comes before those of account and app."""
    levels = ("phone_number", "whatsapp_business_account", "application")
    url = next((one for level in levels if (one := as_str(configured.get(level)))), None)
    if url is None:
        return None
    # One URL may serve all numbers of a workspace, so any account's will do.
    ours = f"/webhooks/{account.channel}/{account.workspace}/"
    base = (public_url or "").rstrip("/")
    if url.startswith(base + ours) if base else ours in urlsplit(url).path:
        return None
    parts = urlsplit(url)
    return (
        f"Meta calls {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path} for this number, which is not "
        f"{base}{ours}{account.id}. Set that as the callback URL of the app's webhooks, with the account's verify_token."
    )
