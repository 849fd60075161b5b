"""Whether an account of Messenger or Instagram is connected, and what is said where it is not."""

import json
from typing import Any

import pytest

from services.channels.instagram import Instagram
from services.channels.messenger import Messenger
from services.channels.port import CredentialsRejected
from services.platform.http.outgoing import HttpResponse, TransientSendError
from tests.channels.instagram import cases as instagram
from tests.channels.messenger import cases as messenger
from tests.fakes import START, FakeHttp
from tests.fakes.http import HttpCall

PUBLIC = "https://help.example"
PAGE, SHOP = messenger.PAGE, instagram.SHOP
WITH_LOGIN = instagram.account()
WITH_PAGE = instagram.account({"login": "facebook"}, page_id=PAGE)
WAYS: dict[str, tuple[Any, Any]] = {
    "messenger": (Messenger(), messenger.account()),
    "instagram": (Instagram(), WITH_LOGIN),
    "instagram with facebook login": (Instagram(), WITH_PAGE),
}
ME: dict[str, Any] = {
    "messenger": {"id": PAGE},
    "instagram": {"user_id": SHOP, "id": "90010"},
    "instagram with facebook login": {"instagram_business_account": {"id": SHOP}, "id": PAGE},
}
HEARD = ["messages", "messaging_postbacks", "feed", "comments"]
every_way = pytest.mark.parametrize("way", WAYS)
with_callback = pytest.mark.parametrize("way", ["messenger", "instagram with facebook login"])


def graph(way: str, **changes: Any) -> FakeHttp:
    """The Graph API of an account that is connected, with other answers by the end of their path."""
    channel, account = WAYS[way]
    subject = "page" if way == "messenger" else "instagram"
    callback = f"{PUBLIC}/webhooks/{channel.name}/shop/any"
    answers = {
        "me": ME[way],
        "subscribed_apps": {"data": [{"id": account.secrets("app_id")[0], "subscribed_fields": HEARD}]},
        "subscriptions": {"data": [{"object": subject, "callback_url": callback}]},
    } | changes

    def respond(call: HttpCall) -> HttpResponse:
        found = answers[call.url.split("?")[0].rsplit("/", 1)[1]]
        if isinstance(found, Exception):
            raise found
        status = 400 if "error" in found else 200
        return HttpResponse(status, {}, json.dumps(found).encode())

    return FakeHttp(respond)


async def problem(way: str, http: FakeHttp, public_url: str | None = PUBLIC) -> str | None:
    channel, account = WAYS[way]
    found = await channel.check(account, http, public_url, START)
    return found.detail if found else None


@every_way
async def test_an_account_that_is_connected_has_no_problem(way: str) -> None:
    http = graph(way)
    assert await problem(way, http) is None
    assert await problem(way, graph(way), None) is None
    tokens = [call.headers["authorization"] for call in http.calls]
    token = WAYS[way][1].token("access_token")
    of_app = "Bearer 7700770077|f0e1d2c3b4a59687f0e1d2c3b4a59687"
    assert tokens == [f"Bearer {token}"] * 2 + ([of_app] if way != "instagram" else [])
    assert {call.method for call in http.calls} == {"GET"}


@every_way
async def test_a_token_of_somebody_else_is_named(way: str) -> None:
    other: dict[str, Any] = {
        "messenger": {"id": "999"},
        "instagram": {"user_id": "999"},
        "instagram with facebook login": {"instagram_business_account": {"id": "999"}},
    }
    name, own = ("page_id", PAGE) if way == "messenger" else ("ig_id", SHOP)
    assert await problem(way, graph(way, me=other[way])) == (
        f"The access token is that of 999, but {name} is {own}, so answers would go out elsewhere or nowhere. "
        f"Get the token of {own}, or correct {name}."
    )
    assert (await problem(way, graph(way, me={})) or "").startswith("The access token names no account, ")


@every_way
async def test_an_app_that_is_not_subscribed_learns_how_to_subscribe(way: str) -> None:
    listed: list[dict[str, Any]] = [
        {"data": []},
        {"data": [{"id": "another", "subscribed_fields": HEARD}]},
        {},
    ]
    for apps in listed:
        found = await problem(way, graph(way, subscribed_apps=apps))
        assert found is not None
        assert found.startswith("The app is not subscribed to ")
        assert "Call POST /me/subscribed_apps?subscribed_fields=messages" in found


@pytest.mark.parametrize(("way", "field"), [("messenger", "feed"), ("instagram", "comments")])
async def test_a_field_that_is_missing_is_named(way: str, field: str) -> None:
    heard = [{"id": "7700770077", "subscribed_fields": [one for one in HEARD if one != field]}]
    found = await problem(way, graph(way, subscribed_apps={"data": heard}))
    assert (found or "").startswith(f"The app does not hear {field} of ")


@with_callback
@pytest.mark.parametrize(
    ("subscriptions", "sentence"),
    [
        ({"data": []}, "The app has no callback URL of this installation for "),
        ("https://other.example/hook?token=x", "Meta calls https://other.example/hook, which is not "),
    ],
)
async def test_an_app_that_calls_elsewhere_learns_the_right_address(
    way: str, subscriptions: Any, sentence: str
) -> None:
    subject = "page" if way == "messenger" else "instagram"
    if isinstance(subscriptions, str):
        subscriptions = {"data": [{"object": subject, "callback_url": subscriptions}]}
    for public_url in (PUBLIC, None):
        found = await problem(way, graph(way, subscriptions=subscriptions), public_url)
        assert (found or "").startswith(sentence)
        name = WAYS[way][0].name
        assert f"{public_url or ''}/webhooks/{name}/shop/main" in (found or "")
        assert "verify_token" in (found or "")


@with_callback
async def test_an_app_secret_that_meta_does_not_accept_is_no_refused_token(way: str) -> None:
    refused = {"error": {"code": 190, "message": "Invalid OAuth access token signature."}}
    found = await problem(way, graph(way, subscriptions=refused))
    assert (found or "").startswith("Meta does not accept app_id and app_secret together")
    with pytest.raises(CredentialsRejected):
        await problem(way, graph(way, me=refused))
    with pytest.raises(TransientSendError):
        await problem(way, graph(way, me=TransientSendError("no connection")))


async def test_without_an_app_id_only_the_account_is_asked() -> None:
    channel, account = Messenger(), messenger.account()
    body = account.body.model_copy(
        update={"credentials": {name: one for name, one in account.body.credentials.items() if name != "app_id"}}
    )
    http = graph("messenger")
    assert await channel.check(type(account)("shop", "messenger", "main", body), http, PUBLIC, START) is None
    assert len(http.calls) == 2
