"""What Telegram is answered: nothing, but for a pressed button, which it shows as waiting until the press is confirmed."""

import json

import pytest

from schemas.configuration import Versioned, WorkspaceBody, WorkspaceConfiguration
from services.channels.telegram import Telegram
from tests.channels.telegram.cases import HEADER, PAYLOADS, SECRET, account, payload
from tests.configuration import configure
from tests.fakes import START
from tests.ingest.harness import Ingest

BUTTONS = ["callback", "callback_game", "callback_inaccessible", "callback_inline"]


async def answered(body: bytes) -> bytes:
    ingest = Ingest()
    ingest.serve({"telegram": Telegram()})
    configuration = WorkspaceConfiguration(
        workspace="shop",
        version=1,
        profile=Versioned(body=WorkspaceBody(name="Shop"), version=1, at=START),
        accounts={"telegram/main": Versioned(body=account().body, version=1, at=START)},
    )
    configure(ingest.store, configuration)
    answer = await ingest.call(body, path="/webhooks/telegram/shop/main", headers={HEADER: SECRET})
    assert answer.status == 200
    return bytes(answer.body)


@pytest.mark.parametrize("name", BUTTONS)
async def test_a_pressed_button_is_confirmed(name: str) -> None:
    query = json.loads(payload(name))["callback_query"]["id"]
    assert json.loads(await answered(payload(name))) == {"method": "answerCallbackQuery", "callback_query_id": query}


@pytest.mark.parametrize("name", sorted(path.stem for path in PAYLOADS.iterdir() if path.stem not in BUTTONS))
async def test_every_other_answer_is_empty_because_telegram_carries_out_what_it_names(name: str) -> None:
    assert await answered(payload(name)) == b""
