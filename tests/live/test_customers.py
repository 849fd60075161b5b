"""One customer who writes on Telegram, by mail, in the web chat and through an own system, as one customer, over kill -9.

In one process, and where every service is a process on Kafka and MongoDB and one of two routers is always away.

Their telephone and address are proven by Telegram, by the mail provider and by the shop's own servers. Each answer goes the way the
message came, before and after the persons are joined; a lead parts them and joins them again.
"""

import asyncio
import email.policy
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from services.demo.serving import serving
from services.demo.smtp import TakenMail, smtp_server
from services.demo.telegram import FakeTelegram
from services.platform.http.standard_webhooks import signed_headers
from tests.channels.mail.providers import calls
from tests.live.installation import ADMIN_KEY, Running, Shop, shop_at, telegram, up, update_of
from tests.live.topology import Topology, services_at_one_address, wait_for
from tests.live.waiting import eventually
from tests.live_servers.server import free_ports

SIGNING = "whsec_" + "c2VjcmV0LW9mLXRoZS1zaG9wLWZvci10ZXN0cy0wMQ=="
IDENTITY_SECRET = "a-secret-of-the-shop"
PHONE, ADDRESS, USER = "+37126000001", "sara@example.com", "u1"
TELEGRAM, MAIL, CHAT, CALLER = (
    "telegram:main:501",
    f"email:support:{ADDRESS}",
    f"webchat:main:user-{USER}",
    "api:phone:c1",
)
PATIENCE_SECONDS = 100.0
"""Who is killed in a transaction leaves its locks to MongoDB for a minute; most often nobody is, and this waits for seconds."""
SMTP_USER, SMTP_PASSWORD = "mailer", "smtp-pass-word"


pytestmark = pytest.mark.timeout(300)


class Installed(Protocol):
    """An installation that a test kills."""

    @property
    def url(self) -> str: ...

    def restart(self) -> None:
        """Kill -9 whoever decides, and return when somebody can decide again."""


@dataclass
class Alone:
    """One process."""

    running: Running

    @property
    def url(self) -> str:
        return self.running.url

    def restart(self) -> None:
        self.running.kill()
        self.running.start()
        self.running.wait_ready()


@dataclass
class Distributed:
    """Every service a process. Of two routers one is killed at each restart, in turn, and the other takes its partitions over."""

    topology: Topology
    away: int | None = None

    @property
    def url(self) -> str:
        return self.topology.url("proxy")

    def restart(self) -> None:
        routers = self.topology.of("router")
        if self.away is not None:
            routers[self.away].process.start()
            wait_for([routers[self.away]], "/readyz")
        self.away = 1 if self.away == 0 else 0
        routers[self.away].process.kill()


