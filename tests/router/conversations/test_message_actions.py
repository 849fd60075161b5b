"""Agents edit, delete, hide and react; the message shows what the platform did, and what it did not do."""

from typing import Any

import pytest

from schemas.channel import Capabilities, TextLimit
from schemas.outbound import ChannelAction
from schemas.values import EncryptedText
from services.platform.http.outgoing import PermanentSendError
from services.router.conversations.domain.action_rules import MODERATION, OF_CUSTOMERS, OF_OURS
from tests.router.conversations.page import PLAIN, Page, PageChannel

ACTIONS = PLAIN.model_copy(
    update={
        "actions": ("hide", "unhide", "delete", "edit", "react", "typing", "seen"),
        "text_limits": (TextLimit(limit=20),),
    }
)


async def answered(capabilities: Capabilities = ACTIONS, channel: PageChannel | None = None) -> tuple[Page, str]:
    """A harmless comment that sara answered in public, and the id of her message."""
    page = Page(capabilities, channel=channel)
    await page.comment(sensitive=False, masked=[])
    await page.assign("sara")
    outcome = await page.reply("hello")
    assert outcome.result is not None
    return page, outcome.result


async def test_edit_changes_the_message_once_the_platform_has_it() -> None:
    page, message = await answered()
    assert (await page.act("edit", message, text={"text": "hello!"})).status == "applied"
    (edit,) = page.actions()
    assert (edit.platform_id, edit.text, edit.address.thread) == ("sent-1", EncryptedText(text="hello!"), "post-1")
    after = page.message(message)
    assert after.text == EncryptedText(text="hello!")
    assert [earlier.text for earlier in after.edits] == [EncryptedText(text="hello")]
    assert (after.state, after.actions, page.verbs()[-1]) == ("sent", [], "message_edited")


async def test_edit_that_waits_shows_as_pending_and_the_text_is_the_old_one() -> None:
    page, message = await answered()
    await page.ask("edit", message, text={"text": "hello!"})
    waiting = page.message(message)
    assert waiting.text == EncryptedText(text="hello")
    assert [(action.kind, action.state) for action in waiting.actions] == [("edit", "pending")]
    await page.settle()
    assert page.message(message).actions == []


async def test_edit_that_the_platform_refuses_leaves_the_text_and_says_why() -> None:
    async def refuse(_: ChannelAction) -> None:
        raise PermanentSendError("too_late", "messages can be edited for 48 hours", 400)

    page, message = await answered(channel=PageChannel(act=refuse))
    await page.act("edit", message, text={"text": "hello!"})
    after = page.message(message)
    assert (after.text, page.verbs()[-1]) == (EncryptedText(text="hello"), "action_failed")
    (failed,) = after.actions
    assert (failed.kind, failed.state, failed.error and failed.error.code) == ("edit", "failed", "too_late")
    # A second try takes the place of the first.
    await page.act("edit", message, text={"text": "hi"})
    assert [(action.kind, action.state) for action in page.message(message).actions] == [("edit", "failed")]


async def test_deleted_message_has_no_text_any_more() -> None:
    page, message = await answered()
    await page.act("edit", message, text={"text": "hello!"})
    await page.act("delete", message)
    after = page.message(message)
    assert (after.state, after.text, after.edits, page.verbs()[-1]) == ("deleted", None, [], "message_deleted")
    assert page.performed() == [("edit", "sent-1"), ("delete", "sent-1")]


async def test_hide_and_unhide_a_comment() -> None:
    page, _ = await answered()
    await page.act("hide", "m1", agent="lea")
    assert (page.message("m1").hidden, page.verbs()[-1]) == (True, "message_hidden")
    await page.act("unhide", "m1", agent="lea")
    assert (page.message("m1").hidden, page.verbs()[-1]) == (False, "message_unhidden")
    assert page.performed() == [("hide", "comment-1"), ("unhide", "comment-1")]


