"""Whether Meta calls us for an account: its token, the app's subscription to it, and the app's callback URL.

developers.facebook.com/docs/graph-api/reference/page/subscribed_apps, …/graph-api/reference/app/subscriptions
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from schemas.values import Json
from services.channels.json_access import as_dict, as_list_of_dicts, as_str
from services.channels.meta.graph import call_graph
from services.channels.meta.messaging.accounts import own_id
from services.channels.meta.webhook import as_platform_id, dicts
from services.channels.port import Account, CredentialsRejected
from services.platform.http.outgoing import HttpClient


@dataclass(frozen=True, slots=True)
class ConnectionCheck:
    """How one kind of account is asked about.

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

    async def problem(self, account: Account, http: HttpClient, url: str, public_url: str | None) -> str | None:
        """What keeps messages from arriving and how to fix it; None when all is well. Raises as `ChecksAccount.check`."""
        token = account.token("access_token")
        me = await call_graph(http, "GET", f"{url}/me?fields={self.who}", token, {}, idempotent=True)
        found, expected = self._found(me), own_id(account.body, self.name)
        if found != expected:
            whose = f"that of the {self.owner} {found}" if found else f"of no {self.owner}"
            return (
                f"The access token is {whose}, but {self.name} is {expected}, so answers would go out elsewhere or nowhere. "
                f"Get the token of the {self.owner} {expected}, or correct {self.name}."
            )
        apps = await call_graph(http, "GET", f"{url}/me/subscribed_apps", token, {}, idempotent=True)
        return self._unsubscribed(account, apps) or await self._wrong_callback(account, http, url, public_url)

    def _found(self, me: dict[str, Json]) -> str | None:
        value: Json = me
        for field in self.identity:
            value = as_dict(value).get(field)
        return as_platform_id(value)

    def _unsubscribed(self, account: Account, apps: dict[str, Json]) -> str | None:
        app = own_id(account.body, "app_id")
        listed = list(dicts(apps.get("data")))
        # Instagram Login lists the app without its id.
        ours = [one for one in listed if app is None or as_platform_id(one.get("id")) in (app, None)]
        fields = {field for one in ours for field in as_list_of_dicts(one.get("subscribed_fields"))}
        missing = [field for field in self.needed if field not in fields] if ours else list(self.needed)
        if ours and not missing:
            return None
        wanted = ",".join(self.needed) or "messages"
        what = f"does not hear {', '.join(missing)} of" if ours else "is not subscribed to"
        return (
            f"The app {what} the {self.owner} {own_id(account.body, self.name)}. "
            f"Call POST /me/subscribed_apps?subscribed_fields={wanted} with the account's access token."
        )

    async def _wrong_callback(self, account: Account, http: HttpClient, url: str, public_url: str | None) -> str | None:
        app, secret = own_id(account.body, "app_id"), next(iter(account.secrets("app_secret")), "")
        if self.subject is None or app is None:
            return None
        try:
            answer = await call_graph(http, "GET", f"{url}/{app}/subscriptions", f"{app}|{secret}", {}, idempotent=True)
        except CredentialsRejected:
            return (
                "Meta does not accept app_id and app_secret together, and then no call of Meta's is taken for genuine. "
                "Copy both from the app's page, App settings > Basic."
            )
        ours = [one for one in dicts(answer.get("data")) if one.get("object") == self.subject]
        called = [callback for one in ours if (callback := as_str(one.get("callback_url")))]
        path = f"/webhooks/{account.channel}/{account.workspace}/"
        if any(_is_ours(callback, path, public_url) for callback in called):
            return None
        where = f"calls {_without_query(called[0])}, which is not an address" if called else "has no callback URL"
        return (
            f"The app {where} of this installation for {self.subject} webhooks. Set it to "
            f"{(public_url or '').rstrip('/')}{path}{account.id}, with the verify_token of the account."
        )


def _is_ours(callback: str, path: str, public_url: str | None) -> bool:
    # One URL serves all accounts of a workspace, so any account of it will do.
    if public_url is not None:
        return callback.startswith(public_url.rstrip("/") + path)
    return path in urlsplit(callback).path


def _without_query(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
