"""What every channel of the registry keeps to. A new one is held to it by its folder `tests/channels/<name>` alone.

`cases.py` there says what a call of the platform is: see `Cases`. Its fixtures are the files of `payloads/`.
"""

import importlib
import random
import traceback
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import urlsplit

import orjson
import pytest

from schemas.activity import Address
from schemas.configuration import Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.conversation import Author
from schemas.outbound import OutboundMessage
from schemas.values import EncryptedText
from services.channels.abilities import find_abilities
from services.channels.port import Account, Channel, InvalidPayload, InvalidSignature, Request
from services.channels.registry import CHANNELS, account_rules
from services.ingest.parsing import EPOCH, READ_AT, preview_activities
from services.platform.http.outgoing import HttpResponse, PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.configuration import configure
from tests.examples import scaled
from tests.fakes import START, FakeHttp, HttpCall
from tests.ingest.harness import Ingest

MUTATIONS, PARSED_MUTATIONS = scaled(400), scaled(100)
"""How many other bodies are made of each fixture to be verified, and to be parsed, which takes ten times as long."""
NEED_ACCOUNT: Mapping[str, set[str]] = defaultdict(
    lambda: {"unknown"}, email={"unknown", "receipt", "echo"}, x={"unknown", "echo"}
)
"""Kinds that take an account to read: a mail or a post of ours is known by the account that wrote it."""
WITHOUT_WEBHOOKS = {
    "webchat": "browsers call /webchat, and there is no platform in between",
    "eitaa": "it only sends: eitaayar.ir calls nobody",
}


class Cases(Protocol):
    """The module `tests.channels.<name>.cases`.

    `ADDRESS`, if there is one, is an address that can be written to. `SIGNS_BODY`: the proof covers the body. `PROOF` names the headers that carry the proof, `subpath` among them for a secret
    in the path. A module whose fixtures need calls or accounts of different kinds (mail) has `fixture_request(path)` and
    `fixture_account(path)` as well.
    """

    PAYLOADS: Path
    SIGNS_BODY: bool
    PROOF: tuple[str, ...]

    def account(self) -> Account: ...

    def request(self, body: bytes) -> Request: ...


def cases_of(channel: Channel) -> Cases:
    return cast(Cases, importlib.import_module(f"tests.channels.{channel.name}.cases"))


def authentic(cases: Cases, path: Path) -> Request:
    request: Request = getattr(cases, "fixture_request", lambda path: cases.request(path.read_bytes()))(path)
    return request


def account_for(cases: Cases, path: Path) -> Account:
    """The account that a fixture is for."""
    account: Account = getattr(cases, "fixture_account", lambda path: cases.account())(path)
    return account


WITH_WEBHOOKS = [channel for channel in CHANNELS if channel.name not in WITHOUT_WEBHOOKS]
every_channel = pytest.mark.parametrize("channel", WITH_WEBHOOKS, ids=lambda channel: channel.name)


def fixtures_of(channel: Channel) -> Iterator[tuple[str, Account, Request]]:
    """Each fixture: its name, the account that it is for, and an authentic call.

    There are hundreds, so they are subtests: a test for each would take five times as long.
    """
    cases = cases_of(channel)
    for path in sorted(cases.PAYLOADS.iterdir()):
        yield path.name, account_for(cases, path), authentic(cases, path)


@every_channel
def test_a_channel_has_fixtures_and_an_account_that_its_model_accepts(channel: Channel) -> None:
    cases = cases_of(channel)
    assert any(cases.PAYLOADS.iterdir())
    assert account_rules(channel).problems(cases.account().body) == []


@every_channel
def test_an_authentic_body_gives_activities_of_its_account(channel: Channel, subtests: pytest.Subtests) -> None:
    for name, account, request in fixtures_of(channel):
        with subtests.test(name):
            channel.verify(request, account)
            found = channel.parse(request, account)
            assert found
            owners = {(a.workspace, a.channel, a.account) for a in found}
            assert owners == {(account.workspace, channel.name, account.id)}
            assert len({a.id for a in found}) == len(found)
            assert {a.received_at for a in found} == {request.received_at}
            scope = f"{channel.name}:{account.id}:"
            assert all(a.person.startswith(scope) and a.person != scope for a in found)


@every_channel
def test_files_that_come_in_a_body_are_those_that_its_attachments_name(
    channel: Channel, subtests: pytest.Subtests
) -> None:
    source = find_abilities([channel]).inline_files.get(channel.name)
    for name, account, request in fixtures_of(channel):
        with subtests.test(name):
            attachments = [one for a in channel.parse(request, account) for one in a.attachments]
            named = {one.digest for one in attachments if one.digest is not None}
            assert named <= ({file.digest for file in source.files(request, account)} if source else set())


