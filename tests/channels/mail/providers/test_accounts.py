"""What an account of each provider must say, and by what its calls are proven."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.configuration import AccountBody
from services.channels.email import Email
from services.channels.mail.providers import PROVIDERS, provider_by_shape
from services.channels.port import Account, InvalidSignature, Request
from services.channels.registry import account_rules
from tests.channels.mail.providers import calls

SECRET = "a-long-word-of-ours"
RULES = account_rules(Email())


def problems(provider: str, **changes: Any) -> dict[str, str]:
    """Pointers to what is wrong with an account, and why. None for a credential leaves it out."""
    whole = {"provider": provider, "from_address": "support@shop.example", "smtp_url": "smtps://u:p@smtp.shop.example"}
    settings = changes.pop("settings", {})
    credentials = {**whole, **calls.PROOFS[provider](), **changes}
    stated = {name: value for name, value in credentials.items() if value is not None}
    return dict(RULES.problems(AccountBody.model_validate({"credentials": stated, "settings": settings})))


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_an_account_with_its_providers_proof_is_fine(provider: str) -> None:
    assert problems(provider) == {}
    assert problems(provider, path_secret=SECRET) == {}


@pytest.mark.parametrize(
    ("provider", "changes", "pointers"),
    [
        ("mailgun", {"signing_key": None, "path_secret": SECRET}, ["/credentials/signing_key"]),
        ("mailgun", {"topic_arn": calls.TOPIC}, ["/credentials/topic_arn"]),
        ("sendgrid", {"public_key": None, "path_secret": SECRET}, []),
        ("sendgrid", {"public_key": None}, ["/credentials/public_key"]),
        ("sendgrid", {"public_key": "MFkw"}, ["/credentials/public_key"]),
        ("sendgrid", {"api_key": "key"}, ["/credentials/api_key"]),
        ("postmark", {"basic_user": None, "basic_password": None, "path_secret": SECRET}, []),
        ("postmark", {"basic_user": None}, ["/credentials/basic_user"]),
        ("ses", {"topic_arn": None, "path_secret": SECRET}, ["/credentials/topic_arn"]),
        ("ses", {"topic_arn": "arn:aws:sqs:eu-west-1:123456789012:mail"}, ["/credentials/topic_arn"]),
        ("ses", {"basic_user": "sns", "basic_password": "a-long-password"}, []),
        ("ses", {"basic_user": "sns"}, ["/credentials/basic_password"]),
        ("ses", {"topic_arn": [calls.TOPIC, f"{calls.TOPIC}-2"]}, []),
        ("ses", {"topic_arn": [calls.TOPIC, "mail"]}, ["/credentials/topic_arn/1"]),
        ("postmark", {"basic_user": ["new-caller", "old-caller"]}, []),
        ("mailgun", {"api_key": ["key-new", "key-old"]}, []),
        ("mailgun", {"settings": {"signature_seconds": 36_000}}, []),
        ("mailgun", {"settings": {"signature_seconds": 10}}, ["/settings/signature_seconds"]),
        ("mailgun", {"settings": {"signature_seconds": 300_000}}, ["/settings/signature_seconds"]),
    ],
)
def test_each_provider_has_credentials_of_its_own(provider: str, changes: dict[str, Any], pointers: list[str]) -> None:
    assert sorted(problems(provider, **changes)) == pointers


def at(request: Request, subpath: str) -> Request:
    return replace(request, path=f"{request.path}/{subpath}", subpath=subpath)


def is_refused(request: Request, account: Account) -> bool:
    try:
        Email().verify(request, account)
    except InvalidSignature:
        return True
    return False


FIRST = {
    "mailgun": "mailgun_parsed.fields.json",
    "sendgrid": "sendgrid_raw.multipart",
    "postmark": "postmark_inbound.json",
    "ses": "ses_received_utf8.json",
}


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_a_secret_in_the_path_is_needed_beside_every_other_proof(provider: str) -> None:
    request, account = calls.fixture(FIRST[provider]), calls.account(provider, path_secret=["new-long-word", SECRET])
    Email().verify(at(request, SECRET), account)
    Email().verify(at(request, "new-long-word"), account)
    for subpath in ("", "other", f"{SECRET}/mime", f"mime/{SECRET}", SECRET.upper()):
        assert is_refused(at(request, subpath), account), subpath
    unproven = replace(request, body=b"{}", headers={})
    assert is_refused(at(unproven, SECRET), account)


@pytest.mark.parametrize(
    ("provider", "accepted"), [("sendgrid", True), ("postmark", True), ("mailgun", False), ("ses", False)]
)
def test_the_path_alone_proves_whom_nothing_else_has_to(provider: str, accepted: bool) -> None:
    request, account = calls.fixture(FIRST[provider]), calls.account(provider, path_secret=SECRET)
    names = PROVIDERS[provider].proof
    kept = {name: value for name, value in account.body.credentials.items() if name not in names}
    bare = replace(account, body=account.body.model_copy(update={"credentials": kept}))
    assert is_refused(at(replace(request, headers={"content-type": "x"}), SECRET), bare) is not accepted


FIXTURES = sorted(path.name for path in calls.PAYLOADS.iterdir() if path.name.partition("_")[0] in PROVIDERS)
LOOKS_LIKE_NOBODYS = {
    "mailgun_event_without_data.json",
    "mailgun_legacy_bounced.fields.json",
    "mailgun_legacy_clicked.fields.json",
    "mailgun_legacy_delivered.fields.json",
    "mailgun_legacy_dropped.fields.json",
    "mailgun_no_mail.fields.json",
    "postmark_no_mail.json",
    "sendgrid_no_events.json",
    "sendgrid_no_mail.fields.json",
}


@pytest.mark.parametrize("name", sorted(set(FIXTURES) - LOOKS_LIKE_NOBODYS))
def test_a_file_without_an_account_is_read_as_what_it_looks_like(name: str) -> None:
    request = calls.fixture(name)
    assert provider_by_shape(request) is PROVIDERS[name.partition("_")[0]]
    assert Email().parse(request, Account("local", "email", "main", AccountBody(credentials={})))


@pytest.mark.parametrize("name", sorted(LOOKS_LIKE_NOBODYS))
def test_what_looks_like_nobodys_is_read_as_a_mail(name: str) -> None:
    assert provider_by_shape(calls.fixture(name)) is None
    assert Email().parse(calls.fixture(name), Account("local", "email", "main", AccountBody(credentials={})))
