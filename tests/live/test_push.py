"""A notification on its whole way: a customer writes to a real process, and a push service gets what the agent's browser alone opens."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.demo.serving import serving
from services.platform.core import base64url
from services.platform.http.web_push import CURVE
from tests.browser.shops import open_shop
from tests.live.installation import ADMIN_KEY, shop_at, telegram, up, update_of
from tests.live_servers.server import free_ports
from tests.platform.http.test_web_push import Browser


async def test_what_a_customer_writes_reaches_the_closed_desk_of_its_agent(tmp_path: Path) -> None:
    platform, service = free_ports(2)
    browser, came = Browser(), asyncio.Queue[tuple[dict[str, str], bytes]]()

    async def take(request: Request) -> Response:
        await came.put((dict(request.headers), await request.body()))
        return Response(status_code=201)

    allowed = json.dumps([f"127.0.0.1:{port}" for port in (platform, service)])
    running = up(tmp_path, PASOKH_ADMIN_KEY=ADMIN_KEY, PASOKH_ALLOWED_TARGETS=allowed)
    running.start()
    try:
        running.wait_ready()
        push_service = Starlette(routes=[Route("/wpush/{device}", take, methods=["POST"])])
        async with (
            shop_at(running.url, ADMIN_KEY, "shop") as shop,
            telegram(platform) as (_, url),
            serving(push_service, port=service) as push_url,
        ):
            await open_shop(shop, url)
            me, headers = await signed_in(shop.client)
            public_key = (await shop.client.get(f"{me}/push", headers=headers)).json()["public_key"]
            keys = {"p256dh": base64url.encode(browser.public), "auth": base64url.encode(browser.auth)}
            body = {"endpoint": f"{push_url}/wpush/1", "keys": keys, "language": "lv"}
            made = await shop.client.put(f"{me}/push/phone", json=body, headers=headers)
            assert made.status_code == 201, made.text
            answer = await shop.post(update_of(1, 11, "My secret order"))
            assert answer.status_code == 200, answer.text
            sent, content = await asyncio.wait_for(came.get(), 30)
    finally:
        running.stop()
    told = json.loads(browser.open(content))
    assert (told["kind"], told["channel"]) == ("given", "telegram")
    assert told["title"].startswith("Piešķirts jums: ")
    assert "secret" not in json.dumps(told)
    assert (sent["ttl"], sent["urgency"], len(sent["topic"])) == ("300", "high", 32)
    token, key = sent["authorization"].removeprefix("vapid t=").split(", k=")
    assert key == public_key
    point = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, base64url.decode(key))
    claims: dict[str, Any] = jwt.decode(token, point, algorithms=["ES256"], audience=push_url)
    assert claims["sub"].startswith("https://")


async def signed_in(client: httpx2.AsyncClient) -> tuple[str, dict[str, str]]:
    """Sara's own path, and the headers of a key that is bound to her."""
    body = {"name": "Sara's desk", "workspace": "shop", "agent": "sara", "scopes": ["desk"]}
    key = (await client.post("/v1/keys", json=body)).json()["secret"]
    return "/v1/workspaces/shop/agents/me", {"authorization": f"Bearer {key}"}
