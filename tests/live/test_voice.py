"""Calls through a running installation that is killed in the middle: missed ones, called back, and those that an agent takes."""

import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from services.demo.serving import serving
from services.demo.twilio import FakeTwilio
from tests.channels.twilio.calls import CREDENTIALS, form_of, signed_call
from tests.live.installation import ADMIN_KEY, SECRET, Running, Shop, allowing, shop_at, up, update_of
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


# -- calls that an agent has -----------------------------------------------------------------------------------------------


async def open_shop(shop: Shop, url: str, *agents: str) -> None:
    await shop.put("", {"name": "Shop", "languages": ["en"], "settings": {"call_blocks": True}})
    phones = [{"agent": "mina", "phone": AGENT}]
    account = {"credentials": CREDENTIALS, "api_base": url, "settings": {"ring": [AGENT], "agents": phones}}
    await shop.put("/accounts/voice/main", account)
    chats = {"bot_token": "7000001:AAtest", "secret_token": SECRET}
    await shop.put("/accounts/telegram/main", {"credentials": chats, "api_base": url})
    for agent in agents:
        await shop.put(f"/agents/{agent}", {"name": agent.title(), "teams": ["default"], "capacity": 2})
        await shop.put(f"/agents/{agent}/presence", {"status": "online"})


async def one(shop: Shop, **of: str) -> dict[str, Any]:
    async def found() -> list[dict[str, Any]]:
        return await shop.items("/conversations", **of)

    [case] = await eventually(found)
    return case


async def load_of(shop: Shop, agent: str) -> int:
    return int((await shop.get(f"/agents/{agent}"))["load"])


async def test_a_call_that_an_agent_takes_keeps_other_work_away_over_a_crash_and_its_end_gives_it(
    installation: tuple[Running, FakeTwilio, str],
) -> None:
    running, _, url = installation
    async with shop_at(running.url, ADMIN_KEY) as shop:
        await open_shop(shop, url, "mina")
        await post(shop, **SIDES, CallStatus="ringing")
        await post(shop, OF_LEG, **LEG, CallStatus="ringing")
        await post(shop, OF_LEG, **LEG, CallStatus="in-progress")
        case = await one(shop, channel="voice", status="assigned")
        assert case["agent"] == "mina"
        await eventually(lambda: load_of(shop, "mina"))
        await shop.post(update_of(1, 71, "hello"))
        assert (await one(shop, channel="telegram"))["status"] == "waiting"

        running.kill()
        running.start()
        running.wait_ready()

        await post(shop, OF_LEG, **LEG, CallStatus="in-progress")
        assert (await one(shop, channel="telegram"))["status"] == "waiting"
        assert (await one(shop, channel="voice"))["status"] == "assigned"
        for _ in range(2):
            await post(shop, OF_LEG, **LEG, CallStatus="completed", CallDuration="31")
        await post(shop, **SIDES, CallStatus="completed", CallDuration="40", CallbackSource="call-progress-events")
        assert (await one(shop, channel="voice", status="resolved"))["agent"] == "mina"
        assert (await one(shop, channel="telegram", status="assigned"))["agent"] == "mina"
        [message] = await shop.items(f"/conversations/{case['id']}/messages")
        assert (message["text"], message["call"]["seconds"]) == ("Call", 31)
        assert await load_of(shop, "mina") == 1


async def test_a_missed_call_is_called_back_once_and_the_end_of_that_call_resolves_it(
    installation: tuple[Running, FakeTwilio, str],
) -> None:
    running, twilio, url = installation
    async with shop_at(running.url, ADMIN_KEY) as shop:
        await open_shop(shop, url, "mina")
        await post(shop, **SIDES, CallStatus="ringing")
        await post(shop, **SIDES, CallStatus="completed", CallDuration="30", CallbackSource="call-progress-events")
        case = await one(shop, channel="voice", status="assigned")
        path = f"/v1/workspaces/shop/conversations/{case['id']}/call"
        for _ in range(2):
            answer = await shop.client.post(path, json={"agent": "mina"}, headers={"Idempotency-Key": "k"})
            assert answer.status_code == 200, answer.text
        refused = await shop.client.post(path, json={"agent": "mina"})
        assert (refused.status_code, refused.json()["code"]) == (409, "call_in_progress")
        [placed] = await eventually(lambda: _sent(twilio))
        assert placed["to"] == AGENT
        connect = urlsplit(placed["url"]).query
        states = connect.replace("&connect=1", "")
        agent_leg = {"CallSid": placed["id"], "From": SIDES["To"], "To": AGENT, "Direction": "outbound-api"}
        await post(shop, states, **agent_leg, CallStatus="ringing")

        running.kill()
        running.start()
        running.wait_ready()

        markup = await post(shop, connect, **agent_leg, CallStatus="in-progress")
        assert f">{CUSTOMER}</Number></Dial>" in markup
        leg = urlsplit(markup.split('statusCallback="')[1].split('"')[0].replace("&amp;", "&")).query
        customer_leg = {"CallSid": "CA78", "ParentCallSid": placed["id"], "From": SIDES["To"], "To": CUSTOMER}
        await post(shop, leg, **customer_leg, Direction="outbound-dial", CallStatus="in-progress")
        messages = f"/conversations/{case['id']}/messages"

        async def talking() -> bool:
            return bool((await shop.items(messages))[-1]["call"]["state"] == "answered")

        await eventually(talking)
        ended = {"Direction": "outbound-dial", "CallStatus": "completed", "CallDuration": "38"}
        await post(shop, leg, **customer_leg, **ended)
        await post(shop, states, **agent_leg, CallStatus="completed", CallDuration="44")
        resolved = await one(shop, channel="voice", status="resolved")
        assert resolved["first_response_at"] is not None
        call = (await shop.items(messages))[-1]
        assert (call["direction"], call["author"]["id"], call["text"]) == ("outbound", "mina", "Call")
        assert (call["call"]["state"], call["call"]["seconds"]) == ("ended", 38)
        assert len(twilio.log.items) == 1
        assert await load_of(shop, "mina") == 0
