"""What Telegram is answered: nothing, whatever it posts."""

import pytest

from schemas.configuration import Versioned, WorkspaceBody, WorkspaceConfiguration
from services.channels.telegram import Telegram
from tests.channels.telegram.cases import HEADER, PAYLOADS, SECRET, account, payload
from tests.configuration import configure
from tests.fakes import START
from tests.ingest.harness import Ingest


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


@pytest.mark.parametrize("name", sorted(path.stem for path in PAYLOADS.iterdir()))
async def test_every_answer_is_empty_because_telegram_carries_out_what_it_names(name: str) -> None:
    assert await answered(payload(name)) == b""
