"""LinkedIn, Eitaa and the shop's own app: the channels understand what their stand-ins answer, also when these fail on request."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.activity import Address
from schemas.configuration import AccountBody
from schemas.outbound import ChannelAction, OutboundAttachment, OutboundMessage
from schemas.values import EncryptedText
from services.channels.api import Api
from services.channels.eitaa import Eitaa
from services.channels.linkedin import Linkedin
from services.channels.port import Account, Channel, CredentialsRejected, OutgoingFile, SendReceipt
from services.demo.accounts import StandIns, derive_credentials
from services.demo.app_customers import secret_of
from services.demo.channels import accounts
from services.demo.eitaa import FakeEitaa
from services.demo.faults import Fault, FaultKind
from services.demo.linkedin import ORGANIZATION, FakeLinkedin
from services.demo.photo import PHOTO
from services.demo.shop_app import ShopApp
from services.platform.http.outgoing import PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.test_every_channel import message_to
from tests.fakes import AppHttp
from tests.fakes.http import held

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "http://stand-in"
CREDENTIALS = derive_credentials("a key", "demo")
BODIES = accounts(CREDENTIALS, StandIns(URL, "smtp://nobody"))
POST = "urn:li:activity:71"
Fake = FakeLinkedin | FakeEitaa | ShopApp
ALL: dict[str, tuple[Channel, Callable[[], Fake]]] = {
    "linkedin": (Linkedin(), FakeLinkedin),
    "eitaa": (Eitaa(), FakeEitaa),
    "api": (Api(), lambda: ShopApp(secret=secret_of(CREDENTIALS))),
}
every_stand_in = pytest.mark.parametrize("name", ALL)


class Connected:
    """A channel, its account and its stand-in."""

    def __init__(self, name: str, fake: Fake, account: Account, http: AppHttp) -> None:
        self.channel, self.fake, self.account, self.http = ALL[name][0], fake, account, http

    def message(self, **changes: Any) -> OutboundMessage:
        to = Address(chat=POST if self.account.channel == "linkedin" else "person-1")
        return message_to(self.channel, self.account).model_copy(update={"address": to, **changes})

    async def send(self, **changes: Any) -> SendReceipt:
        return await self.channel.send(self.message(**changes), self.account, self.http)


async def connected(name: str, fake: Fake | None = None) -> Connected:
    fake = fake or ALL[name][1]()
    account = Account("demo", name, "main", AccountBody.model_validate(BODIES[name]))
    http = AppHttp(app=fake.app, base=f"{URL}/{name}")
    if name == "linkedin":
        account = replace(account, tokens=(await Linkedin().refresh(account, NOW, http)).tokens)
    return Connected(name, fake, account, http)


@every_stand_in
async def test_what_is_taken_is_listed_under_the_id_that_the_channel_is_given(name: str) -> None:
    its = await connected(name)
    receipt = await its.send()
    [item] = its.fake.log.items
    assert (item["channel"], item["text"]) == (name, "hello")
    assert str(item["id"]) in str(receipt.platform_id)
    assert receipt.aliases


@every_stand_in
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("rate_limited", TransientSendError),
        ("error", (TransientSendError, SendOutcomeUnknown)),
        ("blocked", PermanentSendError),
        ("refused", PermanentSendError),
    ],
)
async def test_a_fault_is_answered_as_the_platform_would(name: str, kind: FaultKind, error: type[Exception]) -> None:
    its = await connected(name)
    its.fake.faults.append(Fault(kind=kind))
    with pytest.raises(error):
        await its.send()
    assert not its.fake.log.items
    await its.send()


async def test_linkedin_takes_comments_of_the_page_alone_and_deletes_them_once() -> None:
    its = await connected("linkedin")
    receipt = await its.send()
    known = its.message()
    deletion = ChannelAction(
        **known.model_dump(include={"conversation", "key", "workspace", "channel", "account", "address"}),
        id="a1",
        surface="public",
        kind="delete",
        message=known.id,
        platform_id=receipt.platform_id,
        accepted_at=NOW,
    )
    await Linkedin().perform(deletion, its.account, its.http)
    with pytest.raises(PermanentSendError, match="does not exist"):
        await Linkedin().perform(deletion, its.account, its.http)
    with pytest.raises(PermanentSendError, match="length"):
        await its.send(text=EncryptedText(text="x" * 1251))
    body = its.account.body.model_copy(update={"credentials": {"organization": f"{ORGANIZATION}9"}})
    its.account = replace(its.account, body=body)
    with pytest.raises(CredentialsRejected):
        await its.send()


async def test_eitaa_takes_a_file_with_the_text_beside_it() -> None:
    known = OutboundAttachment(blob="b1", kind="image", media_type="image/png", size_bytes=len(PHOTO), name="mug.png")
    its = await connected("eitaa")
    await Eitaa().send_files(its.message(), [OutgoingFile(known, held(PHOTO))], its.account, its.http)
    [item] = its.fake.log.items
    assert (item["text"], item["file"]) == ("hello", {"name": "mug.png", "size_bytes": len(PHOTO)})


async def test_the_app_takes_a_repeated_call_once_and_no_call_of_a_stranger() -> None:
    its = await connected("api")
    assert await its.send() == await its.send()
    assert len(its.fake.log.items) == 1
    its = await connected("api", ShopApp(secret="whsec_" + "A" * 32))
    with pytest.raises(CredentialsRejected):
        await its.send()
    its = await connected("api", ShopApp())
    with pytest.raises(TransientSendError):
        await its.send()
