"""Files, canned answers and keys on the desk, and that everybody can use them: acceptance tests 25, 26, 34, 35 and 38 of writing."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import FilePayload, Page, Route, expect

from tests.browser.axe import wrong_with
from tests.browser.desk import TIMEOUT_MS, row_of
from tests.browser.pages import OpenPage, picture
from tests.browser.writing import (
    WritingShop,
    box_of,
    button_of,
    desk_of,
    eventually,
    kind,
    open_conversation,
)

CARET = "(at => document.querySelector('#compose').setSelectionRange(at, at))"


async def press(page: Page, code: str, key: str, modifiers: int = 0) -> None:
    """Press a key where it is on the keyboard, as a layout writes it. `modifiers`: Alt 1, Ctrl 2, Shift 8."""
    session = await page.context.new_cdp_session(page)
    common = {"code": code, "key": key, "modifiers": modifiers}
    text = {"text": key} if not modifiers and len(key) == 1 else {}
    await session.send("Input.dispatchKeyEvent", {"type": "keyDown", **common, **text})
    await session.send("Input.dispatchKeyEvent", {"type": "keyUp", **common})


# -- keys ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["en", "fa", "ru"])
async def test_25_keys_work_on_every_layout_in_list_and_thread(
    open_page: OpenPage, here: WritingShop, layout: str
) -> None:
    keys = {
        "en": {"KeyJ": "j", "KeyK": "k", "KeyR": "r", "KeyN": "n", "KeyE": "e"},
        "fa": {"KeyJ": "ت", "KeyK": "ن", "KeyR": "ق", "KeyN": "د", "KeyE": "ث"},
        "ru": {"KeyJ": "о", "KeyK": "л", "KeyR": "к", "KeyN": "т", "KeyE": "у"},
    }[layout]
    for name in ("Neda", "Omid"):
        await here.private(name)
    page = await desk_of(open_page, here)
    rows = page.locator("#rows .row")
    await expect(rows).to_have_count(2, timeout=TIMEOUT_MS)
    await rows.nth(0).focus()

    async def moved() -> bool:
        # Keys are loaded after the list.
        await press(page, "KeyJ", keys["KeyJ"])
        return bool(await rows.nth(1).evaluate("row => row === document.activeElement"))

    await eventually(moved)
    await press(page, "KeyK", keys["KeyK"])
    await expect(rows.nth(0)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(box_of(page)).to_be_visible(timeout=TIMEOUT_MS)
    await page.locator("#thread").focus()
    await press(page, "KeyN", keys["KeyN"])
    await expect(page.get_by_role("textbox", name="Write a note")).to_be_focused()
    await expect(box_of(page)).to_have_value("")
    # Where somebody writes, the same keys write.
    await press(page, "KeyE", keys["KeyE"])
    await expect(box_of(page)).to_have_value(keys["KeyE"])
    await page.locator("#thread").focus()
    await press(page, "KeyR", keys["KeyR"])
    await expect(page.get_by_role("textbox", name="Write a reply")).to_be_focused()
    # The menu, from where somebody writes too.
    await press(page, "KeyK", keys["KeyK"], 2)
    await expect(page.get_by_role("dialog", name="Commands")).to_be_visible()
    await page.keyboard.type("note")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox", name="Write a note")).to_be_focused()


async def test_25_no_letter_of_altgr_or_option_is_a_command_and_keys_can_be_switched_off(
    open_page: OpenPage, here: WritingShop
) -> None:
    await here.private("Neda")
    page = await desk_of(open_page, here)
    await open_conversation(page, "Neda")
    taken = """codes => codes.filter(([code, key]) => ['#rows .row', '#thread', '#compose'].some(place => [
      {altKey: true}, {modifierAltGraph: true}, {ctrlKey: true, altKey: true}, {ctrlKey: true, altKey: true, modifierAltGraph: true},
    ].some(more => !document.querySelector(place).dispatchEvent(new KeyboardEvent('keydown', {code, key, bubbles: true, cancelable: true, ...more})))))"""
    letters = [
        [f"Key{letter}", character] for letter, character in zip("ACEGIKLNSUZJRXQ", "āčēģīķļņšūžjrx@", strict=True)
    ]
    assert await page.evaluate(taken, [*letters, ["Semicolon", "ś"], ["Slash", "?"], ["Digit7", "{"]]) == []
    await page.get_by_role("button", name="Sara").click()
    await page.get_by_role("checkbox", name="Single keys are commands").uncheck()
    await page.keyboard.press("Escape")
    await page.locator("#thread").focus()
    await page.keyboard.press("n")
    await page.keyboard.press("e")
    await expect(button_of(page, "Reply")).to_have_attribute("aria-pressed", "true")
    await expect(page.locator("#undo")).to_have_count(0)
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("dialog", name="Commands")).to_be_visible()


async def test_25_enter_belongs_to_an_input_method_that_composes(open_page: OpenPage, here: WritingShop) -> None:
    await here.private("Neda")
    page = await desk_of(open_page, here)
    box = await open_conversation(page, "Neda")
    await box.focus()
    session = await page.context.new_cdp_session(page)
    await session.send("Input.imeSetComposition", {"text": "こんにちは", "selectionStart": 5, "selectionEnd": 5})
    await session.send(
        "Input.dispatchKeyEvent", {"type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
    )
    await session.send("Input.insertText", {"text": "こんにちは"})
    await expect(box).to_have_value("こんにちは")
    assert here.sent() == []
    await box.press("Enter")
    await here.went_out("こんにちは")


# -- canned answers ----------------------------------------------------------------------------------------------------


async def test_34_canned_answers_are_put_in_at_the_caret_and_a_blank_is_never_sent(
    open_page: OpenPage, here: WritingShop
) -> None:
    await here.shop.put(
        "/canned/hello", {"title": "Greeting", "text": "Dear {customer.name}, this is {agent.name}.", "shortcut": "hi"}
    )
    await here.shop.put("/canned/refund", {"title": "بازپرداخت كامل", "text": "Order {order number} is paid back."})
    await here.private("Neda")
    page = await desk_of(open_page, here)
    box = await open_conversation(page, "Neda")
    await box.fill("[ and ]")
    await page.evaluate(CARET, 1)
    await box.press_sequentially(" /hi")
    await expect(page.get_by_role("option", name="Greeting")).to_be_visible(timeout=TIMEOUT_MS)
    await box.press("Enter")
    await expect(box).to_have_value("[ Dear Neda, this is Sara. and ]")
    await page.evaluate(CARET, len("[ Dear Neda, this is Sara. and"))
    # Persian and Arabic letters are found alike.
    await box.press_sequentially(" ")
    await press(page, "Semicolon", "ک", 2)
    await box.press_sequentially("کامل")
    await expect(page.locator("#picks").get_by_role("option")).to_have_count(1, timeout=TIMEOUT_MS)
    await box.press("Enter")
    text = "[ Dear Neda, this is Sara. and Order {order number} is paid back. ]"
    await expect(box).to_have_value(text)
    composer = page.locator(".composer")
    await expect(composer).to_contain_text("Fill in \u2068order number\u2069 first.")
    await box.press("Enter")
    await expect(box).to_have_value(text)
    assert here.sent() == []
    # The blank is selected: what is typed now takes its place, and Undo gives it back.
    await box.press_sequentially("1042")
    await expect(box).to_have_value(text.replace("{order number}", "1042"))
    await box.press("Enter")
    await here.went_out(text.replace("{order number}", "1042"))


# -- files ---------------------------------------------------------------------------------------------------------------


async def test_35_five_files_without_a_text_arrive_in_their_order(open_page: OpenPage, here: WritingShop) -> None:
    conversation = await here.private("Neda")
    page = await desk_of(open_page, here)
    await open_conversation(page, "Neda")
    free, first = asyncio.Event(), True

    async def slow_first(route: Route) -> None:
        nonlocal first
        is_first, first = first, False
        if is_first:
            await free.wait()
        await route.continue_()

    await page.route("**/attachments", slow_first)
    names = [f"{number} فاکتور.txt" for number in range(5)]
    files = [FilePayload(name=name, mimeType="text/plain", buffer=f"file {name}".encode()) for name in names]
    await page.locator(".composer input[type=file]").set_input_files(files)
    await expect(page.locator(".composer progress")).to_have_count(5)
    # Send waits for uploads.
    await button_of(page, "Send").click(force=True)
    await expect(page.locator(".composer")).to_contain_text("Files are still being uploaded.")
    free.set()
    await expect(page.locator(".composer .files .name")).to_have_text(names, timeout=TIMEOUT_MS)
    await expect(page.locator(".composer progress")).to_have_count(0)
    await button_of(page, "Send").click()
    await expect(page.locator(".message.outbound a.file bdi")).to_have_text(names, timeout=TIMEOUT_MS)
    [message] = await here.messages(conversation)
    assert [file["name"] for file in message["attachments"]] == names


async def test_35_a_file_can_be_taken_away_pasted_and_tried_again(open_page: OpenPage, here: WritingShop) -> None:
    await here.private("Neda")
    page = await desk_of(open_page, here)
    await open_conversation(page, "Neda")
    broken = True

    async def fails_once(route: Route) -> None:
        nonlocal broken
        if broken:
            broken = False
            await route.abort()
        else:
            await route.continue_()

    await page.route("**/attachments", fails_once)
    paste = """([name, text]) => {
      const data = new DataTransfer();
      data.items.add(new File([text], name, {type: 'text/plain'}));
      document.querySelector('#compose').dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));
    }"""
    await page.evaluate(paste, ["pasted.txt", "some text"])
    await expect(page.locator(".composer .problem")).to_have_text("The server was not reached.", timeout=TIMEOUT_MS)
    await expect(page.locator(".composer")).to_contain_text("A file has not arrived.")
    await button_of(page, "Try again").click()
    await expect(page.locator(".composer .files .quiet")).to_be_visible(timeout=TIMEOUT_MS)
    # It is in the draft: a reload keeps it.
    await page.reload()
    await expect(page.locator(".composer .files .name")).to_have_text("pasted.txt", timeout=TIMEOUT_MS)
    await button_of(page, "Remove \u2068pasted.txt\u2069").click()
    await expect(page.locator(".composer .files")).to_have_count(0)
    await expect(button_of(page, "Send")).to_have_attribute("aria-disabled", "true")


# -- for everybody -------------------------------------------------------------------------------------------------------


async def states_of(page: Page, here: WritingShop, other: str) -> AsyncIterator[str]:
    """The states of the composer, one after the other."""
    box = box_of(page)
    yield "empty"
    await box.fill("سلام Neda, order #A-12 is 50% off 👍🏽")
    yield "reply"
    await box.fill("Dear {customer.name} /")
    await page.evaluate(CARET, len("Dear {customer.name} /"))
    await box.press("ArrowRight")
    await box.press_sequentially("a")
    await box.press("Backspace")
    yield "picker"
    await box.press("Escape")
    await page.locator(".composer .kind").nth(1).click()
    await page.locator("textarea[data-draft$='|note']").fill("A note @")
    yield "note"
    await box_of(page).press("Escape")
    await page.locator(".composer .kind").nth(0).click()
    await expect(page.locator("textarea[data-draft$='|reply']")).to_be_visible()
    await page.route("**/attachments", lambda route: route.abort())
    await page.locator(".composer input[type=file]").set_input_files(
        [FilePayload(name="a-very-long-name-of-a-file-that-does-not-fit.png", mimeType="image/png", buffer=b"x")]
    )
    await expect(page.locator(".composer .problem")).to_be_visible(timeout=TIMEOUT_MS)
    yield "failed file"
    await page.unroute("**/attachments")
    await page.locator(".composer .files button").last.click()
    await page.route("**/replies", lambda route: route.abort())
    await box_of(page).fill("It waits")
    await page.locator(".composer .sends .primary").click()
    await expect(page.locator(".outgoing li")).to_have_count(1)
    yield "on its way"
    await page.unroute("**/replies")
    await page.keyboard.press("Control+k")
    await expect(page.locator(".menu input")).to_be_visible()
    yield "menu"
    await page.keyboard.press("Escape")
    await page.goto(f"{here.installation.url}/desk/c/{other}")
    await expect(page.locator(".composer.public")).to_be_visible(timeout=TIMEOUT_MS)
    await box_of(page).fill("Call me at +371 20 000 000")
    await page.locator(".composer .sends .primary").click()
    await expect(page.locator(".composer [role=alert] mark")).to_be_visible(timeout=TIMEOUT_MS)
    yield "refused in public"
    await here.shop.put("/agents/reza/presence", {"status": "online"})
    path = f"/v1/workspaces/{here.shop.workspace}/conversations/{other}"
    assert (await here.shop.client.post(f"{path}/transfer", json={"to_agent": "reza"})).status_code == 200
    await expect(page.locator(".composer .sends .grows + button")).to_have_count(1, timeout=TIMEOUT_MS)
    yield "held"
    assert (await here.shop.client.post(f"{path}/resolve", json={})).status_code == 200
    yield "resolved"


@pytest.mark.parametrize(
    ("language", "size", "scheme"),
    [
        ("en", "desktop", "light"),
        ("fa", "small phone", "light"),
        ("ar", "desktop", "dark"),
        ("lv", "small phone", "dark"),
    ],
)
async def test_38_nothing_of_the_composer_keeps_anybody_out(
    open_page: OpenPage, here: WritingShop, language: str, size: str, scheme: str
) -> None:
    await here.shop.put("/canned/hello", {"title": "Greeting", "text": "Dear {customer.name}", "shortcut": "hi"})
    other, _ = await here.public("Omid")
    await here.private("Neda", "سلام، سفارش #A-12 کجاست؟")
    page = await desk_of(open_page, here, locale=language, size=size, scheme=scheme)
    await row_of(page, "Neda").click(timeout=TIMEOUT_MS)
    await expect(box_of(page)).to_be_visible(timeout=TIMEOUT_MS)
    async for state in states_of(page, here, other):
        name = f"composer-{language}-{state.replace(' ', '-')}"
        await picture(page, name, whole=False)
        assert await wrong_with(page) == [], name
        assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth"), name


async def test_26_on_a_phone_with_the_keyboard_up_composer_and_last_message_are_seen(
    open_page: OpenPage, here: WritingShop
) -> None:
    conversation = await here.private("Neda")
    for number in range(6):
        await here.again(conversation, f"message {number}")
    page = await desk_of(open_page, here, size="small phone")
    box = await open_conversation(page, "Neda")
    await box.tap()
    # The keyboard takes 300 of 640 pixels, and the page gets what is left (interactive-widget=resizes-content).
    await page.set_viewport_size({"width": 360, "height": 340})
    await box.fill("An answer that is long enough to need two lines on a phone as small as this")
    for place in (box, button_of(page, "Send"), page.locator(".message").last):
        await expect(place).to_be_in_viewport(ratio=0.5)
    await picture(page, "composer-phone-keyboard", whole=False)
    # On touch Enter breaks the line; the button sends, and the keyboard stays.
    await box.press("Enter")
    await expect(box).to_have_value("An answer that is long enough to need two lines on a phone as small as this\n")
    await button_of(page, "Send").tap()
    await expect(box).to_have_value("")
    await expect(box).to_be_focused()
    box = await kind(page, "Note")
    await box.fill("A note from the tram")
    await button_of(page, "Save note").tap()
    await expect(page.locator(".message.note")).to_contain_text("A note from the tram", timeout=TIMEOUT_MS)