@every_channel
def test_a_repeat_has_the_same_ids_whenever_it_comes(channel: Channel, subtests: pytest.Subtests) -> None:
    for name, account, request in fixtures_of(channel):
        with subtests.test(name):
            later = replace(request, received_at=request.received_at + timedelta(hours=3))
            first, again = channel.parse(request, account), channel.parse(later, account)
            assert [(a.id, a.message) for a in again] == [(a.id, a.message) for a in first]
            other = [a.id for a in channel.parse(request, replace(account, id="other"))]
            assert not {a.id for a in first} & set(other)


@every_channel
def test_the_command_line_states_the_times_that_the_platform_states(
    channel: Channel, subtests: pytest.Subtests
) -> None:
    for name, account, request in fixtures_of(channel):
        with subtests.test(name):
            subpath = f"{request.subpath}?{request.raw_query}" if request.raw_query else request.subpath
            printed = preview_activities(
                channel.name, request.body, headers=request.headers, subpath=subpath, account_body=account.body
            )
            parsed = channel.parse(replace(request, received_at=max(request.received_at, READ_AT)), account)
            times = [(a.sent_at, a.original_sent_at, a.watermark) for a in parsed]
            assert [(a.sent_at, a.original_sent_at, a.watermark) for a in printed] == times
            assert {a.received_at for a in printed} == {EPOCH}


@every_channel
def test_the_command_line_reads_a_file_without_an_account(channel: Channel, subtests: pytest.Subtests) -> None:
    for name, account, request in fixtures_of(channel):
        with subtests.test(name):
            subpath = f"{request.subpath}?{request.raw_query}" if request.raw_query else request.subpath
            printed = preview_activities(channel.name, request.body, headers=request.headers, subpath=subpath)
            kinds = {a.kind for a in channel.parse(request, account)}
            assert {a.kind for a in printed} >= kinds - NEED_ACCOUNT[channel.name]


def serving(public_keys: Mapping[str, bytes]) -> FakeHttp:
    """A platform that serves these documents by their URLs."""
    return FakeHttp(lambda call: HttpResponse(200, {}, public_keys[call.url]))


@every_channel
async def test_a_fixture_is_published_by_its_webhook_and_answered_with_success(
    channel: Channel, subtests: pytest.Subtests
) -> None:
    for name, account, request in fixtures_of(channel):
        with subtests.test(name):
            ingest = Ingest(http=serving(request.public_keys), at=request.received_at)
            ingest.serve({channel.name: channel})
            profile = Versioned(body=WorkspaceBody(name="Shop"), version=1, at=START)
            accounts = {f"{channel.name}/{account.id}": Versioned(body=account.body, version=2, at=START)}
            configuration = WorkspaceConfiguration(
                workspace=account.workspace, version=2, profile=profile, accounts=accounts
            )
            configure(ingest.store, configuration)
            answered = await ingest.call(
                request.body,
                path=request.path,
                query=request.raw_query,
                headers={"x-telegram-bot-api-secret-token": "", **request.headers},
            )
            assert answered.status // 100 == 2
            assert [event.id for event in ingest.events]


# -- proof ---------------------------------------------------------------------------------------------------------------