async def test_react_and_take_it_back() -> None:
    page, _ = await answered()
    await page.act("react", "m1", emoji="👍")
    (ours,) = page.message("m1").reactions
    assert (ours.author.kind, ours.emoji, ours.removed) == ("account", "👍", False)
    assert page.verbs()[-1] == "reaction_changed"
    await page.act("react", "m1")
    assert [reaction.removed for reaction in page.message("m1").reactions] == [True]
    assert [action.emoji for action in page.actions()] == ["👍", None]


async def test_typing_and_seen_reach_the_platform_and_change_nothing() -> None:
    page, _ = await answered()
    facts = page.verbs()
    assert (await page.act("typing", None)).status == "applied"
    assert (await page.act("seen", "m1")).status == "applied"
    assert page.performed() == [("typing", None), ("seen", "comment-1")]
    assert (page.verbs(), page.message("m1").actions) == (facts, [])


@pytest.mark.parametrize(
    ("kind", "message", "more", "title"),
    [
        ("edit", "m1", {"text": {"text": "x"}}, "Not possible for this message"),
        ("delete", "m1", {}, "Not possible for this message"),
        ("hide", "sent", {}, "Not possible for this message"),
        ("seen", "sent", {}, "Not possible for this message"),
        ("edit", "sent", {"text": {"text": "x"}, "agent": "lea"}, "Not the assignee"),
        ("react", "m1", {"emoji": "👍", "agent": "lea"}, "Not the assignee"),
        ("edit", "sent", {"text": {"text": "x" * 21}}, "Text too long"),
        ("edit", "sent", {"text": {"text": "x"}, "sensitive_kinds": ["card"]}, "Secret in a public reply"),
        ("edit", "no-such", {"text": {"text": "x"}}, "Not found"),
    ],
)
async def test_what_an_agent_cannot_do(kind: str, message: str, more: dict[str, object], title: str) -> None:
    page, sent = await answered()
    outcome = await page.act(kind, sent if message == "sent" else message, **{"agent": "sara", **more})  # type: ignore[arg-type]  # a mix of fields
    assert outcome.problem is not None
    assert outcome.problem.title == title
    assert page.performed() == []


async def test_confirmed_secret_goes_out() -> None:
    page, sent = await answered()
    more: dict[str, Any] = {"text": {"text": "x"}, "sensitive_kinds": ["card"], "confirmed_by": "key-1"}
    assert (await page.act("edit", sent, **more)).status == "applied"


async def test_author_of_a_message_edits_it_after_a_transfer() -> None:
    page, sent = await answered()
    await page.assign("lea")
    assert page.case().agent == "lea"
    assert (await page.act("edit", sent, text={"text": "x"})).status == "applied"


async def test_channel_without_the_action_refuses_it_at_once() -> None:
    page, sent = await answered(PLAIN)
    outcome = await page.act("edit", sent, text={"text": "x"})
    assert outcome.problem is not None
    assert (outcome.problem.status, outcome.problem.title) == (409, "Not possible on this channel")


async def test_message_of_another_conversation_is_not_found() -> None:
    page, _ = await answered()
    await page.private_message("page:main:other")
    outcome = await page.act("react", "m2", emoji="👍")
    assert outcome.problem is not None
    assert outcome.problem.status == 404


def test_no_action_is_for_both_sides() -> None:
    assert not OF_CUSTOMERS & OF_OURS
    assert MODERATION <= OF_CUSTOMERS | OF_OURS


async def test_a_message_of_several_sends_is_deleted_whole_and_not_edited() -> None:
    split = ACTIONS.model_copy(update={"text_limits": (TextLimit(limit=20, splits=True),)})
    page = Page(split)
    await page.comment(sensitive=False, masked=[])
    await page.assign("sara")
    message = (await page.reply("A first sentence. And a second one.")).result
    assert message is not None
    assert (page.message(message).platform_id, page.message(message).further_ids) == ("sent-1", ["sent-2"])
    edit = await page.act("edit", message, text={"text": "short"})
    assert edit.problem is not None
    assert (edit.problem.status, "several messages" in edit.problem.detail) == (409, True)
    await page.act("delete", message)
    [deletion] = page.actions()
    assert (deletion.platform_id, deletion.further_ids) == ("sent-1", ["sent-2"])
    assert page.message(message).state == "deleted"
