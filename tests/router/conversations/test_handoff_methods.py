"""Each way from public to private, by what the channel can do: what the customer reads, and where their answer goes.

docs/handoff.md has the texts word by word; customers read exactly these.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.activity import Address
from schemas.configuration import HandoffTexts
from services.channels.port import SendReceipt
from services.platform.http.outgoing import PermanentSendError, SendOutcomeUnknown
from services.router.conversations.domain.handoff import sign_token
from services.router.conversations.domain.handoff_texts import TEXTS, text_for
from services.router.conversations.domain.invitations import may_write_by_itself
from tests.router.conversations.harness import HANDOFFS
from tests.router.conversations.page import (
    COMMENTER,
    IN_PRIVATE,
    PLAIN,
    WITH_DEEP_LINK,
    WITH_INVITATION,
    WITH_PRIVATE_REPLY,
    Page,
    PageChannel,
)

PAGE = Path(__file__).parents[3] / "docs" / "handoff.md"
ROW = re.compile(r"^\| (?P<language>[a-z]{2}) \| (?P<where>[a-z ]+) \| `[a-z_]+` \| (?P<text>.+) \|$")
LANGUAGES = ("en", "fa", "ar", "lv")


def documented(method: str) -> Iterator[tuple[str, str, str]]:
    """The rows (language, where, text) of a method in docs/handoff.md."""
    _, section = PAGE.read_text().split(f"\n### {method}\n")
    for line in section.split("\n### ")[0].splitlines():
        if found := ROW.match(line):
            yield found["language"], found["where"], found["text"].replace("\\n", "\n")


def page_with(method: str, **more: object) -> Page:
    """A page whose surest way is this one."""
    pages = {
        "private_reply": lambda: Page(WITH_PRIVATE_REPLY, username="shop", webchat=True, **more),  # type: ignore[arg-type]
        "deep_link": lambda: Page(WITH_DEEP_LINK, username="shop", webchat=True, **more),  # type: ignore[arg-type]
        "invitation": lambda: Page(WITH_INVITATION, webchat=True, **more),  # type: ignore[arg-type]
        "webchat": lambda: Page(PLAIN, webchat=True, **more),  # type: ignore[arg-type]
        "none": lambda: Page(PLAIN, **more),  # type: ignore[arg-type]
    }
    return pages[method]()


# -- what customers read -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("method", ["private_reply", "deep_link", "invitation", "webchat", "none"])
async def test_customers_read_what_the_page_says(method: str, language: str) -> None:
    page = page_with(method)
    await page.comment(language=language)
    expected = [row[1:] for row in documented(method) if row[0] == language and row[1] != "web chat"]
    token = sign_token(HANDOFFS.secret, "w", page.case().id)
    links = (
        f"https://page.example/shop?start={token}",
        f"https://help.example/webchat/w/main?handoff={token}",
    )
    read = page.read_by_customer()
    for link in links:
        read = [(where, text.replace(link, "{link}")) for where, text in read]
    assert read == expected
    assert expected
    handoff = page.case().handoff
    assert handoff is not None
    assert (handoff.method or "none") == method


@pytest.mark.parametrize("language", LANGUAGES)
async def test_visitor_reads_two_words_as_the_page_says(language: str) -> None:
    page = page_with("webchat")
    await page.comment(language=language)
    token = sign_token(HANDOFFS.secret, "w", page.case().id)
    visitor: dict[str, Any] = {
        "channel": "webchat",
        "person": "webchat:main:v",
        "details": {"handoff": token},
        "language": language,
    }
    await page.private_message(**visitor)
    (expected,) = [text for known, where, text in documented("webchat") if (known, where) == (language, "web chat")]
    handoff = page.case().handoff
    assert handoff is not None
    (follower,) = handoff.unconfirmed
    assert [message.text.text for message in page.webchat.taken] == [expected.replace("{words}", follower.words)]


@pytest.mark.parametrize("method", ["private_reply", "deep_link", "invitation", "webchat", "none"])
async def test_nothing_that_the_customer_wrote_is_repeated_in_public(method: str) -> None:
    page = page_with(method)
    await page.comment(text={"text": "my card is [card]"})
    assert all("card is" not in text for _, text in page.read_by_customer())


async def test_texts_of_the_workspace_replace_ours() -> None:
    texts = HandoffTexts(link={"lv": "Lūdzu, šeit: {link}"}, notice="No cards here!")
    page = page_with("deep_link", texts=texts)
    await page.comment(language="lv")
    ((_, text),) = page.read_by_customer()
    assert text.startswith("Lūdzu, šeit: https://page.example/shop?start=")
    other = page_with("deep_link", texts=texts)
    await other.comment(language="fa")
    ((_, text),) = other.read_by_customer()
    assert text.startswith("برای حفظ")
    none = page_with("none", texts=texts)
    await none.comment(language="ar")
    assert none.read_by_customer() == [("public", "No cards here!")]


@pytest.mark.parametrize(
    "texts",
    [
        {"link": "no place for the link"},
        {"link": {"en": "{link} and {name}"}},
        {"notice": "an {unknown} one"},
        {"notice": "a stray { brace"},
        {"verification": {"fa": "no words"}},
        {"notice": " "},
        {"notice": "x" * 1001},
        {"unknown": "x"},
        {"notice": {"not a language!": "x"}},
    ],
)
def test_texts_are_checked_when_they_are_written(texts: object) -> None:
    with pytest.raises(ValidationError):
        HandoffTexts.model_validate(texts)


def test_every_text_is_there_in_every_language_with_its_placeholders() -> None:
    assert all(set(texts) == set(LANGUAGES) for texts in TEXTS.values())
    for name, texts in TEXTS.items():
        # Ours are held to what a workspace's are held to.
        HandoffTexts.model_validate({name: dict(texts)})


def test_language_without_a_text_reads_the_next_one() -> None:
    assert text_for("notice", [None, "de", "lv", "fa"], None) == TEXTS["notice"]["lv"]
    assert text_for("notice", ["de"], None) == TEXTS["notice"]["en"]


@pytest.mark.parametrize(("automated", "may"), [("yes", True), ("approved", False), ("no", False)])
def test_only_a_platform_that_allows_it_is_written_to_by_a_program(automated: str, may: bool) -> None:
    assert may_write_by_itself(PLAIN.model_copy(update={"automated": automated})) is may


# -- a private reply ---------------------------------------------------------------------------------------------------


async def test_private_reply_answers_the_post_and_the_notice_follows_when_the_platform_has_it() -> None:
    page = page_with("private_reply")
    await page.comment()
    reply, notice = page.channel.taken
    assert reply.private_reply
    assert reply.in_reply_to is not None
    assert (reply.in_reply_to.platform_id, reply.address.thread, reply.surface) == ("comment-1", "post-1", "private")
    assert (notice.private_reply, notice.surface, notice.address.reply_to) == (False, "public", "comment-1")


async def test_answer_to_the_private_reply_continues_the_same_conversation_under_another_id() -> None:
    page = page_with("private_reply")
    await page.comment()
    await page.assign("sara")
    await page.private_message(IN_PRIVATE)
    (case,) = page.cases()
    assert case.handoff is not None
    assert (case.handoff.state, case.surface, case.agent) == ("completed", "private", "sara")
    assert [message.conversation for message in page.messages()] == [case.id] * 4
    assert (await page.reply("hello")).status == "applied"
    answer = page.channel.taken[-1]
    assert (answer.surface, answer.address.chat, answer.channel) == ("private", "psid-1", "page")


async def test_agent_cannot_write_in_private_before_the_customer_answers() -> None:
    page = page_with("private_reply")
    await page.comment()
    await page.assign("sara")
    outcome = await page.reply("hello", "private")
    assert outcome.problem is not None
    assert outcome.problem.title == "Private reply used"


async def test_answer_that_comes_before_the_result_of_the_private_reply_moves_to_the_conversation() -> None:
    page = page_with("private_reply")
    await page.comment(settled=False)
    # The platform took the reply, and its answer is still on the way.
    await page.private_message(IN_PRIVATE, settled=False)
    assert len(page.cases()) == 2
    await page.settle()
    case, own = page.cases()
    moved = [message.conversation for message in page.messages() if message.author.id == IN_PRIVATE]
    assert (moved, own.status) == ([own.id, case.id], "resolved")
    assert case.handoff is not None
    assert case.handoff.state == "completed"


async def test_same_id_in_private_needs_no_other_partition() -> None:
    reached = SendReceipt("p-1", person="commenter", address=Address(chat="commenter"))
    page = page_with("private_reply", channel=PageChannel(reached=reached))
    await page.comment()
    await page.private_message(COMMENTER)
    (case,) = page.cases()
    assert case.handoff is not None
    assert case.handoff.state == "completed"
    assert not [event for event in page.driver.sent if event.type == "pasokh.command.continue_conversation"]


async def test_stranger_who_writes_in_private_gets_a_conversation_of_their_own() -> None:
    page = page_with("private_reply")
    await page.comment()
    await page.private_message("page:main:psid-2")
    assert len(page.cases()) == 2
    assert page.case().handoff is not None
    assert page.case().handoff.state == "started"  # type: ignore[union-attr]  # as above


@pytest.mark.parametrize("error", [PermanentSendError("unreachable", "by the user"), SendOutcomeUnknown("no answer")])
async def test_private_reply_that_fails_gives_way_to_the_next_method(error: Exception) -> None:
    both = WITH_PRIVATE_REPLY.model_copy(update={"deep_link": WITH_DEEP_LINK.deep_link})
    page = Page(both, username="shop", channel=PageChannel(refusals=[error]))
    await page.comment()
    ((where, text),) = page.read_by_customer()
    assert where == "public"
    assert "https://page.example/shop?start=" in text
    assert page.case().handoff is not None
    assert page.case().handoff.method == "deep_link"  # type: ignore[union-attr]  # as above


async def test_link_of_the_shop_itself_needs_no_username() -> None:
    page = Page(PLAIN.model_copy(update={"deep_link": "https://shop.example/help?ref={token}"}))
    await page.comment()
    ((_, text),) = page.read_by_customer()
    assert f"https://shop.example/help?ref={sign_token(HANDOFFS.secret, 'w', page.case().id)}" in text
    assert page.case().handoff.method == "deep_link"  # type: ignore[union-attr]  # as above


@pytest.mark.parametrize(("age", "method"), [(7 * 86400 - 1, "private_reply"), (7 * 86400, None)])
async def test_post_older_than_the_platform_allows_gets_no_private_reply(age: float, method: str | None) -> None:
    page = Page(WITH_PRIVATE_REPLY)
    written = page.driver.now
    await page.wait(age)
    await page.comment(sent_at=written)
    assert page.case().handoff is not None
    assert page.case().handoff.method == method  # type: ignore[union-attr]  # as above


@pytest.mark.parametrize("state", ["blocked", "opted_out"])
async def test_who_wants_no_messages_gets_no_private_reply_and_may_be_answered_below_the_post(state: str) -> None:
    page = Page(WITH_PRIVATE_REPLY)
    await page.private_message(COMMENTER, kind="follow", contact_state=state, text=None)
    await page.wait(60)
    await page.comment()
    ((where, text),) = page.read_by_customer()
    assert where == "public"
    assert text.startswith("To protect your personal information, please do not write")
    assert page.case().handoff is not None
    assert page.case().handoff.method is None  # type: ignore[union-attr]  # as above


async def test_each_post_has_one_private_reply() -> None:
    page = page_with("private_reply")
    await page.comment()
    await page.wait(601)
    assert page.case().handoff is not None
    assert page.case().handoff.state == "expired"  # type: ignore[union-attr]  # as above
    edit = {"kind": "edit", "message": "m1", "platform_id": "comment-1", "text": {"text": "again [card]"}}
    await page.comment(**edit, sent_at=page.driver.now)
    assert [message.private_reply for message in page.channel.taken] == [True, False, False]
    await page.wait(601)
    await page.comment()
    assert [message.private_reply for message in page.channel.taken] == [True, False, False, True, False]


async def test_customer_who_answers_after_the_invitation_expired_is_still_the_customer() -> None:
    page = page_with("private_reply")
    await page.comment()
    await page.wait(3600)
    await page.private_message(IN_PRIVATE)
    (case,) = page.cases()
    assert case.handoff is not None
    assert case.handoff.state == "completed"


async def test_customer_who_answers_after_an_agent_cleared_is_still_the_customer() -> None:
    page = page_with("private_reply")
    await page.comment()
    await page.clear()
    await page.private_message(IN_PRIVATE)
    assert len(page.cases()) == 1


# -- an invitation -----------------------------------------------------------------------------------------------------


async def test_private_message_of_the_same_person_answers_an_invitation() -> None:
    page = page_with("invitation")
    await page.comment()
    await page.assign("sara")
    await page.private_message(COMMENTER)
    (case,) = page.cases()
    assert case.handoff is not None
    assert (case.handoff.state, case.agent) == ("completed", "sara")
    assert (await page.reply("hello")).status == "applied"
    assert page.channel.taken[-1].address.chat == "commenter"


async def test_private_message_answers_the_latest_invitation_and_another_matter_stays_apart() -> None:
    page = page_with("invitation")
    await page.private_message(COMMENTER)
    await page.wait(1)
    await page.comment()
    await page.private_message(COMMENTER)
    earlier, case = page.cases()
    assert [message.conversation for message in page.messages() if message.surface == "private"] == [
        earlier.id,
        case.id,
    ]


@pytest.mark.parametrize("automated", ["approved", "no"])
async def test_platform_that_lets_no_program_write_gets_no_notice_and_agents_a_note(automated: str) -> None:
    page = Page(WITH_INVITATION.model_copy(update={"automated": automated}))
    await page.comment()
    assert page.read_by_customer() == []
    (note,) = [message for message in page.messages() if message.direction == "note"]
    assert note.text is not None
    assert "ask the customer for a private message yourself" in note.text.text
    await page.assign("sara")
    await page.clear()
    assert (await page.reply("Please send us a private message.")).status == "applied"


@pytest.mark.parametrize("is_asked", [True, False])
async def test_who_is_asked_by_an_agent_goes_on_in_private_in_the_same_conversation(is_asked: bool) -> None:
    page = Page(WITH_INVITATION.model_copy(update={"automated": "approved"}))
    await page.comment()
    await page.assign("sara")
    if is_asked:
        await page.clear()
        await page.reply("Please send us a private message.")
    await page.private_message(COMMENTER)
    (case,) = page.cases()
    assert case.handoff is not None
    assert (case.handoff.state, case.handoff.method, case.agent) == ("completed", "invitation", "sara")
    assert (await page.reply("hello")).status == "applied"
    assert (page.channel.taken[-1].surface, page.channel.taken[-1].address.chat) == ("private", "commenter")


async def test_account_with_the_approval_of_its_platform_is_written_to_and_acts() -> None:
    needs_approval = WITH_INVITATION.model_copy(update={"automated": "approved"})
    approved = WITH_INVITATION.model_copy(update={"actions": ("hide", "react")})
    page = Page(needs_approval, by_account={"page": lambda _: approved})
    await page.comment()
    assert [where for where, _ in page.read_by_customer()] == ["public"]
    assert page.performed() == [("hide", "comment-1")]
    await page.assign("sara")
    assert (await page.act("react", "m1", emoji="👍")).status == "applied"


# -- hiding ------------------------------------------------------------------------------------------------------------

HIDES = PLAIN.model_copy(update={"actions": ("hide", "unhide")})


async def test_sensitive_post_is_hidden_before_anything_is_written() -> None:
    page = Page(HIDES)
    await page.comment()
    assert page.channel.attempted[0] == page.actions()[0].id
    assert (page.performed(), page.message("m1").hidden) == ([("hide", "comment-1")], True)
    assert "message_hidden" in page.verbs()


async def test_second_sensitive_post_is_hidden_too_and_a_harmless_one_is_not() -> None:
    page = Page(HIDES)
    await page.comment()
    await page.comment(sensitive=False, masked=[])
    await page.comment()
    assert page.performed() == [("hide", "comment-1"), ("hide", "comment-3")]


async def test_clearing_shows_again_what_was_hidden_by_itself() -> None:
    page = Page(HIDES)
    await page.comment()
    await page.comment(sensitive=False, masked=[])
    await page.act("hide", "m2")
    await page.clear()
    assert page.performed() == [("hide", "comment-1"), ("hide", "comment-2"), ("unhide", "comment-1")]
    assert (page.message("m1").hidden, page.message("m2").hidden, page.case().hidden) == (False, True, [])


async def test_post_that_becomes_sensitive_by_an_edit_is_hidden() -> None:
    page = Page(HIDES)
    await page.comment(sensitive=False, masked=[])
    await page.comment(kind="edit", message="m1", platform_id="comment-1", text={"text": "[card]"})
    assert page.performed() == [("hide", "comment-1")]


async def test_channel_that_cannot_hide_is_not_asked_to() -> None:
    page = Page(PLAIN)
    await page.comment()
    assert page.performed() == []


async def test_private_message_is_never_hidden() -> None:
    page = Page(HIDES)
    await page.private_message(COMMENTER, sensitive=True, masked=["card"])
    assert page.performed() == []
