"""The demo as somebody meets it: customers write on every channel, what agents answer fits, and what comes back is seen."""

import asyncio
import json
import re
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest

from services.demo.channels import CHANNELS
from services.demo.corpus import LANGUAGES, answer_to
from services.demo.photo import PHOTO
from tests.live.installation import ADMIN_KEY, Running, Shop, command, shop_at, up
from tests.live.waiting import eventually
from tests.live_servers.server import free_ports

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

Found = TypeVar("Found")
BRISK = (sys.executable, "-m", "tests.live.brisk_demo")
WANTED = 20
"""Answers that are looked at."""
ADMIN = {"authorization": f"Bearer {ADMIN_KEY}"}
ON = tuple(one.name for one in CHANNELS if one.name not in ("survey", "webchat"))
"""Where agents answer: nobody is answered in a survey, and on the web writes who tries the demo."""
WITH_CHANGES = ("whatsapp", "instagram", "rubika", "linkedin", "api")
"""Where customers take back what they wrote, and on most of them edit it."""
WITH_FILES = ("telegram", "whatsapp", "instagram", "email")
"""Where files of agents go out."""


async def talks(shop: Shop) -> list[tuple[list[str], str]]:
    """What customers had written before, and what was answered to it, for every answer."""
    found = []
    for conversation in await shop.items("/conversations"):
        written: list[str] = []
        messages = await shop.items(f"/conversations/{conversation['id']}/messages")
        # What was taken back was answered while it could be read, or by words for anything.
        if any(one["state"] == "deleted" for one in messages):
            continue
        for one in messages:
            if one["direction"] == "inbound":
                # A review that was edited may say something else than what was answered.
                written += [one["text"] or "", *(edit["text"] or "" for edit in one["edits"])]
            # What an agent writes first answers nothing.
            elif one["author"]["kind"] == "agent" and written:
                found.append((list(written), one["text"]))
    return found


async def seen(look: Callable[[], Awaitable[Found | None]], running: Running) -> Found:
    """What `look` gives as soon as it is true: customers and agents of the demo take their time."""
    return await eventually(look, 180, detail=lambda: f": {running.log[-3000:]}")


async def whoever_looks_around_signs_in(running: Running) -> None:
    """The two links that are printed open sessions: of an agent, and of the owner, who may set up the shop."""
    for label, agent, status in (("an agent", "you", 403), ("the owner", "owner", 200)):
        [code] = re.findall(rf"as {label}\s+\S+/desk#code=(\S+)", running.log)
        async with httpx2.AsyncClient(base_url=running.url, trust_env=False) as browser:
            opened = await browser.post("/v1/desk/sessions", json={"code": code}, headers={"pasokh-desk": "1"})
            assert (opened.status_code, opened.json()["agent"]) == (201, agent), opened.text
            cookie = {"cookie": opened.headers.get_list("set-cookie")[0].partition(";")[0]}
            shown = await browser.get("/v1/keys", headers=cookie)
            assert shown.status_code == status
            mine = await browser.get("/v1/workspaces/demo/agents/me", headers=cookie)
            assert mine.json()["presence"] == "offline"


async def test_the_demo_prints_links_and_its_first_customer_is_answered(tmp_path: Path) -> None:
    running = up(tmp_path, "--demo", PASOKH_ADMIN_KEY=ADMIN_KEY)
    running.start()
    try:
        began = time.monotonic()
        while "Ctrl-C stops it" not in running.log:
            assert time.monotonic() < began + 60, running.log
            await asyncio.sleep(0.05)
        await whoever_looks_around_signs_in(running)
        async with shop_at(running.url, ADMIN_KEY, "demo") as shop:
            assert await seen(lambda: talks(shop), running)
    finally:
        running.stop()
    assert "demo_ended" not in running.log
    assert "demo_webhook_rejected" not in running.log


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    """An installation, and `pasokh demo` beside it in which much happens; the address of the stand-ins."""
    port, smtp_port = free_ports(2)
    folder = tmp_path_factory.mktemp("demo")
    targets = json.dumps([f"127.0.0.1:{port}", f"127.0.0.1:{smtp_port}"])
    running = up(folder, PASOKH_ADMIN_KEY=ADMIN_KEY, PASOKH_ALLOWED_TARGETS=targets)
    running.start()
    running.wait_ready()
    options = (
        "--url",
        running.url,
        "--key",
        ADMIN_KEY,
        "--rate",
        "6",
        "--port",
        str(port),
        "--smtp-port",
        str(smtp_port),
    )
    demo = replace(command(folder, "demo", *options), program=BRISK)
    demo.start()
    began = time.monotonic()
    while not (
        asked := httpx2.get(f"{running.url}/v1/workspaces/demo/accounts", headers=ADMIN, trust_env=False)
    ).is_success:
        assert time.monotonic() < began + 30, f"{demo.log} {asked.text}"
        time.sleep(0.1)
    yield running, f"http://127.0.0.1:{port}"
    demo.stop()
    running.stop()
    assert "demo_webhook_rejected" not in demo.log


