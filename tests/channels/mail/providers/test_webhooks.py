"""The providers at the door: what they are answered, what is published, and what large mails do to the others."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from schemas.activity import Activity
from schemas.configuration import Versioned, WorkspaceBody, WorkspaceConfiguration
from services.channels.email import Email
from services.channels.port import Account, Request
from services.platform.http.outgoing import HttpResponse
from services.records.accounts import ACCOUNT_CALLS, INCOMPLETE_WITHIN, account_health
from services.records.blobs import read_blob
from tests.channels.mail.providers import calls
from tests.configuration import configure
from tests.fakes import START, FakeHttp, HttpCall
from tests.ingest.harness import Ingest, Response

CONFIRM = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37fb687f5d51e6e2425e"
CONFIRMATION = {"Type": "SubscriptionConfirmation", "Token": "2336412f37fb687f5d51e6e2425e", "SubscribeURL": CONFIRM}


def amazon(call: HttpCall) -> HttpResponse:
    """Amazon: the certificate at its address, and 200 for a confirmation."""
    return HttpResponse(200, {}, calls.sns_certificate() if call.url == calls.CERTIFICATE_URL else b"<ok/>")


def door(account: Account, http: FakeHttp | None = None) -> Ingest:
    ingest = Ingest(http=http or FakeHttp(amazon), at=calls.RECEIVED)
    ingest.serve({"email": Email()})
    profile = Versioned(body=WorkspaceBody(name="Shop"), version=1, at=START)
    accounts = {"email/main": Versioned(body=account.body, version=2, at=START)}
    configure(ingest.store, WorkspaceConfiguration(workspace="shop", version=2, profile=profile, accounts=accounts))
    return ingest


async def post(ingest: Ingest, request: Request) -> Response:
    headers = {"x-telegram-bot-api-secret-token": "", **request.headers}
    return await ingest.call(request.body, path=request.path, headers=headers)


def activities(ingest: Ingest) -> list[Activity]:
    return [event.payload_as(Activity) for event in ingest.events]


# -- sns ---------------------------------------------------------------------------------------------------------------


async def test_a_subscription_is_confirmed_at_amazon_and_publishes_nothing() -> None:
    ingest = door(calls.account("ses"))
    answer = await post(ingest, calls.sns_call(calls.sns_envelope(**CONFIRMATION)))
    assert answer.status == 200
    assert [call.url for call in ingest.http.calls] == [calls.CERTIFICATE_URL, CONFIRM]
    assert ingest.events == []


async def test_the_subscription_of_a_strangers_topic_makes_us_call_nobody() -> None:
    ingest = door(calls.account("ses"))
    stranger = calls.sns_envelope(**CONFIRMATION, TopicArn="arn:aws:sns:eu-west-1:999999999999:mail")
    assert (await post(ingest, calls.sns_call(stranger))).status == 401
    assert ingest.http.calls == []


async def test_a_confirmation_that_amazon_does_not_take_is_repeated_by_amazon() -> None:
    def refusing(call: HttpCall) -> HttpResponse:
        return amazon(call) if call.url == calls.CERTIFICATE_URL else HttpResponse(403, {}, b"")

    ingest = door(calls.account("ses"), FakeHttp(refusing))
    assert (await post(ingest, calls.sns_call(calls.sns_envelope(**CONFIRMATION)))).status == 503


async def test_a_certificate_that_cannot_be_fetched_is_no_forgery() -> None:
    ingest = door(calls.account("ses"), FakeHttp(lambda call: HttpResponse(500, {}, b"")))
    assert (await post(ingest, calls.fixture("ses_received_utf8.json"))).status == 503


async def test_sns_is_challenged_and_answers() -> None:
    ingest = door(calls.account("ses", basic_user="sns", basic_password="a-long-password"))
    request = calls.fixture("ses_received_utf8.json")
    asked = await post(ingest, request)
    assert asked.status == 401
    assert asked.headers["www-authenticate"].startswith("Basic realm=")
    answered = {**request.headers, "authorization": calls.basic("sns", "a-long-password")}
    assert (await post(ingest, replace(request, headers=answered))).status == 200
    assert [activity.kind for activity in activities(ingest)] == ["message"]


async def test_a_mail_that_ses_left_in_a_bucket_is_published_as_unknown_and_says_so() -> None:
    ingest = door(calls.account("ses"))
    assert (await post(ingest, calls.fixture("ses_received_s3.json"))).status == 200
    (found,) = activities(ingest)
    assert (found.kind, found.details) == ("unknown", {"type": "mail_without_content"})


async def test_mails_that_ses_leaves_in_a_bucket_are_a_finding_of_the_accounts_health_for_a_day() -> None:
    ingest = door(calls.account("ses"))
    for _ in range(2):
        await post(ingest, calls.fixture("ses_received_s3.json"))
    await post(ingest, calls.fixture("ses_received_utf8.json"))
    await ingest.recorder.write()
    stored = ingest.noted.find(ACCOUNT_CALLS, "shop/email:main")
    assert stored is not None
    assert (stored.counts.received, stored.counts.published) == (3, 3)
    health = account_health(stored, [], None, calls.RECEIVED)
    assert (health.state, health.without_content, health.last_without_content_at) == ("incomplete", 2, calls.RECEIVED)
    assert health.detail == (
        "Mails arrive without their content, because the SES receipt rule puts them into a bucket: give the rule the action "
        "Publish to Amazon SNS topic (encoding Base64) in place of the topic of its S3 action; the mails until then are in the "
        f"bucket. So far 2, the last at {calls.RECEIVED:%H:%M} UTC."
    )
    after = account_health(stored, [], None, calls.RECEIVED + INCOMPLETE_WITHIN)
    assert (after.state, after.detail, after.without_content) == ("ok", "", 2)


# -- the others --------------------------------------------------------------------------------------------------------


async def test_postmark_without_its_password_is_challenged() -> None:
    ingest = door(calls.account("postmark"))
    request = calls.fixture("postmark_inbound.json")
    asked = await post(ingest, replace(request, headers={"content-type": "application/json"}))
    assert (asked.status, "www-authenticate" in asked.headers) == (401, True)
    assert (await post(ingest, request)).status == 200


@pytest.mark.parametrize("provider", ["mailgun", "sendgrid", "postmark", "ses"])
async def test_a_repeated_call_has_the_ids_of_the_first(provider: str) -> None:
    name = {
        "mailgun": "mailgun_parsed_with_files.fields.json",
        "sendgrid": "sendgrid_parsed_with_files.fields.json",
        "postmark": "postmark_inbound_with_files.json",
        "ses": "ses_received_utf8.json",
    }[provider]
    ingest = door(calls.account(provider))
    for _ in range(2):
        assert (await post(ingest, calls.fixture(name))).status == 200
    first, again = activities(ingest)
    assert (first.id, first.message, first.attachments) == (again.id, again.message, again.attachments)
    for attachment in first.attachments:
        if attachment.digest is not None:
            assert await read_blob(ingest.store, "shop", attachment.blob or "") is not None


async def test_a_body_that_cannot_be_read_is_answered_with_success_so_that_nobody_repeats_it_for_hours() -> None:
    ingest = door(calls.account("sendgrid"))
    broken = calls.sendgrid_signed(calls.call(b"--xYzZY\r\nno header", "multipart/form-data; boundary=xYzZY"))
    assert (await post(ingest, broken)).status == 200
    assert ingest.events == []


# -- large mails -------------------------------------------------------------------------------------------------------


async def test_a_mail_of_thirty_megabytes_is_read_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    ingest = door(calls.account("mailgun"))
    threads: dict[str, threading.Thread] = {}

    def noting(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any) -> Any:
            threads[name] = threading.current_thread()
            return method(*arguments)

        return noted

    for name in ("verify", "parse", "files"):
        monkeypatch.setattr(Email, name, noting(name, getattr(Email, name)))
    file = {"file": "film.mp4", "type": "video/mp4", "base64": "A" * 40_000_000}
    fields = [
        ("from", "Mina <mina@karimi.example>"),
        ("subject", "Film"),
        ("body-plain", "See it."),
        ("attachment-1", file),
    ]
    request = calls.form_call([*fields, *calls.mailgun_signature().items()])
    assert len(request.body) > 30_000_000
    assert (await post(ingest, request)).status == 200
    (mail,) = activities(ingest)
    assert [one.size_bytes for one in mail.attachments] == [30_000_000]
    assert set(threads) == {"verify", "parse", "files"}
    assert threading.current_thread() not in threads.values()
