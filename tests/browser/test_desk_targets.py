"""Answers go to whom the agent meant, where the agent meant: acceptance tests 5, 6, 7, 10 and 36, and who has the conversation."""

import base64
import hashlib
import hmac
import json
from uuid import uuid4

from playwright.async_api import FilePayload, Page, expect

from tests.browser.desk import TIMEOUT_MS, row_of
from tests.browser.pages import OpenPage
from tests.browser.writing import (
    WritingShop,
    box_of,
    button_of,
    desk_of,
    eventually,
    kept,
    kind,
    open_conversation,
)
from tests.live.channel_callers import meta_account, meta_call

DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
CARD = "4111 1111 1111 1111"
LAYOUTS = {
    "de": "äöüßÄÖÜ€@~|{}[]\\",
    "pl": "ąćęłńóśżźĄĆĘŁŃÓŚŻŹ€",
    "lv": "āčēģīķļņšūžĀČĒĢĪĶĻŅŠŪŽ€",
    "fa": "ضصثقفغعهخحجچشسیبلاتنمکگظطزرذدئو،؟«»‌۱۲۳/",
    "en": "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789!\"#$%&'()*+,-.:;<=>?@[]^_`{|}~/",
}


async def press_characters(page: Page, text: str) -> None:
    """Press the key of each character, as a keyboard does that writes it."""
    session = await page.context.new_cdp_session(page)
    for character in text:
        common = {"key": character}
        await session.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": character, **common})
        await session.send("Input.dispatchKeyEvent", {"type": "keyUp", **common})


async def test_05_no_note_and_no_file_of_one_reaches_a_customer(open_page: OpenPage, here: WritingShop) -> None:
    page = await desk_of(open_page, here)
    conversation = await here.private("Neda")
    credentials = {"identity_secret": "a-secret-of-the-shop", "allowed_origins": ["*"]}
    await here.shop.put("/accounts/webchat/main", {"credentials": credentials})
    chat = f"/webchat/{here.shop.workspace}/main"
    session = (await here.shop.client.post(f"{chat}/sessions", json={"name": "Visitor"})).json()
    own = {"authorization": f"Bearer {session['token']}"}
    await here.shop.client.post(f"{chat}/messages", json={"id": str(uuid4()), "text": "Hello"}, headers=own)
    for name, text in (("Neda", "NOTE-ONE of a liar"), ("Visitor", "NOTE-TWO of a liar")):
        await open_conversation(page, name)
        box = await kind(page, "Note")
        await expect(page.locator(".composer")).to_contain_text("Only colleagues read this.")
        await box.fill(text)
        picture = FilePayload(name="proof.png", mimeType="image/png", buffer=DOT)
        await page.locator(".composer input[type=file]").set_input_files(picture)
        await expect(page.locator(".composer .files img")).to_be_visible(timeout=TIMEOUT_MS)
        await button_of(page, "Save note").click()
        await expect(page.locator(".message.note")).to_contain_text(text, timeout=TIMEOUT_MS)
        await kind(page, "Reply")
        await box_of(page).fill(f"An answer to {name}")
        await button_of(page, "Send").click()
    await here.went_out("An answer to Neda")

    async def heard() -> str | None:
        said = (await here.shop.client.get(f"{chat}/messages", headers=own)).text
        return said if "An answer to Visitor" in said else None

    said = await eventually(heard) + json.dumps(list(here.telegram.sent))
    assert "NOTE-" not in said
    assert "proof.png" not in said
    [note] = await here.messages(conversation, "note")
    assert [file["name"] for file in note["attachments"]] == ["proof.png"]


async def test_06_a_note_stays_a_note_after_it_is_saved_and_whatever_is_typed(
    open_page: OpenPage, here: WritingShop
) -> None:
    await here.private("Neda")
    page = await desk_of(open_page, here)
    await open_conversation(page, "Neda")
    box = await kind(page, "Note")
    for number in range(2):
        await box.fill(f"note {number}")
        await box.press("Control+Enter")
        await expect(page.locator(".message.note")).to_have_count(number + 1, timeout=TIMEOUT_MS)
        await expect(button_of(page, "Note")).to_have_attribute("aria-pressed", "true")
        await expect(button_of(page, "Save note")).to_be_visible()
    for characters in LAYOUTS.values():
        await box.fill("")
        await press_characters(page, characters)
        await expect(box).to_have_value(characters)
        await box.press("Escape")
        await expect(button_of(page, "Note")).to_have_attribute("aria-pressed", "true")
    # Enter breaks the line in a note.
    await box.fill("one")
    await box.press("Enter")
    await box.press_sequentially("two")
    await expect(box).to_have_value("one\ntwo")
    assert here.sent() == []