@dataclass
class Street:
    """The customer's four ways to the shop, and what has come back on each."""

    installed: Installed
    shop: Shop
    bot: FakeTelegram
    mails: list[TakenMail]
    called: list[Any] = field(default_factory=list)
    chat_token: str = ""

    async def on_telegram(self, number: int, text: str) -> None:
        """A message on Telegram. The first shares their telephone by the button for it."""
        update = update_of(number, 501, text)
        if number == 1:
            update["message"]["contact"] = {"phone_number": PHONE, "first_name": "Sara", "user_id": 501}
            del update["message"]["text"]
        answer = await self.shop.post(update)
        assert answer.status_code == 200, answer.text

    async def by_mail(self, text: str) -> None:
        """A mail whose provider has verified the signature of the sender's domain."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = f"Sara <{ADDRESS}>", "support@shop.example", "My order"
        mail["Message-ID"] = f"<{uuid4()}@example.com>"
        mail.set_content(text)
        raw = {"file": "", "base64": calls.encoded(mail.as_bytes())}
        form = calls.form_call([("email", raw), ("to", "support@shop.example"), ("dkim", "{@example.com : pass}")])
        request = calls.sendgrid_signed(form, timestamp=str(int(time.time())))
        headers = {"authorization": "", **request.headers}
        answer = await self.shop.client.post("/webhooks/email/shop/support", content=request.body, headers=headers)
        assert answer.status_code == 200, answer.text

    async def in_chat(self, text: str) -> None:
        """A message in the web chat of a page whose server proves who the visitor is."""
        if not self.chat_token:
            proof = hmac.new(IDENTITY_SECRET.encode(), USER.encode(), hashlib.sha256).hexdigest()
            body = {"identity": {"user_id": USER, "user_hash": proof}}
            opened = await self.shop.client.post(
                "/webchat/shop/main/sessions", json=body, headers={"authorization": ""}
            )
            self.chat_token = opened.json()["token"]
        headers = {"authorization": f"Bearer {self.chat_token}"}
        message = {"id": str(uuid4()), "text": text}
        answer = await self.shop.client.post("/webchat/shop/main/messages", json=message, headers=headers)
        assert answer.status_code == 201, answer.text

    async def by_phone(self, text: str) -> None:
        """A message through the shop's own system, which knows the caller's telephone, address and account."""
        identities = [
            {"kind": "phone", "value": PHONE, "proven": True},
            {"kind": "email", "value": ADDRESS, "proven": True},
            {"kind": "user", "value": USER, "proven": True},
        ]
        person = {"id": "c1", "name": "Sara", "identities": identities}
        item = {"id": str(uuid4()), "type": "message", "person": person, "surface": "private", "text": text}
        content = json.dumps(item).encode()
        signed = signed_headers([SIGNING], str(uuid4()), datetime.now(UTC), content)
        headers = {**signed, "authorization": ""}
        answer = await self.shop.client.post("/webhooks/api/shop/phone", content=content, headers=headers)
        assert answer.status_code == 200, answer.text

    # -- what the shop sees ----------------------------------------------------------------------------------------------

    async def customer(self, person: str) -> str | None:
        """The customer of a person; None: they stand alone, or are not known yet."""
        path = f"/v1/workspaces/shop/persons/{person}"
        answer = await self.shop.client.get(path)
        found: str | None = answer.json()["customer_id"] if answer.status_code == 200 else None
        return found

    async def customer_of(self, *persons: str) -> str:
        """The customer of all of these persons, once they are one."""

        async def one() -> str | None:
            found = {await self.customer(person) for person in persons}
            return found.pop() if len(found) == 1 else None

        return await eventually(one, PATIENCE_SECONDS)

    async def timeline(self, customer: str) -> list[str]:
        """Person and text of each message of the timeline, oldest first, read two at a time."""
        found: list[str] = []
        page = await self.shop.get(f"/customers/{customer}/timeline", limit="2")
        while True:
            found += [f"{one['channel']}: {one['text']}" for one in page["items"]]
            if page["next"] is None:
                return found[::-1]
            page = await self.shop.get(f"/customers/{customer}/timeline", limit="2", cursor=page["next"])

    async def answer(self, person: str, text: str) -> None:
        """Sara's colleague answers in the conversation of a person."""
        [case] = await eventually(
            lambda: self.shop.items("/conversations", person=person, status="assigned"), PATIENCE_SECONDS
        )
        answer = await self.shop.reply(case["id"], "ana", text)
        assert answer.status_code == 201, answer.text

    async def restart(self) -> None:
        """Kill -9, while the platforms go on."""
        await asyncio.to_thread(self.installed.restart)

    # -- what came back ----------------------------------------------------------------------------------------------------

    async def answers(self) -> dict[str, list[str]]:
        """The answers of the shop on each way."""
        headers = {"authorization": f"Bearer {self.chat_token}"}
        chat = (await self.shop.client.get("/webchat/shop/main/messages", headers=headers)).json()["items"]
        mails = [BytesParser(policy=email.policy.default).parsebytes(one.content) for one in self.mails]
        bodies = [body.get_content() for mail in mails if (body := mail.get_body(("plain",))) is not None]
        return {
            TELEGRAM: [str(one["text"]) for one in self.bot.sent if str(one.get("chat_id")) == "501"],
            MAIL: [body.splitlines()[0] for body in bodies],
            CHAT: [one["text"] for one in chat if one["author"]["kind"] == "agent"],
            CALLER: [one["text"] for one in self.called],
        }


def allowed(ports: list[int]) -> str:
    """PASOKH_ALLOWED_TARGETS: ports of this machine."""
    return json.dumps([f"127.0.0.1:{port}" for port in ports])


@contextmanager
def alone(folder: Path, ports: list[int], **environment: str) -> Iterator[Alone]:
    """One running process; `environment` are more of its settings."""
    running = up(folder, PASOKH_ADMIN_KEY=ADMIN_KEY, PASOKH_ALLOWED_TARGETS=allowed(ports), **environment)
    running.start()
    try:
        running.wait_ready()
        yield Alone(running)
    finally:
        running.kill()


@asynccontextmanager
async def street(folder: Path, **environment: str) -> AsyncIterator[Street]:
    """A running process with an account for each way; `environment` are more of its settings."""
    ports = free_ports(3)
    with alone(folder, ports, **environment) as installed:
        async with street_of(installed, ports) as shop:
            yield shop


@pytest.fixture
def ports() -> list[int]:
    """Where Telegram, the mail server and the shop's own system listen."""
    return free_ports(3)


@pytest.fixture(params=["alone", "distributed"])
def installed(request: pytest.FixtureRequest, tmp_path: Path, ports: list[int]) -> Iterator[Installed]:
    if request.param == "alone":
        with alone(tmp_path, ports) as running:
            yield running
    else:
        kafka, mongo = (request.getfixturevalue(name).url for name in ("kafka_server", "mongo_server"))
        with services_at_one_address(tmp_path, kafka, mongo, allowed(ports), PASOKH_ADMIN_KEY=ADMIN_KEY) as topology:
            yield Distributed(topology)


