"""A bot of the workspace `w`: what it is sent goes to the router, and what an agent does goes out by the sender to Telegram."""

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

from prometheus_client import CollectorRegistry

from schemas.commands import CommandResult, PerformAction
from schemas.configuration import AccountBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.values import Json
from services.channels.abilities import find_abilities
from services.channels.telegram import Telegram
from services.delivery.attempt import SendDependencies
from services.delivery.instruments import DeliveryInstruments
from services.delivery.processor import PROCESSOR
from services.platform.http.outgoing import HttpResponse
from services.platform.processing.inputs import ReceivedEvent
from services.records.conversations import MessageRecord
from services.records.sends import ACCOUNT_SENDS, SEND_QUEUES, SENDS
from tests.configuration import configure
from tests.driver import Driver
from tests.fakes import START, FakeHttp, MemoryStore
from tests.fakes.http import HttpCall
from tests.router.conversations.harness import ConversationsHarness
from tests.router.conversations.telegram import FIRST_BOT, update

BOT_URL = f"https://api.telegram.org/bot{FIRST_BOT}/"


def accept(call: HttpCall) -> HttpResponse:
    """Telegram does what it is asked for. Every message has the number 77."""
    result: Json = {"message_id": 77}
    return HttpResponse(200, {}, json.dumps({"ok": True, "result": result if "/send" in call.url else True}).encode())


def accept_numbered() -> Callable[[HttpCall], HttpResponse]:
    """The same, with the numbers from 77 on."""
    numbers = count(77)

    def respond(call: HttpCall) -> HttpResponse:
        result: Json = {"message_id": next(numbers)} if "/sendMessage" in call.url else True
        return HttpResponse(200, {}, json.dumps({"ok": True, "result": result}).encode())

    return respond


class TelegramShop:
    """The router, the sender and Telegram. `calls` is what Telegram was asked for."""

    def __init__(self, respond: Callable[[HttpCall], HttpResponse] = accept) -> None:
        channel = Telegram()
        self.house = ConversationsHarness(capabilities={"telegram": channel.capabilities})
        self.http = FakeHttp(respond)
        store, time_source = MemoryStore(ACCOUNT_SENDS, SEND_QUEUES, SENDS), self.house.driver.time_source
        account = AccountBody(credentials={"bot_token": FIRST_BOT, "secret_token": "s"})
        configuration = WorkspaceConfiguration(
            workspace="w",
            version=1,
            profile=Versioned(body=WorkspaceBody(name="W"), version=1, at=START),
            accounts={"telegram/main": Versioned(body=account, version=1, at=START)},
        )
        configure(store, configuration)
        dependencies = SendDependencies(
            {"telegram": channel},
            find_abilities([channel]),
            self.http,
            store,
            time_source,
            DeliveryInstruments(CollectorRegistry()),
        )
        self.sender = Driver(PROCESSOR.bind(dependencies), store=store, time_source=time_source)
        self._moved = {id(self.house.driver): 0, id(self.sender): 0}

    async def receives(self, raw: str, **body: Any) -> list[str]:
        """One update of Telegram; the types of what follows."""
        words = await update(self.house, raw, **body)
        await self.settle()
        return words

    async def reply(self, text: str) -> str:
        """The agent answers; the id of the answer, once it was sent."""
        outcome = await self.house.reply(text=text)
        assert outcome.result is not None, outcome
        await self.settle()
        return outcome.result

    async def act(self, kind: str, message: str | None, **more: Any) -> CommandResult:
        """The agent does something to a message, and Telegram answers."""
        fields = {"conversation": self.house.case().id, "kind": kind, "message": message, "agent": "sara", **more}
        command = PerformAction.model_validate({**fields, "accepted_at": self.house.driver.now, "request_hash": "h"})
        outcome = await self.house.command("perform_action", command)
        await self.settle()
        return outcome

    async def wait(self, seconds: float) -> None:
        """Let time pass: what the rates of Telegram held back goes out."""
        await self.sender.advance_to(self.sender.now + timedelta(seconds=seconds))
        await self.settle()

    async def settle(self) -> None:
        """Let router, sender and Telegram answer each other until nothing is left to do."""
        while await self._pass_on() or self.sender.effects:
            await self.sender.complete_all_effects()

    async def _pass_on(self) -> bool:
        is_busy = False
        for source, topic, target in (
            (self.house.driver, "outbound", self.sender),
            (self.sender, "delivery", self.house.driver),
        ):
            new = source.sent[self._moved[id(source)] :]
            self._moved[id(source)] += len(new)
            for offset, event in enumerate(new, self._moved[id(source)]):
                if event.type.split(".")[1] == topic:
                    is_busy = True
                    await target.batch(
                        [ReceivedEvent(event, "outbound" if topic == "outbound" else "deliveries", offset)]
                    )
        return is_busy

    def calls(self) -> list[tuple[str, Any]]:
        """Method and parameters of each call, in order."""
        return [(call.url.removeprefix(BOT_URL), call.json) for call in self.http.calls]

    def message(self, identity: str) -> MessageRecord:
        """A message as it is now."""
        [found] = [message for message in self.house.messages() if message.id == identity]
        return found
