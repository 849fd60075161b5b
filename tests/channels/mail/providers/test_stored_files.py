"""Files of mails that a route of Mailgun stored: where they are, and who gets the API key."""

import base64

import pytest

from schemas.activity import Attachment
from services.channels.email import Email
from services.platform.http.outgoing import HttpResponse, PermanentSendError
from tests.channels.mail.providers import calls
from tests.fakes import FakeHttp

STORED = "https://storage-eu.api.mailgun.net/v3/domains/shop.example/messages/AgEF/attachments/0"
HTTP = FakeHttp(lambda call: HttpResponse(500, {}, b""))


async def test_a_stored_file_is_read_with_the_newest_api_key_of_the_account() -> None:
    account = calls.account("mailgun", api_key=["key-new", "key-old"])
    channel = Email()
    (message,) = channel.parse(calls.fixture("mailgun_stored.fields.json"), account)
    location = await channel.locate(message.attachments[0], account, HTTP)
    assert location.url == STORED
    assert location.headers == {"authorization": "Basic " + base64.b64encode(b"api:key-new").decode()}
    assert HTTP.calls == []


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "http://storage-eu.api.mailgun.net/v3/x",
        "https://evil.example/v3/x",
        "https://api.mailgun.net.evil.example/v3/x",
        "https://evil.example/api.mailgun.net",
        "https://api.mailgun.net@evil.example/v3/x",
        "https://api.mailgun.net:8443/v3/x",
        "https://evilmailgun.net/v3/x",
    ],
)
async def test_nobody_but_mailgun_gets_the_api_key(url: str | None) -> None:
    account = calls.account("mailgun", api_key="key-new")
    with pytest.raises(PermanentSendError) as refused:
        await Email().locate(Attachment(kind="file", url=url), account, HTTP)
    assert refused.value.code == "not_found"


async def test_without_an_api_key_the_file_is_refused_with_what_is_missing() -> None:
    with pytest.raises(PermanentSendError, match="no api_key") as refused:
        await Email().locate(Attachment(kind="video", url=STORED), calls.account("mailgun"), HTTP)
    assert refused.value.code == "credentials"
