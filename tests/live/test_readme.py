"""What the README tells a newcomer to type does what it says."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.installation import ADMIN_KEY, Running, command, shop_at, up, update_of
from tests.live.waiting import eventually

README = Path(__file__).parents[2] / "README.md"
PUT = re.compile(r"^put (\S+)\s+'(.*)'$", re.MULTILINE)


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Running]:
    running = up(tmp_path, PASOKH_ADMIN_KEY=ADMIN_KEY)
    running.start()
    try:
        running.wait_ready()
        yield running
    finally:
        running.stop()


def example() -> list[tuple[str, dict[str, Any]]]:
    """The lines `put PATH 'BODY'` of "Your own shop": path below `/v1/workspaces`, and body."""
    return [(path, json.loads(body)) for path, body in PUT.findall(README.read_text())]


async def test_the_shop_of_the_readme_answers_every_customer_it_is_open_to(installed: Running) -> None:
    written = example()
    assert [path for path, _ in written] == [
        *("shop", "shop/accounts/telegram/main", "shop/agents/sara", "shop/agents/sara/presence"),
        *("shop/routing", "shop/sla"),
    ]
    async with shop_at(installed.url, ADMIN_KEY) as shop:
        for path, body in written:
            answer = await shop.client.put(f"/v1/workspaces/{path}", json=body)
            assert answer.status_code in (200, 201), answer.text
            assert answer.json().get("warnings", []) == []
        secret = dict(written)["shop/accounts/telegram/main"]["credentials"]["secret_token"]
        said = {1: "سلام، سفارش من هنوز نرسیده است، لطفا راهنمایی کنید", 2: "Hello, where is my order please"}
        for chat, text in said.items():
            assert (await shop.post(update_of(chat, chat, text), secret)).status_code == 200

        async def languages() -> bool:
            cases = await shop.items("/conversations", status="assigned")
            return sorted(case["language"] for case in cases) == ["en", "fa"]

        assert await eventually(languages)


async def test_a_rule_that_nobody_can_meet_is_told_by_answers_and_by_doctor(installed: Running) -> None:
    async with shop_at(installed.url, ADMIN_KEY) as shop:
        await shop.put("", {"name": "Shop", "languages": ["fa", "en"]})
        agent = {"name": "Sara", "teams": ["default"], "skills": {"lang:fa": 5}}
        assert (await shop.put("/agents/sara", agent))["warnings"] == []
        shown = await shop.put("/routing", {"rules": [{"then": {"skills": {"lang:{language}": 1}}}]})
        assert [one["pointer"] for one in shown["warnings"]] == ["/rules/0/then/skills/lang:{language}"]
        assert (await shop.get("/routing"))["warnings"] == shown["warnings"]
        assert (await shop.put("/agents/sara", agent))["warnings"] == shown["warnings"]
        told = _doctor(installed)
        assert told["routing"] == {"name": "routing", "ok": False, "detail": f"shop: {shown['warnings'][0]['detail']}"}
        mended = await shop.put("/agents/sara", {**agent, "skills": {"lang:fa": 5, "lang:en": 1}})
        assert mended["warnings"] == (await shop.get("/routing"))["warnings"] == []
        assert _doctor(installed)["routing"]["ok"]


def _doctor(installed: Running) -> dict[str, Any]:
    running = command(installed.folder, "doctor", "--json")
    running.start()
    running.wait_end(60)
    items = json.loads(running.log[: running.log.rindex("}") + 1])["items"]
    return {item["name"]: item for item in items}