async def test_07_the_target_of_a_draft_changes_by_the_agents_word_alone(
    open_page: OpenPage, here: WritingShop
) -> None:
    page = await desk_of(open_page, here)
    conversation, number = await here.public("Neda", f"My card is {CARD}, help")
    await open_conversation(page, "Neda")
    composer = page.locator(".composer")
    # Sensitive and public: refused before a word is typed, with the reason.
    await expect(composer).to_contain_text("Something sensitive was said here", timeout=TIMEOUT_MS)
    await expect(composer).to_contain_text("Everybody can read this.")
    await expect(composer).to_have_class("composer public")
    box = box_of(page)
    await box.fill("Let me look")
    await box.press("Control+Enter")
    await expect(box).to_have_value("Let me look")
    await here.follow_link(number, "Neda")
    await expect(composer).to_contain_text("The customer now writes here: \u2068private\u2069", timeout=TIMEOUT_MS)
    await expect(composer).to_contain_text("Everybody can read this.")
    await expect(composer).to_have_class("composer public")
    await button_of(page, "Switch").click()
    await expect(composer).to_have_class("composer private")
    await expect(composer.locator(".target")).to_have_text(
        "To \u2068Neda\u2069, \u2068Telegram\u2069, \u2068private\u2069, as \u2068Sara\u2069."
    )
    await expect(box).to_have_value("Let me look")
    await button_of(page, "Send").click()
    await here.went_out("Let me look")
    [message] = [one for one in await here.messages(conversation) if one["text"] == "Let me look"]
    assert message["surface"] == "private"
    [item] = [one for one in here.telegram.sent if one.get("text") == "Let me look"]
    assert item["chat_id"] == number


async def test_07_a_secret_in_public_is_refused_marked_and_may_go_in_private(
    open_page: OpenPage, here: WritingShop
) -> None:
    page = await desk_of(open_page, here)
    _, number = await here.public("Neda")
    box = await open_conversation(page, "Neda")
    await expect(page.locator(".composer")).to_have_class("composer public")
    await expect(button_of(page, "Answer in public")).to_be_visible()
    # In public Enter alone sends nothing.
    await box.fill("Call me")
    await box.press("Enter")
    await expect(box).to_have_value("Call me\n")
    await box.fill("Call me at +371 20 000 000 please")
    await button_of(page, "Answer in public").click()
    alert = page.locator(".composer [role=alert]")
    await expect(alert).to_contain_text("Everybody could read a secret in it", timeout=TIMEOUT_MS)
    await expect(alert.locator("mark")).to_have_text("+371 20 000 000")
    await alert.get_by_role("button", name="Show it in the text").click()
    selected = "document.querySelector('#compose').value.slice(...['selectionStart', 'selectionEnd'].map(name => document.querySelector('#compose')[name]))"
    assert await page.evaluate(selected) == "+371 20 000 000"
    await expect(box).to_have_value("Call me at +371 20 000 000 please")
    assert not [text for text in here.sent() if "Call me" in text]
    await box.fill("Write to the bot, please")
    await button_of(page, "Answer in public").click()
    await here.went_out("Write to the bot, please")
    [item] = [one for one in here.telegram.sent if one.get("text") == "Write to the bot, please"]
    assert item["chat_id"] == -number


async def test_10_an_answer_from_a_stale_page_is_refused_and_kept(open_page: OpenPage, here: WritingShop) -> None:
    conversation = await here.private("Neda")
    page = await desk_of(open_page, here)
    box = await open_conversation(page, "Neda")
    await box.fill("It left on Monday")
    # The stream brings nothing more, while requests still get through.
    await page.route("**/inbox/stream*", lambda route: route.abort())
    await page.context.set_offline(True)
    await page.context.set_offline(False)
    await given_to(here, conversation, "lea")
    reply = await here.shop.reply(conversation, "lea", "It came back to us, we send it again")
    assert reply.status_code == 201, reply.text
    await given_to(here, conversation, "sara")
    await button_of(page, "Send").click()
    await expect(box).to_have_value("It left on Monday", timeout=TIMEOUT_MS)
    await expect(page.locator(".composer [role=alert]")).to_contain_text("Somebody has written since what you saw")
    await expect(page.locator("#thread")).to_contain_text("It came back to us", timeout=TIMEOUT_MS)
    assert "It left on Monday" not in here.sent()
    # To send it all the same is a press of Send: what is new has been shown.
    await button_of(page, "Send").click()
    await here.went_out("It left on Monday")


async def given_to(here: WritingShop, conversation: str, agent: str) -> None:
    """A conversation goes to an agent."""
    await here.shop.put(f"/agents/{agent}/presence", {"status": "online"})
    path = f"/v1/workspaces/{here.shop.workspace}/conversations/{conversation}/transfer"
    answer = await here.shop.client.post(path, json={"to_agent": agent})
    assert answer.status_code == 200, answer.text
    await eventually(lambda: held_by(here, conversation, agent))


async def held_by(here: WritingShop, conversation: str, agent: str) -> bool:
    shown = await here.shop.get(f"/conversations/{conversation}")
    return bool(shown["agent"] == agent)


