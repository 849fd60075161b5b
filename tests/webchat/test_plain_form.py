"""The chat as a plain form: what a browser without scripts sees and sends."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from schemas.activity import Attachment
from tests.webchat.harness import LINK, ORIGIN, PATH, WebchatHarness, open_webchat

FORM = {"content-type": "application/x-www-form-urlencoded"}
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
LINES = re.compile(r'<li class="(\w+)">.*?<span class="text" dir="auto">(.*?)</span></li>', re.DOTALL)


async def send(shop: WebchatHarness, answer: httpx2.Response, text: str, **headers: str) -> httpx2.Response:
    """Fill in the form that was answered, and send it as a browser does."""
    fields = {name: unescape(value) for name, value in HIDDEN.findall(answer.text)}
    body = urlencode({**fields, "text": text.replace("\n", "\r\n")})
    return await shop.client.post(f"{PATH}/plain", content=body, headers={**FORM, **headers})


async def opened(shop: WebchatHarness, query: str = "", **headers: Any) -> httpx2.Response:
    answer = await shop.client.get(f"{PATH}/plain{query}", headers=headers)
    assert answer.status_code == 200
    return answer


def lines(answer: httpx2.Response) -> list[tuple[str, str]]:
    return [(kind, unescape(text)) for kind, text in LINES.findall(answer.text)]


async def test_a_message_is_sent_shown_and_answered_without_a_script() -> None:
    async with open_webchat() as shop:
        first = await send(shop, await opened(shop), "Hello\nthere")
        assert (first.status_code, lines(first)) == (200, [("mine", "Hello\nthere")])
        second = await send(shop, first, "Where is my order?")
        assert lines(second) == [("mine", "Hello\nthere"), ("mine", "Where is my order?")]
        assert len({one.person for one in shop.activities}) == 1
        [person] = {one.person for one in shop.activities}
        await shop.store_message(f"shop/{person}", f"case of {person}", "answer")
        assert lines(await send(shop, second, ""))[-1] == ("theirs", "Good morning")


async def test_the_same_form_sent_twice_is_one_message() -> None:
    async with open_webchat() as shop:
        page = await send(shop, await opened(shop), "")
        await send(shop, page, "once")
        assert lines(await send(shop, page, "once")) == [("mine", "once")]


@pytest.mark.parametrize(
    ("query", "accepted", "language", "direction"),
    [
        ("", "fa-IR,fa;q=0.9", "fa", "rtl"),
        ("?lang=lv", "ar", "lv", "ltr"),
        ("", "ar", "ar", "rtl"),
        ("", "de", "en", "ltr"),
    ],
)
async def test_it_speaks_the_visitors_language(query: str, accepted: str, language: str, direction: str) -> None:
    async with open_webchat() as shop:
        answer = await opened(shop, query, **{"accept-language": accepted})
        assert f'<html lang="{language}" dir="{direction}">' in answer.text
        assert f'<html lang="{language}" dir="{direction}">' in (await send(shop, answer, "x")).text


async def test_markup_stays_text_and_overrides_turn_nothing() -> None:
    async with open_webchat() as shop:
        hostile = '</textarea><script>alert(1)</script>"\u202eabc\u2066'
        answer = await send(shop, await opened(shop), hostile)
        assert "<script" not in answer.text
        assert lines(answer) == [("mine", '</textarea><script>alert(1)</script>"abc')]
        assert "'unsafe" not in answer.headers["content-security-policy"]
        assert "script-src" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["token", "handoff", "lang", "id", "text"])
async def test_what_a_link_puts_into_the_form_is_no_markup(name: str) -> None:
    async with open_webchat() as shop:
        answer = await opened(shop, "?" + urlencode({name: '"><script>alert(1)</script>'}))
        assert "<script" not in answer.text


async def test_a_form_of_another_origin_is_refused() -> None:
    async with open_webchat() as shop:
        page = await opened(shop)
        assert (await send(shop, page, "Hello", origin="https://evil.example")).status_code == 403
        assert (await send(shop, page, "Hello", origin=ORIGIN)).status_code == 200
        assert (await send(shop, page, "Hello", origin="http://pasokh")).status_code == 200


async def test_a_link_of_a_hand_off_goes_on_in_the_form() -> None:
    async with open_webchat() as shop:
        await send(shop, await opened(shop, f"?handoff={LINK}"), "It is me")
        assert shop.activities[0].details["handoff"] == LINK


async def test_a_token_that_is_none_is_replaced_and_the_message_goes_on() -> None:
    async with open_webchat() as shop:
        answer = await opened(shop, "?token=made-up")
        assert lines(await send(shop, answer, "Hello")) == [("mine", "Hello")]


async def test_what_is_refused_is_said_and_the_text_stays() -> None:
    async with open_webchat(visitor_requests_per_second=2) as shop:
        answer = await opened(shop)
        for _ in range(6):
            answer = await send(shop, answer, "My long <story>")
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert 'role="alert"' in answer.text
        assert "My long &lt;story&gt;</textarea>" in answer.text


async def test_a_text_that_is_too_long_is_refused_and_stays() -> None:
    async with open_webchat() as shop:
        answer = await send(shop, await opened(shop), "x" * 10_001)
        assert answer.status_code == 422
        assert "x" * 10_001 in answer.text
        assert shop.activities == []


async def test_an_account_that_is_not_there_is_said_to_be_closed() -> None:
    async with open_webchat() as shop:
        answer = await shop.client.post("/webchat/shop/nowhere/plain", content="text=x", headers=FORM)
        assert answer.status_code == 404
        assert "not available" in answer.text


async def test_our_page_leads_to_the_form_where_no_script_runs() -> None:
    async with open_webchat() as shop:
        page = await shop.client.get(f'{PATH}?handoff=abc&x="><b>')
        assert "url=/webchat/shop/main/plain?handoff=abc&amp;x=" in page.text
        assert "<b>" not in page.text


async def test_files_are_named() -> None:
    async with open_webchat() as shop:
        page = await send(shop, await opened(shop), "Hello")
        [person] = {one.person for one in shop.activities}
        files = [Attachment(kind="image", name="<b>\u202e.png", blob="b1"), Attachment(kind="voice", blob="b2")]
        await shop.store_message(f"shop/{person}", f"case of {person}", "answer", attachments=files, text=None)
        assert lines(await send(shop, page, ""))[-1] == ("theirs", "[<b>.png]\n[voice]")
