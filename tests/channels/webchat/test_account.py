"""What a webchat account must say, which pages it lets in, and how its messages are delivered."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.activity import Address
from schemas.configuration import AccountBody
from schemas.conversation import Author
from schemas.outbound import OutboundMessage
from schemas.values import EncryptedText
from services.channels.port import Account, InvalidPayload, InvalidSignature, Request, SendReceipt
from services.channels.registry import account_rules
from services.channels.webchat import Webchat, is_origin_allowed
from tests.fakes import FakeHttp

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def body(origins: str | None = None, **given: Any) -> AccountBody:
    credentials = {"identity_secret": "long-enough"} | ({} if origins is None else {"allowed_origins": origins})
    return AccountBody.model_validate({"credentials": credentials, **given})


@pytest.mark.parametrize(
    "origins",
    [
        None,
        "",
        "*",
        "https://shop.example",
        "https://shop.example, http://localhost:8000",
        "https://a.example https://b.example/",
        '["https://a.example", "https://b.example"]',
    ],
)
def test_lists_of_origins_are_taken(origins: str | None) -> None:
    assert account_rules(Webchat()).problems(body(origins)) == []


def test_a_list_of_origins_and_a_list_of_live_secrets_are_taken() -> None:
    credentials = {"identity_secret": ["the-new-one", "the-old-one"], "allowed_origins": ["https://a.example/"]}
    listed = AccountBody.model_validate({"credentials": credentials})
    assert account_rules(Webchat()).problems(listed) == []
    assert is_origin_allowed(listed, "https://a.example")


@pytest.mark.parametrize(
    "origins",
    [
        "shop.example",
        "ftp://shop.example",
        "https://shop.example/page",
        "https://user@shop.example",
        "https://shop.example:0",
        "https://shop.example:x",
        "https://",
        "https://*.shop.example?",
        '["https://a.example", 1]',
        '["https://a.example"',
    ],
)
def test_what_is_no_origin_is_named(origins: str) -> None:
    assert [pointer for pointer, _ in account_rules(Webchat()).problems(body(origins))] == [
        "/credentials/allowed_origins"
    ]


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"credentials": {}}, "/credentials/identity_secret"),
        ({"credentials": {"identity_secret": "short"}}, "/credentials/identity_secret"),
        ({"credentials": {"identity_secret": "long-enough", "token": "x"}}, "/credentials/token"),
        ({"settings": {"colour": "red"}}, "/settings/colour"),
        ({"api_base": "https://shop.example"}, "/api_base"),
    ],
)
def test_what_an_account_lacks_or_has_too_much_is_named(given: dict[str, Any], pointer: str) -> None:
    assert [where for where, _ in account_rules(Webchat()).problems(body(**given))] == [pointer]


def test_an_origin_is_compared_whole() -> None:
    shop = body("https://Shop.example, https://other.example:8443")
    assert is_origin_allowed(shop, "https://shop.example")
    assert is_origin_allowed(shop, "https://other.example:8443")
    refused = ["https://shop.example.evil", "https://evil-shop.example", "http://shop.example", "https://other.example"]
    assert not any(is_origin_allowed(shop, origin) for origin in [*refused, "null", "*", ""])
    assert is_origin_allowed(body("*"), "https://any.example")
    assert not is_origin_allowed(body(), "https://any.example")


def test_nobody_posts_webhooks() -> None:
    request = Request("POST", "/webhooks/webchat/shop/main", {}, {}, b"{}", NOW)
    account = Account("shop", "webchat", "main", body())
    assert Webchat().handshake(request, account) is None
    with pytest.raises(InvalidSignature):
        Webchat().verify(request, account)
    with pytest.raises(InvalidPayload):
        Webchat().parse(request, account)


async def test_a_message_is_delivered_without_a_call() -> None:
    message = OutboundMessage(
        id="m",
        conversation="c",
        key="shop/webchat:main:anon-1",
        workspace="shop",
        channel="webchat",
        account="main",
        surface="private",
        address=Address(chat="anon-1"),
        author=Author(kind="agent", id="sara"),
        text=EncryptedText(text="Hello"),
        accepted_at=NOW,
    )
    receipt = await Webchat().send(message, Account("shop", "webchat", "main", body()), FakeHttp())
    assert receipt == SendReceipt(None)
