"""Mail through a running installation: calls of three providers in, answers to a mail server out, and what became of them."""

import email.policy
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest

from services.channels.port import Request
from services.demo.smtp import TakenMail, smtp_server
from tests.channels.mail.providers import calls
from tests.live.installation import ADMIN_KEY, Running, Shop, allowing, running_well, shop_at, up
from tests.live.waiting import eventually
from tests.live_servers.server import free_ports

USER, PASSWORD = "mailer", "smtp-pass-word"
PATH_SECRET = "a-long-word-of-ours"
PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(2_000_000)
ACCOUNTS: dict[str, Any] = {
    "mailgun": {"signing_key": calls.SIGNING_KEY, "path_secret": PATH_SECRET},
    "sendgrid": {"public_key": calls.public_key(calls.sendgrid_key())},
    "postmark": {"basic_user": calls.BASIC_USER, "basic_password": calls.BASIC_PASSWORD},
}


@dataclass
class Mailboxes:
    """A shop with a mailbox at each provider, and the mail server that takes its answers."""

    shop: Shop
    taken: list[TakenMail] = field(default_factory=list)

    async def post(self, provider: str, request: Request, *, status: int = 200) -> None:
        """The provider's call to its account, at the address that ends in its secret."""
        end = f"/{PATH_SECRET}" if provider == "mailgun" else ""
        headers = {"authorization": "", **request.headers}
        path = f"/webhooks/email/shop/{provider}{end}"
        answer = await self.shop.client.post(path, content=request.body, headers=headers)
        assert answer.status_code == status, answer.text

    async def answers(self) -> list[EmailMessage]:
        """The mails that the server took."""
        return [BytesParser(policy=email.policy.default).parsebytes(mail.content) for mail in self.taken]


@pytest.fixture(scope="module")
def port() -> int:
    [port] = free_ports(1)
    return port


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Running]:
    running = up(tmp_path_factory.mktemp("email"), PASOKH_ADMIN_KEY=ADMIN_KEY, **allowing(port))
    with running_well(running):
        yield running


@pytest.fixture
async def mailboxes(installation: Running, port: int) -> AsyncIterator[Mailboxes]:
    taken: list[TakenMail] = []

    def take(mail: TakenMail) -> str:
        taken.append(mail)
        return "250 2.0.0 taken"

    async with (
        smtp_server(take, user=USER, password=PASSWORD, port=port),
        shop_at(installation.url, ADMIN_KEY) as shop,
    ):
        await shop.put("", {"name": "Shop", "languages": ["en"]})
        for provider, proof in ACCOUNTS.items():
            sends = {
                "from_address": f"{provider}@shop.example",
                "smtp_url": f"smtp://{USER}:{PASSWORD}@127.0.0.1:{port}",
            }
            await shop.put(f"/accounts/email/{provider}", {"credentials": {"provider": provider, **proof, **sends}})
        await shop.put("/agents/ana", {"name": "Ana", "teams": ["default"], "capacity": 9})
        await shop.put("/agents/ana/presence", {"status": "online"})
        yield Mailboxes(shop, taken)


def signed(request: Request) -> Request:
    """The call of SendGrid with a signature of now."""
    return calls.sendgrid_signed(request, timestamp=str(int(time.time())))


def mail(provider: str, customer: str) -> Request:
    """A mail with a photo, as the provider posts it."""
    sender, subject, identity = f"Mina <{customer}>", "A broken lamp", f"<{provider}-1@karimi.example>"
    photo = {"file": "lamp.png", "type": "image/png", "base64": calls.encoded(PHOTO)}
    if provider == "mailgun":
        headers = [["From", sender], ["Subject", subject], ["Message-Id", identity], ["To", "mailgun@shop.example"]]
        fields = [("message-headers", json.dumps(headers)), ("body-plain", "See the photo."), ("attachment-1", photo)]
        return calls.form_call([*fields, *calls.mailgun_signature(str(int(time.time()))).items()])
    written = EmailMessage()
    written["From"], written["Subject"], written["Message-ID"] = sender, subject, identity
    written["To"] = "sendgrid@shop.example"
    written.set_content("See the photo.")
    written.add_attachment(PHOTO, maintype="image", subtype="png", filename="lamp.png")
    if provider == "sendgrid":
        raw = {"file": "", "base64": calls.encoded(written.as_bytes())}
        return signed(calls.form_call([("email", raw), ("to", "sendgrid@shop.example")]))
    body = {
        "FromFull": {"Email": customer, "Name": "Mina"},
        "Subject": subject,
        "TextBody": "See the photo.",
        "MessageID": "11111111-0000-4000-8000-000000000009",
        "Headers": [{"Name": "Message-ID", "Value": identity}],
        "Attachments": [{"Name": "lamp.png", "ContentType": "image/png", "Content": calls.encoded(PHOTO)}],
    }
    return calls.call(json.dumps(body).encode(), "application/json", authorization=calls.basic())


