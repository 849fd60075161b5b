"""A call that nobody takes, through a running installation that is killed while it rings."""

import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from services.demo.serving import serving
from services.demo.twilio import FakeTwilio
from tests.channels.twilio.calls import CREDENTIALS, form_of, signed_call
from tests.live.installation import ADMIN_KEY, Running, Shop, allowing, shop_at, up
from tests.live.waiting import eventually
from tests.live_servers.server import free_ports

CUSTOMER, AGENT = "+37126000001", "+37129000001"
PATH = "/webhooks/voice/shop/main"
PARENT, CHILD = "CA1", "CA2"
SIDES = {"CallSid": PARENT, "From": CUSTOMER, "To": "+37120000001", "Direction": "inbound"}
LEG = {"CallSid": CHILD, "ParentCallSid": PARENT, "From": "+37120000001", "To": AGENT, "Direction": "outbound-dial"}
OF_LEG = urlencode({"leg": "agent", "direction": "inbound", "customer": CUSTOMER})


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[tuple[Running, FakeTwilio, str]]:
    [port] = free_ports(1)
    running, twilio = up(tmp_path, PASOKH_ADMIN_KEY=ADMIN_KEY, **allowing(port)), FakeTwilio("voice")
    async with serving(twilio.app, port=port) as url:
        running.start()
        running.wait_ready()
        try:
            yield running, twilio, url
        finally:
            running.stop()


async def post(shop: Shop, query: str = "", **fields: str) -> str:
    """Twilio makes a call, and again what it is answered if the answer was lost."""
    call = signed_call(PATH, form_of({**fields, "Timestamp": formatdate(time.time())}), query)
    answer = await shop.client.post(f"{PATH}?{query}" if query else PATH, content=call.body, headers=dict(call.headers))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/xml")
    return answer.text


async def test_a_missed_call_is_a_conversation_over_a_crash_and_is_answered(
    installation: tuple[Running, FakeTwilio, str],
) -> None:
    running, twilio, url = installation
    async with shop_at(running.url, ADMIN_KEY) as shop:
        await shop.put("", {"name": "Shop", "languages": ["en"], "settings": {"call_blocks": True}})
        account = {"credentials": CREDENTIALS, "api_base": url, "settings": {"ring": [AGENT]}}
        await shop.put("/accounts/voice/main", account)
        await shop.put("/agents/ana", {"name": "Ana", "teams": ["default"], "capacity": 5})
        await shop.put("/agents/ana/presence", {"status": "online"})

        rings = await post(shop, **SIDES, CallStatus="ringing")
        assert f">{AGENT}</Number></Dial>" in rings
        await post(shop, OF_LEG, **LEG, CallStatus="ringing")

        running.kill()
        running.start()
        running.wait_ready()

        assert await shop.items("/conversations") == []
        await post(shop, OF_LEG, **LEG, CallStatus="no-answer")
        for _ in range(2):
            await post(shop, **SIDES, CallStatus="completed", CallDuration="30", CallbackSource="call-progress-events")

        async def assigned() -> list[dict[str, Any]]:
            return await shop.items("/conversations", person=f"voice:main:{CUSTOMER}", status="assigned")

        [case] = await eventually(assigned)
        messages = f"/conversations/{case['id']}/messages"
        [message] = await shop.items(messages)
        assert (message["text"], message["call"]["state"], message["call"]["seconds"]) == ("Missed call", "missed", 30)
        agent = await shop.get("/agents/ana")
        assert (case["agent"], agent["load"]) == ("ana", 1)

        answer = await shop.reply(case["id"], "ana", "We call you back at five.")
        assert answer.status_code == 201, answer.text

        async def delivered() -> bool:
            return str((await shop.items(messages))[-1]["state"]) == "delivered"

        [sent] = await eventually(lambda: _sent(twilio))
        assert (sent["to"], sent["text"]) == (CUSTOMER, "We call you back at five.")
        await post(shop, MessageSid=sent["id"], MessageStatus="delivered", To=CUSTOMER)
        await eventually(delivered)


async def _sent(twilio: FakeTwilio) -> list[Any]:
    return list(twilio.log.items)