async def test_what_a_colleague_takes_is_said_at_once_and_may_be_noted_or_taken_over(
    open_page: OpenPage, here: WritingShop
) -> None:
    conversation = await here.private("Neda")
    page = await desk_of(open_page, here)
    box = await open_conversation(page, "Neda")
    await box.fill("I know the answer")
    await given_to(here, conversation, "lea")
    await expect(page.locator(".composer")).to_contain_text("\u2068Lea\u2069 has it since", timeout=TIMEOUT_MS)
    await expect(box).to_have_value("I know the answer")
    await expect(button_of(page, "Send")).to_have_count(0)
    await expect(button_of(page, "Take over and send")).to_have_count(0)
    await button_of(page, "Save as note").click()
    await expect(page.locator(".message.note")).to_contain_text("I know the answer", timeout=TIMEOUT_MS)
    assert here.sent() == []
    # A lead may take over: two presses.
    await given_to(here, conversation, "sara")
    lead = await desk_of(open_page, here, "lea")
    await lead.get_by_role("link", name="All of my teams").click()
    await (await open_conversation(lead, "Neda")).fill("I take this one")
    await button_of(lead, "Take over and send").click()
    assert here.sent() == []
    await button_of(lead, "Press again: take it from \u2068Sara\u2069 and send").click()
    await here.went_out("I take this one")
    assert (await here.shop.get(f"/conversations/{conversation}"))["agent"] == "lea"


async def test_a_resolved_conversation_keeps_its_draft_and_is_answered_once_it_is_reopened(
    open_page: OpenPage, here: WritingShop
) -> None:
    conversation = await here.private("Neda")
    page = await desk_of(open_page, here)
    box = await open_conversation(page, "Neda")
    await box.fill("One more thing")
    await kept(page, "One more thing")
    path = f"/v1/workspaces/{here.shop.workspace}/conversations/{conversation}"
    assert (await here.shop.client.post(f"{path}/resolve", json={})).status_code == 200
    await expect(page.locator(".composer")).to_contain_text("The conversation is resolved", timeout=TIMEOUT_MS)
    await expect(box).to_have_value("One more thing")
    await button_of(page, "Reopen").click()
    await expect(page.locator(".composer")).not_to_contain_text("The conversation is resolved", timeout=TIMEOUT_MS)
    await button_of(page, "Send").click()
    await here.went_out("One more thing")


async def test_36_a_closed_window_is_said_before_anything_is_sent(open_page: OpenPage, here: WritingShop) -> None:
    await here.shop.put("/accounts/whatsapp/main", meta_account("1234567", "whatsapp", "app-secret"))
    page = await desk_of(open_page, here)
    await call(here, "a day ago", hours=25)
    await here.conversation_with("37120000001")
    await row_of(page, "Omid").click(timeout=TIMEOUT_MS)
    composer, thread = page.locator(".composer"), page.locator("#thread")
    await expect(composer).to_contain_text("The channel took answers until", timeout=TIMEOUT_MS)
    box = box_of(page)
    await box.fill("Hello again")
    await expect(button_of(page, "Send")).to_have_attribute("aria-disabled", "true")
    await box.press("Enter")
    await expect(box).to_have_value("Hello again")
    # Shortly before its end it is counted down, and it ends while the agent looks on.
    await call(here, "I wrote nearly a day ago", hours=24 - 20 / 3600)
    await expect(thread).to_contain_text("I wrote nearly a day ago", timeout=TIMEOUT_MS)
    await expect(composer).to_contain_text("The channel takes answers for", timeout=TIMEOUT_MS)
    await expect(button_of(page, "Send")).to_have_attribute("aria-disabled", "false")
    await expect(button_of(page, "Send")).to_have_attribute("aria-disabled", "true", timeout=2 * TIMEOUT_MS)
    await call(here, "I am here again", hours=0)
    await expect(thread).to_contain_text("I am here again", timeout=TIMEOUT_MS)
    await expect(button_of(page, "Send")).to_have_attribute("aria-disabled", "false", timeout=TIMEOUT_MS)
    await expect(composer).not_to_contain_text("The channel took answers until")
    await expect(composer).not_to_contain_text("The channel takes answers for")


async def call(here: WritingShop, text: str, *, hours: float) -> None:
    """A customer of WhatsApp writes, by the platform's word so long ago."""
    made = meta_call("whatsapp", "app-secret", {"1234567": text}, "37120000001")
    body = json.loads(made.body)
    value = body["entry"][0]["changes"][0]["value"]
    [message] = value["messages"]
    message["timestamp"] = str(int(message["timestamp"]) - int(hours * 3600))
    value["contacts"] = [{"wa_id": "37120000001", "profile": {"name": "Omid"}}]
    raw = json.dumps(body).encode()
    signed = signature_of(raw)
    answer = await here.shop.client.post(
        f"/webhooks/whatsapp/{here.shop.workspace}/main",
        content=raw,
        headers={**made.headers, "x-hub-signature-256": signed},
    )
    assert answer.status_code == 200, answer.text


def signature_of(raw: bytes) -> str:
    """As Meta signs a call."""
    return "sha256=" + hmac.new(b"app-secret", raw, hashlib.sha256).hexdigest()