@pytest.mark.parametrize("channel", ON)
async def test_customers_write_and_are_answered_on(busy: tuple[Running, str], channel: str) -> None:
    running, stand_ins = busy
    async with httpx2.AsyncClient(base_url=stand_ins, trust_env=False) as client:

        async def answered() -> list[dict[str, Any]]:
            items = (await client.get("/_sent", params={"channel": channel})).json()["items"]
            return [item for item in items if item.get("text")]

        assert await seen(answered, running)


async def test_every_account_is_well_and_everything_that_came_in_is_accounted_for(busy: tuple[Running, str]) -> None:
    running, _ = busy
    async with shop_at(running.url, ADMIN_KEY, "demo") as shop:

        async def surveyed() -> bool:
            return any(one["channel"] == "survey" and one["new"] for one in await shop.items("/overview/ledgers"))

        assert await seen(surveyed, running)
        ledgers = await shop.items("/overview/ledgers")
        accounts = {one["channel"]: one["health"]["state"] for one in await shop.items("/accounts")}
    assert [one for one in ledgers if one["rejected"] or one["failed"] or not one["balances"]] == []
    assert accounts == {one.name: "ok" for one in CHANNELS}


async def test_answers_fit_their_questions(busy: tuple[Running, str]) -> None:
    running, _ = busy
    async with shop_at(running.url, ADMIN_KEY, "demo") as shop:

        async def enough() -> list[tuple[list[str], str]] | None:
            found = await talks(shop)
            return found if len(found) >= WANTED else None

        for written, answer in await seen(enough, running):
            # To a call or an absence notice, which the corpus does not have, agents say something in the customer's language.
            fitting = {answer_to(text, language) for text in written for language in LANGUAGES}
            assert answer in fitting, (written, answer)


async def test_customers_edit_and_take_back_what_they_wrote(busy: tuple[Running, str]) -> None:
    running, _ = busy
    async with shop_at(running.url, ADMIN_KEY, "demo") as shop:

        async def changed() -> bool:
            lists = [
                await shop.items(f"/conversations/{one['id']}/messages")
                for channel in WITH_CHANGES
                for one in await shop.items("/conversations", channel=channel)
            ]
            return {"edited", "deleted"} <= {one["state"] for messages in lists for one in messages}

        assert await seen(changed, running)


async def test_what_went_out_by_whatsapp_is_seen_to_be_read(busy: tuple[Running, str]) -> None:
    running, _ = busy
    async with shop_at(running.url, ADMIN_KEY, "demo") as shop:

        async def read() -> list[str]:
            conversations = await shop.items("/conversations", channel="whatsapp")
            lists = [await shop.items(f"/conversations/{one['id']}/messages") for one in conversations[:50]]
            return [one["id"] for messages in lists for one in messages if one["state"] == "read"]

        assert await seen(read, running)


@pytest.mark.parametrize("channel", WITH_FILES)
async def test_pictures_of_agents_reach_customers_on(busy: tuple[Running, str], channel: str) -> None:
    running, stand_ins = busy
    async with httpx2.AsyncClient(base_url=stand_ins, trust_env=False) as client:

        async def pictured() -> list[Any]:
            items = (await client.get("/_sent", params={"channel": channel})).json()["items"]
            return [item for item in items if has_file(channel, item)]

        assert await seen(pictured, running)


def has_file(channel: str, item: dict[str, Any]) -> bool:
    body = item.get("body") or {}
    message = body.get("message") or {}
    return bool(
        {"telegram": item.get("file"), "email": item.get("files"), "whatsapp": body.get("image")}.get(channel)
        or message.get("attachment")
        or message.get("attachments")
    )


@pytest.mark.parametrize("channel", ["whatsapp", "email"])
async def test_pictures_of_customers_are_read_over_rest_from(busy: tuple[Running, str], channel: str) -> None:
    running, _ = busy
    async with shop_at(running.url, ADMIN_KEY, "demo") as shop:

        async def picture() -> bytes | None:
            for conversation in await shop.items("/conversations", channel=channel):
                for message in await shop.items(f"/conversations/{conversation['id']}/messages"):
                    if message["direction"] == "inbound" and message["attachments"]:
                        answer = await shop.client.get(message["attachments"][0]["url"])
                        return answer.content if answer.is_success else None
            return None

        assert await seen(picture, running) == PHOTO


async def test_a_card_number_below_a_post_is_hidden_and_goes_on_in_private(busy: tuple[Running, str]) -> None:
    running, stand_ins = busy
    async with shop_at(running.url, ADMIN_KEY, "demo") as shop:

        async def moved() -> list[dict[str, Any]]:
            conversations = await shop.items("/conversations", channel="instagram")
            handoffs = [one for one in conversations if one["handoff"] and one["surface"] == "private"]
            return [one for one in handoffs if one["handoff"]["method"] == "private_reply"]

        conversation = (await seen(moved, running))[0]
        messages = await shop.items(f"/conversations/{conversation['id']}/messages")
    assert conversation["sensitive"]
    assert not [one for one in messages if "4242 4242" in (one["text"] or "")]
    async with httpx2.AsyncClient(base_url=stand_ins, trust_env=False) as client:
        items = (await client.get("/_sent", params={"channel": "instagram"})).json()["items"]
    answered = {item["comment"] for item in items if item.get("comment")}
    hidden = {item["target"] for item in items if item.get("action") == "hide"}
    assert answered & hidden