def delivered(provider: str, answer: EmailMessage, customer: str) -> Request:
    """The provider's report that our answer has arrived."""
    identity = str(answer["Message-ID"])
    if provider == "mailgun":
        report = calls.mailgun_event("delivered", identity.strip("<>"), customer)
        stated = {**json.loads(report.body), "signature": calls.mailgun_signature(str(int(time.time())))}
        return replace(report, body=json.dumps(stated).encode())
    if provider == "sendgrid":
        event = {"event": "delivered", "sg_event_id": "1", "email": customer, "smtp-id": identity}
        return signed(calls.call(json.dumps([event]).encode() + b"\r\n", "application/json"))
    metadata = {"message-id": str(answer["X-PM-Metadata-message-id"])}
    body = {"RecordType": "Delivery", "MessageID": "8", "Recipient": customer, "Metadata": metadata}
    return calls.call(json.dumps(body).encode(), "application/json", authorization=calls.basic())


@pytest.mark.parametrize("provider", sorted(ACCOUNTS))
async def test_a_mail_with_a_photo_is_answered_and_the_answer_arrives(mailboxes: Mailboxes, provider: str) -> None:
    shop, customer = mailboxes.shop, f"mina-{provider}@karimi.example"
    for _ in range(2):
        await mailboxes.post(provider, mail(provider, customer))

    async def assigned() -> list[dict[str, Any]]:
        return await shop.items("/conversations", person=f"email:{provider}:{customer}", status="assigned")

    [case] = await eventually(assigned)
    messages = f"/conversations/{case['id']}/messages"
    [inbound] = await shop.items(messages)
    assert (inbound["text"], inbound["subject"]) == ("See the photo.", "A broken lamp")
    shown = await shop.client.get(inbound["attachments"][0]["url"])
    assert (shown.status_code, shown.content) == (200, PHOTO)

    assert (await shop.reply(case["id"], "ana", "A new one is on its way.")).status_code == 201
    [answer] = await eventually(mailboxes.answers)
    assert (answer["To"], answer["Subject"]) == (customer, "Re: A broken lamp")
    assert answer["In-Reply-To"] == f"<{provider}-1@karimi.example>"

    await mailboxes.post(provider, delivered(provider, answer, customer))

    async def arrived() -> bool:
        return bool((await shop.items(messages))[-1]["state"] == "delivered")

    await eventually(arrived)


async def test_a_call_without_its_proof_is_refused(mailboxes: Mailboxes) -> None:
    for provider in ACCOUNTS:
        unproven = calls.call(b'{"event-data": {}}', "application/json")
        await mailboxes.post(provider, unproven, status=401)
    at_no_secret = mail("mailgun", "mina@karimi.example")
    answer = await mailboxes.shop.client.post(
        "/webhooks/email/shop/mailgun", content=at_no_secret.body, headers=dict(at_no_secret.headers)
    )
    assert answer.status_code == 401


async def test_a_file_goes_out_by_mail_to_somebody_who_never_wrote(mailboxes: Mailboxes) -> None:
    shop, place = mailboxes.shop, "/v1/workspaces/shop"
    named = {"content-disposition": 'attachment; filename="offer.png"'}
    upload = (await shop.client.post(f"{place}/attachments", content=PHOTO, headers=named)).json()
    body = {"person": "email:postmark:new@karimi.example", "agent": "ana", "attachments": [upload["id"]]}
    given = await shop.client.post(f"{place}/messages", json={**body, "text": "Our offer is enclosed."})
    assert given.status_code == 201, given.text
    assert [file["id"] for file in given.json()["attachments"]] == [upload["id"]]
    [sent] = await eventually(mailboxes.answers)
    assert (sent["To"], sent["In-Reply-To"]) == ("new@karimi.example", None)
    [file] = sent.iter_attachments()
    assert isinstance(file, EmailMessage)
    assert (file.get_filename(), file.get_content_type(), file.get_content()) == ("offer.png", "image/png", PHOTO)
