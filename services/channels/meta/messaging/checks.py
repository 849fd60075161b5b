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


@dataclass(frozen=True, slots=True)
class ConnectionCheck:
    """How one kind of account is checked.

    `who` are the fields of `/me`, of which `identity` leads to the id that the account's credential `name` must have; `owner`
    is what a person calls such an account. `needed` are the fields without which nothing comes in; empty: one is enough.
    `subject` is the `object` of the app's webhooks; None: its app has no such list (Instagram Login).
    """

    who: str
    identity: Sequence[str]
    name: str
    owner: str
    needed: Sequence[str] = ()
    subject: str | None = None

    async def problem(self, account: Account, api: GraphApi, public_url: str | None) -> str | None:
        """What keeps messages from arriving and how to fix it; None when all is well. Raises as `ChecksAccount.check`."""
        found, expected = self._account_id(await api.get(f"me?fields={self.who}", {})), own_id(account.body, self.name)
        if found != expected:
            whose = f"that of the {self.owner} {found}" if found else f"of no {self.owner}"
            return (
                f"The access token is {whose}, but {self.name} is {expected}, so answers would go out elsewhere or nowhere. "
                f"Get the token of the {self.owner} {expected}, or correct {self.name}."
            )
        apps = await api.get("me/subscribed_apps", {})
        return self._unsubscribed(account, apps) or await self._wrong_callback(account, api, public_url)

    def _account_id(self, me: dict[str, Json]) -> str | None:
        value: Json = me
        for field in self.identity:
            value = as_dict(value).get(field)
        return as_platform_id(value)

    def _unsubscribed(self, account: Account, apps: dict[str, Json]) -> str | None:
        ours = _apps(apps, own_id(account.body, "app_id"))
        fields = {field for one in ours for field in as_list(one.get("subscribed_fields"))}
        missing = [field for field in self.needed if field not in fields]
        if ours and not missing:
            return None
        what = f"does not hear {', '.join(missing)} of" if ours else "is not subscribed to"
        return (
            f"The app {what} the {self.owner} {own_id(account.body, self.name)}. Call POST "
            f"/me/subscribed_apps?subscribed_fields={','.join(self.needed) or 'messages'} with the account's access token."
        )

    async def _wrong_callback(self, account: Account, api: GraphApi, public_url: str | None) -> str | None:
        app, secret = own_id(account.body, "app_id"), next(iter(account.secrets("app_secret")), "")
        if self.subject is None or app is None:
            return None
        try:
            listed = await replace(api, token=f"{app}|{secret}").get(f"{app}/subscriptions", {})
        except CredentialsRejected:
            return (
                "Meta does not accept app_id and app_secret together, and then no call of Meta's is taken for genuine. "
                "Copy both from the app's page, App settings > Basic."
            )
        called = _callbacks(listed, self.subject)
        if any(is_ours(callback, account, public_url) for callback in called):
            return None
        where = f"calls {shown_address(called[0])}, which is not an address" if called else "has no callback URL"
        return (
            f"The app {where} of this installation for {self.subject} webhooks. Set it to "
            f"{our_address(account, public_url)}, with the verify_token of the account."
        )


def _apps(listed: dict[str, Json], app: str | None) -> list[dict[str, Json]]:
    """The entries of our app. Instagram Login lists it without its id."""
    return [one for one in dicts(listed.get("data")) if app is None or as_platform_id(one.get("id")) in (app, None)]


def _callbacks(listed: dict[str, Json], subject: str) -> list[str]:
    urls = (as_str(one.get("callback_url")) for one in dicts(listed.get("data")) if one.get("object") == subject)
    return [url for url in urls if url is not None]