def mutations(text: bytes, chance: random.Random, count: int = MUTATIONS) -> Iterator[bytes]:
    """Other bytes than these: each with a byte changed, left out or added, cut, or doubled."""
    for _ in range(count):
        at = chance.randrange(len(text))
        changed = bytes([text[at] ^ (1 << chance.randrange(8))])
        kept = (changed, b"", text[at : at + 1] + changed)[chance.randrange(3)]
        yield text[:at] + kept + text[at + 1 :]
    yield from (text[: len(text) // 2], text + text, text + b" ", b"")


def is_refused(channel: Channel, request: Request, account: Account) -> bool:
    try:
        channel.verify(request, account)
    except InvalidSignature:
        return True
    return False


# The others prove themselves by a secret that they repeat, whatever the body is.
@pytest.mark.parametrize(
    "channel", [one for one in WITH_WEBHOOKS if cases_of(one).SIGNS_BODY], ids=lambda channel: channel.name
)
def test_no_mutation_of_a_signed_body_is_accepted(channel: Channel) -> None:
    cases, chance = cases_of(channel), random.Random(7)
    for path in sorted(cases.PAYLOADS.iterdir()):
        account, request = account_for(cases, path), authentic(cases, path)
        for body in mutations(request.body, chance):
            assert body == request.body or is_refused(channel, replace(request, body=body), account), path.name


@every_channel
def test_no_mutation_of_a_proof_is_accepted(channel: Channel) -> None:
    cases, chance = cases_of(channel), random.Random(8)
    path = min(cases.PAYLOADS.iterdir())
    account, request = account_for(cases, path), authentic(cases, path)
    assert cases.PROOF
    for name in cases.PROOF:
        value = request.subpath if name == "subpath" else request.headers[name]
        for changed in (other.decode("latin-1") for other in mutations(value.encode(), chance)):
            # Headers and paths come without spaces around them, and a list of signatures may hold one that fits.
            if value in changed.split() or changed.strip() == value:
                continue
            forged = (
                replace(request, subpath=changed)
                if name == "subpath"
                else replace(request, headers={**request.headers, name: changed})
            )
            assert is_refused(channel, forged, account), name


@every_channel
def test_nothing_is_accepted_for_an_account_without_secrets(channel: Channel) -> None:
    cases = cases_of(channel)
    path = min(cases.PAYLOADS.iterdir())
    account, request = account_for(cases, path), authentic(cases, path)
    bare = replace(account, body=account.body.model_copy(update={"credentials": {}}))
    assert is_refused(channel, request, bare)
    assert is_refused(channel, replace(request, headers={}, subpath="", query={}, raw_query=""), bare)
    assert is_refused(channel, replace(request, headers={}, subpath="", query={}, raw_query=""), account)


# -- secrets -------------------------------------------------------------------------------------------------------------


def secrets_of(channel: Channel, account: Account) -> list[str]:
    """The credentials of the account that its model marks as secret, of one that is a URL the password too."""
    names = {pointer.split("/")[2] for pointer in account_rules(channel).secrets(account.body)}
    secrets = [secret for name in names for secret in account.secrets(name)]
    logins = [parts for parts in map(urlsplit, secrets) if parts.password]
    encoded = [b64encode(f"\0{one.username}\0{one.password}".encode()).decode() for one in logins]
    return [*secrets, *(str(one.password) for one in logins), *encoded]


def printed(error: Exception) -> str:
    """All that a log could show of an error: its causes too."""
    return "".join(traceback.format_exception(error))


@every_channel
def test_no_error_about_a_call_quotes_a_secret(channel: Channel) -> None:
    cases, chance = cases_of(channel), random.Random(9)
    texts, secrets = list[str](), set[str]()
    for path in sorted(cases.PAYLOADS.iterdir()):
        account, request = account_for(cases, path), authentic(cases, path)
        secrets |= set(secrets_of(channel, account))
        # A near miss, so that an error that quotes what was expected, or what came, is found out.
        near = {name: f"{value}x" for name, value in request.headers.items()}
        for forged in (replace(request, headers=near, subpath=f"{request.subpath}x"), replace(request, headers={})):
            try:
                channel.verify(forged, account)
            except InvalidSignature as error:
                texts.append(printed(error))
        for body in (
            *mutations(request.body, chance, PARSED_MUTATIONS),
            "".join(secrets_of(channel, account)).encode(),
        ):
            try:
                channel.parse(replace(request, body=body), account)
            except InvalidPayload as error:
                texts.append(printed(error))
    assert texts
    assert not [secret for secret in secrets if secret in "".join(texts)]


def message_to(channel: Channel, account: Account) -> OutboundMessage:
    return OutboundMessage(
        id="0195511e-0000-7000-8000-00000000000a",
        conversation="c-1",
        key=f"{account.workspace}/{channel.name}:{account.id}:70001",
        workspace=account.workspace,
        channel=channel.name,
        account=account.id,
        surface="private",
        address=Address(chat=getattr(cases_of(channel), "ADDRESS", "70001")),
        author=Author(kind="agent", id="sara", name="Sara"),
        text=EncryptedText(text="hello"),
        accepted_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
    )


@every_channel
async def test_no_error_of_a_send_quotes_a_secret(channel: Channel) -> None:
    account = cases_of(channel).account()
    secrets = secrets_of(channel, account)

    def quoting(status: int) -> FakeHttp:
        """A platform that quotes all that it was sent in its answer."""

        def respond(call: HttpCall) -> HttpResponse:
            quoted = f"{call.url} {call.headers} {call.body.decode()}"
            return HttpResponse(status, {}, orjson.dumps({"ok": False, "error_code": status, "description": quoted}))

        return FakeHttp(respond)

    def failing(kind: type[Exception]) -> FakeHttp:
        def respond(call: HttpCall) -> HttpResponse:
            detail = f"failed: {call.url} {call.headers}"
            raise kind("target", detail) if kind is PermanentSendError else kind(detail)

        return FakeHttp(respond)

    texts: list[str] = []
    statuses = (400, 401, 403, 404, 409, 413, 429, 500, 502, 503)
    for http in (*map(quoting, statuses), *map(failing, (TransientSendError, PermanentSendError, SendOutcomeUnknown))):
        try:
            await channel.send(message_to(channel, account), account, http)
        except Exception as error:  # noqa: BLE001 -- whatever it is, a log may show it
            texts.append(printed(error))
    assert len(texts) == len(statuses) + 3
    # A header with a signature is no secret; what signs it is.
    assert not [text for text in texts if any(secret in text for secret in secrets)]
