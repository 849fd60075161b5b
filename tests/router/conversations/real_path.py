"""A body on its way through ingest and the bus into the router, on any channel, and a channel that says what it is given."""

from typing import Any

import orjson

from schemas.activity import Activity
from schemas.channel import Capabilities, TextLimit
from schemas.configuration import AccountBody
from schemas.envelope import decode
from schemas.outbound import OutboundMessage
from schemas.values import Json
from services.channels.account_settings import AccountSettings
from services.channels.port import Account, Channel, Request, SendReceipt, WebhookResponse
from services.domain.conversation_state import Contact
from services.ingest.instruments import IngestInstruments
from services.ingest.parsing import parse_body
from services.ingest.publishing import publish_activities
from services.ingest.split_cards import SplitCardDetector
from services.platform.http.outgoing import HttpClient
from services.platform.processing.inputs import ReceivedEvent
from services.records.conversations import PERSONS
from services.text.own import NO_OWN_IDENTIFIERS
from tests.fakes import MemoryBus
from tests.router.conversations.harness import ConversationsHarness


class ScriptedChannel:
    """A channel with every ability to say something: a body is a list of the fields of activities."""

    name = "scripted"
    account_model = AccountSettings
    capabilities = Capabilities(surfaces=("private", "public"), text_limits=(TextLimit(limit=4096),))

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        return None

    def verify(self, request: Request, account: Account) -> None:
        return None

    def parse(self, request: Request, account: Account) -> list[Activity]:
        return [self._activity(request, account, fields) for fields in orjson.loads(request.body)]

    def _activity(self, request: Request, account: Account, fields: dict[str, Json]) -> Activity:
        known: dict[str, Any] = {"workspace": account.workspace, "channel": self.name, "account": account.id}
        person = {"person": f"{self.name}:{account.id}:1", "surface": "private", "received_at": request.received_at}
        return Activity.model_validate({**known, **person, **fields})

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        raise AssertionError("nothing is sent here")


class RealPath:
    """Ingest and the bus before a partition of conversations. `events` are the encoded events, as the bus has them."""

    def __init__(self, channel: Channel) -> None:
        self.house, self._channel, self._bus = ConversationsHarness(), channel, MemoryBus()
        self._account = Account("w", channel.name, "main", AccountBody(credentials={"bot_token": "1001:AAA"}))
        self._split_cards, self._instruments = SplitCardDetector(), IngestInstruments()

    async def post(self, *items: Any) -> list[str]:
        """One webhook with these items, or with the only one; returns the types of what follows, shortened."""
        return await self._post(orjson.dumps(list(items)))

    async def post_object(self, body: dict[str, Any]) -> list[str]:
        """One webhook whose body is this object."""
        return await self._post(orjson.dumps(body))

    async def _post(self, body: bytes) -> list[str]:
        path = f"/webhooks/{self._channel.name}/w/main"
        request = Request("POST", path, {}, {}, body, self.house.driver.now)
        parsed = parse_body(self._channel, self._account, request).activities
        enriched = [one for each in parsed for one in self._split_cards.enrich(each, ["en"], NO_OWN_IDENTIFIERS)]
        before, sent = len(self._bus.published), len(self.house.driver.sent)
        await publish_activities(self._bus, self._instruments, enriched, {})
        for offset, record in enumerate(self._bus.published[before:], before):
            await self.house.driver.batch([ReceivedEvent(decode(record.value), "inbound", offset)])
        await self.house.settle()
        return [event.type.removeprefix("pasokh.") for event in self.house.driver.sent[sent:]]

    @property
    def events(self) -> list[bytes]:
        return [record.value for record in self._bus.published]

    def person(self, external: str = "1") -> Contact:
        found = self.house.driver.get(PERSONS, f"w/{self._channel.name}:main:{external}")
        assert found is not None
        return found
