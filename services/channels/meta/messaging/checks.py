"""Whether Meta calls us for an account: its token, the app's subscription to it, and the app's callback URL.

developers.facebook.com/docs/graph-api/reference/page/subscribed_apps, …/graph-api/reference/app/subscriptions
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from schemas.values import Json
from services.channels.callbacks import is_ours, our_address, shown_address
from services.channels.json_access import as_dict, as_list, as_str, dicts
from services.channels.meta.entry import own_id
from services.channels.meta.graph import GraphApi
from services.channels.meta.webhook import as_platform_id
from services.channels.port import Account, CredentialsRejected
from services.domain.account_phrases import AccountFinding, finding


@dataclass(frozen=True, slots=True)
class ConnectionCheck:
    """How one kind of account is checked.

    `who` are the fields of `/me`, of which `identity` leads to the id that the account's credential `name` must have. `needed` are the fields without which nothing comes in; empty: one is enough.
    `subject` is the `object` of the app's webhooks; None: its app has no such list (Instagram Login).
    """

    who: str
    identity: Sequence[str]
    name: str
    needed: Sequence[str] = ()
    subject: str | None = None

    async def problem(self, account: Account, api: GraphApi, public_url: str | None) -> AccountFinding | None:
        """What keeps messages from arriving and how to fix it; None when all is well. Raises as `ChecksAccount.check`."""
        found, expected = self._account_id(await api.get(f"me?fields={self.who}", {})), own_id(account.body, self.name)
        if found is None:
            return finding("token_of_none", name=self.name, expected=expected)
        if found != expected:
            return finding("token_of_other", found=found, name=self.name, expected=expected)
        apps = await api.get("me/subscribed_apps", {})
        return self._unsubscribed(account, apps) or await self._wrong_callback(account, api, public_url)

    def _account_id(self, me: dict[str, Json]) -> str | None:
        value: Json = me
        for field in self.identity:
            value = as_dict(value).get(field)
        return as_platform_id(value)

    def _unsubscribed(self, account: Account, apps: dict[str, Json]) -> AccountFinding | None:
        ours = _apps(apps, own_id(account.body, "app_id"))
        fields = {field for one in ours for field in as_list(one.get("subscribed_fields"))}
        missing = [field for field in self.needed if field not in fields]
        if ours and not missing:
            return None
        expected, needed = own_id(account.body, self.name), ",".join(self.needed) or "messages"
        if not ours:
            return finding("app_not_subscribed", name=self.name, expected=expected, fields=needed)
        named = ", ".join(missing)
        return finding("fields_not_subscribed", missing=named, name=self.name, expected=expected, fields=needed)

    async def _wrong_callback(self, account: Account, api: GraphApi, public_url: str | None) -> AccountFinding | None:
        app, secret = own_id(account.body, "app_id"), next(iter(account.secrets("app_secret")), "")
        if self.subject is None or app is None:
            return None
        try:
            listed = await replace(api, token=f"{app}|{secret}").get(f"{app}/subscriptions", {})
        except CredentialsRejected:
            return finding("app_secret_refused")
        called = _callbacks(listed, self.subject)
        if any(is_ours(callback, account, public_url) for callback in called):
            return None
        ours = our_address(account, public_url)
        if called:
            return finding("callback_elsewhere", called=shown_address(called[0]), ours=ours)
        return finding("callback_not_set", subject=self.subject, ours=ours)


def _apps(listed: dict[str, Json], app: str | None) -> list[dict[str, Json]]:
    """The entries of our app. Instagram Login lists it without its id."""
    return [one for one in dicts(listed.get("data")) if app is None or as_platform_id(one.get("id")) in (app, None)]


def _callbacks(listed: dict[str, Json], subject: str) -> list[str]:
    urls = (as_str(one.get("callback_url")) for one in dicts(listed.get("data")) if one.get("object") == subject)
    return [url for url in urls if url is not None]
