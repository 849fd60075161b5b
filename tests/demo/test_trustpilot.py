"""The stand-in of Trustpilot gives tokens and takes one reply to each review, and the channel understands its answers."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from schemas.configuration import AccountBody
from services.channels.port import Account, CredentialsRejected
from services.channels.reviews.channel import Reviews
from services.demo.accounts import StandIns, derive_credentials
from services.demo.channels import accounts
from services.demo.faults import Fault, FaultKind
from services.demo.trustpilot import FakeTrustpilot
from services.platform.http.outgoing import PermanentSendError, TransientSendError
from tests.channels.reviews.test_send import action, send
from tests.fakes import AppHttp

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "http://stand-in"
BODY = accounts(derive_credentials("a key", "demo"), StandIns(URL, "smtp://nobody"))["reviews"]
ACCOUNT = Account("demo", "reviews", "main", AccountBody.model_validate(BODY))


async def connected(http: AppHttp) -> Account:
    """The account with the token that the stand-in gave."""
    renewed = await Reviews().refresh(ACCOUNT, AT, http)
    return replace(ACCOUNT, tokens=renewed.tokens)


async def test_a_reply_is_taken_once_replaced_and_deleted() -> None:
    fake = FakeTrustpilot()
    http = AppHttp(app=fake.app, base=f"{URL}/reviews")
    account = await connected(http)
    await send(http, account)
    await Reviews().perform(action("edit", "r1", "r1/reply"), account, http)
    assert fake.replies == {"r1": "better"}
    assert [item["text"] for item in fake.log.items] == ["hello", "better"]
    await Reviews().perform(action("delete", "r1", "r1/reply"), account, http)
    assert fake.replies == {}
    with pytest.raises(PermanentSendError) as raised:
        await Reviews().perform(action("delete", "r1", "r1/reply"), account, http)
    assert raised.value.code == "not_found"


async def test_without_its_token_nothing_is_taken() -> None:
    http = AppHttp(app=FakeTrustpilot().app, base=f"{URL}/reviews")
    with pytest.raises(CredentialsRejected):
        await send(http, replace(ACCOUNT, tokens={"access_token": "another"}))
    stranger = replace(
        ACCOUNT,
        body=ACCOUNT.body.model_copy(update={"credentials": {**ACCOUNT.body.credentials, "api_secret": ""}}),
    )
    with pytest.raises(CredentialsRejected):
        await Reviews().refresh(stranger, AT, http)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("rate_limited", TransientSendError),
        ("error", TransientSendError),
        ("blocked", PermanentSendError),
        ("refused", PermanentSendError),
    ],
)
async def test_a_fault_is_answered_as_trustpilot_would(kind: FaultKind, error: type[Exception]) -> None:
    fake = FakeTrustpilot()
    http = AppHttp(app=fake.app, base=f"{URL}/reviews")
    account = await connected(http)
    fake.faults.append(Fault(kind=kind))
    with pytest.raises(error):
        await send(http, account)
    await send(http, account)
    assert fake.replies == {"r1": "hello"}
