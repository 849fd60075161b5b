"""What account models promise: each problem has its place and a sentence that says what to write, and quotes no value."""

from typing import Annotated

import pytest
from pydantic import Field

from schemas.configuration import AccountBody, Credential
from schemas.values import Json, RequestModel
from services.channels.account_settings import (
    AccountModelRules,
    AccountSettings,
    ApiBase,
    CalledUrl,
    ChosenSecret,
    OwnUrl,
    Rotating,
    Secret,
)


class Credentials(RequestModel):
    app_secret: Rotating[Secret] = Field(description="the app's secret")
    verify_token: Rotating[ChosenSecret] | None = Field(None, description="a word of your own")
    smtp_url: Annotated[str, CalledUrl(schemes=("smtps", "smtp"))] | None = Field(None, description="like smtps://mail")
    public_url: Annotated[str, OwnUrl()] | None = Field(None, description="our address")


class Settings(RequestModel):
    tier: int = Field(1, ge=1, description="the tier, from 1")


class Shop(AccountSettings):
    credentials: Credentials
    settings: Settings = Settings()
    api_base: ApiBase | None = Field(None, description="an address like https://graph.example")

    @classmethod
    def conflicts(cls, body: AccountBody) -> list[tuple[str, str]]:
        if body.settings.get("tier") == 2 and "verify_token" not in body.credentials:
            return [("/credentials/verify_token", "verify_token is required from tier 2")]
        return []


RULES = AccountModelRules("shop", Shop)


def problems(
    credentials: dict[str, Credential], settings: dict[str, Json] | None = None, api_base: str | None = None
) -> dict[str, str]:
    body = AccountBody(credentials=credentials, settings=settings or {}, api_base=api_base)
    return dict(RULES.problems(body))


def test_a_complete_account_is_fine() -> None:
    assert problems({"app_secret": "s", "smtp_url": "smtps://mail.example:465"}, api_base="https://graph.example") == {}


@pytest.mark.parametrize("value", ["s", ["new", "old"]])
def test_a_credential_that_rotates_is_a_value_or_a_list(value: Credential) -> None:
    assert problems({"app_secret": value}) == {}


@pytest.mark.parametrize(
    ("value", "pointer"),
    [("", "/credentials/app_secret"), ([], "/credentials/app_secret"), (["new", ""], "/credentials/app_secret/1")],
)
def test_an_empty_value_is_named(value: Credential, pointer: str) -> None:
    assert problems({"app_secret": value}) == {pointer: "app_secret is not valid: the app's secret"}


def test_what_is_missing_and_what_is_unknown_says_what_to_write() -> None:
    assert problems({"token": "t"}, settings={"colour": "red", "tier": 0}) == {
        "/credentials/app_secret": "app_secret is required: the app's secret",
        "/credentials/token": "not a credential of shop; those are app_secret, verify_token, smtp_url, public_url",
        "/settings/colour": "not a setting of shop; those are tier",
        "/settings/tier": "tier is not valid: the tier, from 1",
    }


@pytest.mark.parametrize("url", ["https://mail.example", "smtp://", "smtp://mail.example:0", "smtp://mail.example:x"])
def test_an_address_that_cannot_be_called_is_refused(url: str) -> None:
    assert list(problems({"app_secret": "s", "smtp_url": url})) == ["/credentials/smtp_url"]


@pytest.mark.parametrize("base", ["ftp://a.example", "https://", "https://a.example/?b=c", "https://a.example/#b"])
def test_a_base_address_is_plain(base: str) -> None:
    assert list(problems({"app_secret": "s"}, api_base=base)) == ["/api_base"]


def test_what_one_field_demands_of_another_is_named() -> None:
    assert problems({"app_secret": "s"}, settings={"tier": 2}) == {
        "/credentials/verify_token": "verify_token is required from tier 2"
    }


def test_no_sentence_quotes_a_value() -> None:
    hidden = "very-hidden"
    found = problems({"app_secret": [hidden, ""], "smtp_url": hidden, hidden[:4]: hidden}, settings={"tier": hidden})
    assert len(found) == 4
    assert not any(hidden in sentence for sentence in found.values())


def test_types_say_what_is_called_and_what_is_chosen() -> None:
    body = AccountBody(
        credentials={
            "app_secret": "s",
            "verify_token": ["chosen", "earlier"],
            "smtp_url": "smtp://mail.example",
            "public_url": "https://ours.example",
        },
    )
    assert RULES.called_urls(body) == [("/credentials/smtp_url", "smtp://mail.example")]
    assert RULES.chosen_secrets(body) == [
        ("/credentials/verify_token/0", "chosen"),
        ("/credentials/verify_token/1", "earlier"),
    ]


def test_the_json_schema_shows_both_forms_of_a_credential_that_rotates() -> None:
    schema = Shop.model_json_schema()["$defs"]["Credentials"]["properties"]["app_secret"]
    assert {form["type"] for form in schema["anyOf"]} == {"string", "array"}
