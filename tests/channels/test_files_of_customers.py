"""Files of customers, on every channel of the registry: whatever a fixture attaches is read over REST, or says that it has no file.

The platform is a stand-in that says where its files are, in each channel's own way. `tests/platform/http/test_downloads.py` has what
servers of files do to a connection: redirects, silence, wrong lengths.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from schemas.activity import Attachment
from schemas.configuration import Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.identity import PersonKey
from services.channels.abilities import find_abilities
from services.channels.port import Account
from services.channels.registry import CHANNELS
from services.platform.http.outgoing import HttpResponse, PermanentSendError, TransientSendError
from services.records.blobs import write_blob
from services.records.conversations import CONVERSATIONS, MESSAGES
from services.rest.files import is_file
from tests.channels.test_every_channel import WITH_WEBHOOKS, account_for, authentic, cases_of
from tests.configuration import configure
from tests.fakes import START
from tests.fakes.http import HttpCall
from tests.rest import Rest, open_rest, problem_of
from tests.router.test_routes import SHOP, conversation, message

ABILITIES = find_abilities(CHANNELS)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(1_000)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
PAGE = b"<!doctype html><script>alert(1)</script>"
FILE = f"{SHOP}/messages/m1/attachments/0"
NO_FILE = frozenset({"location", "contact"})
"""Kinds that are no files anywhere. What is `other` or a sticker without a file says by its details what it is."""


WITHOUT_FILES = frozenset({"reviews", "survey"})
"""Channels on which customers send no files."""
ADDRESS_BY_ID = frozenset({"line", "voice", "x"})
"""Channels whose files are at an address that is made of their id: there is nobody to be asked for it."""


@dataclass(frozen=True)
class Attached:
    """An attachment of a fixture, with the account by which it came."""

    path: Path
    account: Account
    attachment: Attachment

    @property
    def way(self) -> tuple[str, str, bool]:
        """What decides how the file is fetched."""
        return self.account.channel, self.attachment.kind, self.attachment.platform_id is None


def attached() -> Iterator[Attached]:
    for channel in WITH_WEBHOOKS:
        cases = cases_of(channel)
        for path in sorted(cases.PAYLOADS.iterdir()):
            account = _complete(account_for(cases, path))
            for activity in channel.parse(authentic(cases, path), account):
                yield from (Attached(path, account, one) for one in activity.attachments)


def _complete(account: Account) -> Account:
    """The account with what its platform wants of those who fetch files."""
    if account.channel != "email":
        return account
    credentials = {**account.body.credentials, "api_key": "key-of-the-shop"}
    return replace(account, body=account.body.model_copy(update={"credentials": credentials}))


ALL = list(attached())
FETCHED = list({one.way: one for one in ALL if is_file(one.attachment)}.values())
"""One attachment for each way in which a platform gives out a file."""
every_way = pytest.mark.parametrize("one", FETCHED, ids=lambda one: f"{one.account.channel}-{one.path.name}")


def answered(value: Any) -> HttpResponse:
    return HttpResponse(200, {}, json.dumps(value).encode())


def graph(call: HttpCall) -> HttpResponse | None:
    """The Graph API: a node of WhatsApp has an address, a message of the others has attachments."""
    if "graph." not in urlsplit(call.url).netloc:
        return None
    if "phone_number_id=" in call.url:
        return answered({"url": "https://lookaside.fbsbx.com/whatsapp_business/1"})
    url = "https://cdn.example.com/new"
    shown: dict[str, Any] = {"image_data": {"url": url}, "media": {"image": {"src": url}}}
    posted = {"images": [{"source": url}], "source": url, "attachment": shown}
    return answered({"attachments": {"data": [shown] * 10}, **posted})


def bot_api(call: HttpCall) -> HttpResponse | None:
    found = {"ok": True, "result": {"file_id": "f", "file_path": "photos/1.jpg"}}
    return answered(found) if call.url.endswith("/getFile") else None


def rubika(call: HttpCall) -> HttpResponse | None:
    found = {"status": "OK", "data": {"download_url": "https://files.example.com/1"}}
    return answered(found) if call.url.endswith("/getFile") and "/v3/" in call.url else None


Respond = Callable[[HttpCall], HttpResponse]


def platform(file: HttpResponse | Exception) -> Respond:
    """A platform that says where its files are, and gives out this one."""

    def respond(call: HttpCall) -> HttpResponse:
        located = rubika(call) or bot_api(call) or graph(call)
        if located is not None:
            return located
        if isinstance(file, Exception):
            raise file
        return file

    return respond


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest(file_bytes=100_000) as opened:
        await opened.workspace()
        yield opened


def has_file(rest: Rest, one: Attached, attachment: Attachment | None = None) -> None:
    """The message `m1` of the workspace has this attachment, from the account of the fixture."""
    name, account = one.account.channel, one.account
    profile = Versioned(body=WorkspaceBody(name="Shop"), version=1, at=START)
    accounts = {f"{name}/{account.id}": Versioned(body=account.body, version=2, at=START)}
    configure(rest.store, WorkspaceConfiguration(workspace="shop", version=9, profile=profile, accounts=accounts))
    person = f"{name}:{account.id}:7"
    case = conversation("c1", channel=name, account=account.id, person=person, key=f"shop/{person}")
    rest.store.insert(CONVERSATIONS, "c1", case)
    shown = (attachment or one.attachment).model_dump(mode="json")
    rest.store.insert(MESSAGES, "m1", message("m1", "1", channel=name, attachments=[shown]))


async def read(rest: Rest, one: Attached, file: HttpResponse | Exception) -> httpx2.Response:
    has_file(rest, one)
    rest.http.respond = platform(file)
    return await rest.request("GET", FILE)


def test_every_fixture_with_a_file_is_here() -> None:
    assert {one.account.channel for one in FETCHED} == {channel.name for channel in WITH_WEBHOOKS} - WITHOUT_FILES


@pytest.mark.parametrize("channel", [channel.name for channel in WITH_WEBHOOKS])
async def test_every_attachment_of_a_fixture_is_fetched_or_says_what_it_is_instead(rest: Rest, channel: str) -> None:
    for one in (one for one in ALL if one.account.channel == channel):
        where, attachment = one.path.name, one.attachment
        if attachment.digest is not None:
            continue  # it comes in the call: see below
        answer = await read(rest, one, HttpResponse(200, {}, PNG))
        if is_file(attachment):
            assert (answer.status_code, answer.content) == (200, PNG), f"{where}: {answer.text}"
            continue
        assert attachment.kind in NO_FILE or attachment.details.get("type"), where
        problem = problem_of(answer, 404)
        assert problem["reason"] == "attachment_without_file", where


@pytest.mark.parametrize("channel", sorted(ABILITIES.inline_files))
async def test_every_file_that_comes_in_a_call_is_read_from_our_store(rest: Rest, channel: str) -> None:
    inline = {one.path: one.account for one in ALL if one.account.channel == channel and one.attachment.digest}
    assert inline
    for path, account in inline.items():
        cases = cases_of(next(one for one in WITH_WEBHOOKS if one.name == channel))
        contents = {
            file.digest: file.content for file in ABILITIES.inline_files[channel].files(authentic(cases, path), account)
        }
        for one in (one for one in ALL if one.path == path and one.attachment.digest):
            content = contents[str(one.attachment.digest)]
            person = PersonKey("shop", f"{channel}:{account.id}:7")
            await write_blob(rest.store, "b1", content, workspace="shop", at=START, person=person)
            has_file(rest, one, one.attachment.model_copy(update={"blob": "b1"}))
            answer = await rest.request("GET", FILE)
            assert (answer.status_code, answer.content) == (200, content), path.name
            part = await rest.request("GET", FILE, range="bytes=1-2")
            assert (part.status_code, part.content) == (206, content[1:3]), path.name


# What the server of the file does → the status of our answer, the code of a problem, and the type of a file
SERVERS: dict[str, tuple[HttpResponse | Exception, int, str]] = {
    "it is gone": (HttpResponse(404, {}, b"no"), 404, "not_found"),
    "its link has expired": (HttpResponse(403, {}, b"URL signature expired"), 404, "not_found"),
    "it is silent": (TransientSendError("the download broke off"), 503, "service_unavailable"),
    "it leads into our network": (PermanentSendError("target", "private"), 502, "address_not_allowed"),
    "it is larger than allowed": (HttpResponse(200, {}, bytes(100_001)), 502, "file_too_large"),
    "it has no byte": (HttpResponse(200, {"content-type": "image/png"}, b""), 200, "application/octet-stream"),
    "it is a page": (HttpResponse(200, {"content-type": "image/png"}, PAGE), 200, "application/octet-stream"),
    "it is a drawing": (HttpResponse(200, {"content-type": "image/svg+xml"}, SVG), 200, "application/octet-stream"),
    "it is called a page": (HttpResponse(200, {"content-type": "text/html"}, PNG), 200, "image/png"),
}


@every_way
async def test_whatever_the_server_of_a_file_does_the_answer_is_safe_and_says_why(rest: Rest, one: Attached) -> None:
    for what, (file, status, described) in SERVERS.items():
        answer = await read(rest, one, file)
        assert answer.status_code == status, f"{what}: {answer.text}"
        if status != 200:
            assert problem_of(answer, status)["code"] == described, what
            assert ("retry-after" in answer.headers) == (status == 503)
            continue
        assert isinstance(file, HttpResponse)
        assert (answer.headers["content-type"], answer.content) == (described, file.body), what
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-disposition"].startswith("attachment"), what
        assert "sandbox" in answer.headers["content-security-policy"]


@every_way
async def test_a_part_of_a_file_is_fetched(rest: Rest, one: Attached) -> None:
    has_file(rest, one)
    rest.http.respond = platform(HttpResponse(200, {}, PNG))
    answer = await rest.request("GET", FILE, range="bytes=2-5")
    assert (answer.status_code, answer.content) == (206, PNG[2:6])
    assert answer.headers["content-range"] == f"bytes 2-5/{len(PNG)}"


@every_way
async def test_where_a_file_is_is_asked_anew_each_time(rest: Rest, one: Attached) -> None:
    """Where a platform can be asked: a link of a webhook expires, and none is stored."""
    counts = []
    for _ in range(2):
        rest.http.calls.clear()
        assert (await read(rest, one, HttpResponse(200, {}, PNG))).status_code == 200
        counts.append(len(rest.http.calls))
    is_asked = one.attachment.platform_id is not None and one.account.channel not in ADDRESS_BY_ID
    assert counts == [1 + is_asked] * 2


@every_way
async def test_no_answer_has_the_address_or_a_credential_of_the_platform(rest: Rest, one: Attached) -> None:
    shown = ""
    for file in (HttpResponse(200, {}, PNG), HttpResponse(404, {}, b""), TransientSendError("no")):
        answer = await read(rest, one, file)
        shown += f"{dict(answer.headers)} {answer.text}"
    secrets = [str(value) for value in one.account.body.credentials.values() if len(str(value)) > 7]
    hidden = [call.url for call in rest.http.calls] + secrets
    assert [text for text in hidden if text in shown] == []