@asynccontextmanager
async def street_of(installed: Installed, ports: list[int]) -> AsyncIterator[Street]:
    """An account for each way of a running installation."""
    mails: list[TakenMail] = []
    called: list[Any] = []

    def take(mail: TakenMail) -> str:
        mails.append(mail)
        return "250 2.0.0 taken"

    async def reply(request: Request) -> Response:
        called.append(await request.json())
        return Response(status_code=200)

    callback = Starlette(routes=[Route("/replies", reply, methods=["POST"])])
    async with (
        telegram(ports[0]) as (bot, bot_url),
        smtp_server(take, user=SMTP_USER, password=SMTP_PASSWORD, port=ports[1]),
        serving(Starlette(routes=[Mount("", callback)]), port=ports[2]) as callback_url,
        shop_at(installed.url, ADMIN_KEY) as shop,
    ):
        await shop.open_with(bot_url, {"ana": {"lang:en": 3}})
        await open_accounts(shop, ports[1], callback_url)
        yield Street(installed, shop, bot, mails, called)


async def open_accounts(shop: Shop, smtp_port: int, callback_url: str) -> None:
    mail = {
        "provider": "sendgrid",
        "public_key": calls.public_key(calls.sendgrid_key()),
        "from_address": "support@shop.example",
        "smtp_url": f"smtp://{SMTP_USER}:{SMTP_PASSWORD}@127.0.0.1:{smtp_port}",
    }
    await shop.put("/accounts/email/support", {"credentials": mail})
    chat = {"identity_secret": IDENTITY_SECRET, "allowed_origins": ["*"]}
    await shop.put("/accounts/webchat/main", {"credentials": chat})
    own = {"secret": SIGNING, "callback_url": f"{callback_url}/replies"}
    await shop.put("/accounts/api/phone", {"credentials": own})


async def test_one_customer_on_four_channels_has_one_timeline_and_answers_the_way_they_came(
    installed: Installed, ports: list[int]
) -> None:
    async with street_of(installed, ports) as shop:
        await shop.on_telegram(1, "")
        await shop.on_telegram(2, "where is my parcel")
        await shop.in_chat("it is order 17")
        await shop.restart()
        await shop.by_mail("I wrote in the chat")
        assert {await shop.customer(person) for person in (TELEGRAM, CHAT)} == {None}
        await shop.by_phone("I call you too")
        await shop.restart()
        customer = await shop.customer_of(TELEGRAM, MAIL, CHAT, CALLER)
        timeline = await eventually(
            lambda: shop.timeline(customer), PATIENCE_SECONDS, holds=lambda found: len(found) == 5
        )
        assert [one.split(":")[0] for one in timeline] == ["telegram", "telegram", "webchat", "email", "api"]

        expected = {person: [f"answer to {person}"] for person in (TELEGRAM, MAIL, CHAT, CALLER)}
        for person in expected:
            await shop.answer(person, f"answer to {person}")
        await eventually(shop.answers, PATIENCE_SECONDS, holds=lambda found: found == expected)
        assert len(await shop.timeline(customer)) == 9

        await part(shop, customer, MAIL)
        await shop.restart()
        await eventually(lambda: shop.customer(MAIL), PATIENCE_SECONDS, holds=lambda found: found is None)
        await shop.by_mail("and once more")
        await eventually(lambda: shop.shop.items("/conversations", person=MAIL, status="assigned"), PATIENCE_SECONDS)
        rest = await shop.customer_of(TELEGRAM, CHAT, CALLER)
        assert (await shop.customer(MAIL), len(await shop.timeline(rest))) == (None, 7)
        await shop.answer(MAIL, "after the parting")
        await eventually(shop.answers, PATIENCE_SECONDS, holds=lambda found: found[MAIL][1:] == ["after the parting"])

        joined = await shop.shop.client.post("/v1/workspaces/shop/customers", json={"persons": [MAIL, TELEGRAM]})
        assert joined.status_code == 200, joined.text
        again = await shop.customer_of(TELEGRAM, MAIL, CHAT, CALLER)
        assert (joined.json()["id"], len(await shop.timeline(again))) == (again, 11)


async def part(shop: Street, customer: str, person: str) -> None:
    """Parted under an Idempotency-Key, twice: the second time changes nothing."""
    path = f"/v1/workspaces/shop/customers/{customer}/part"
    for _ in range(2):
        answer = await shop.shop.client.post(path, json={"persons": [person]}, headers={"Idempotency-Key": "part-1"})
        assert answer.status_code == 204, answer.text
