"""An agent answers a public post in private: once, in time, and the customer's answer continues the conversation."""

from typing import Any

import pytest

from schemas.activity import Address
from schemas.channel import PrivateReply, TextLimit, Window
from services.channels.port import SendReceipt
from services.platform.http.outgoing import PermanentSendError
from tests.router.conversations.page import COMMENTER, IN_PRIVATE, PLAIN, WITH_PRIVATE_REPLY, Page, PageChannel

SAME_PERSON = SendReceipt("p-1", person="commenter", address=Address(chat="commenter"))
HARMLESS: dict[str, Any] = {"sensitive": False, "masked": []}
LIKE_META = WITH_PRIVATE_REPLY.model_copy(
    update={"windows": (Window(seconds=86400),), "text_limits": (TextLimit(limit=20, splits=True),)}
)


async def commented(capabilities: Any = LIKE_META, channel: PageChannel | None = None) -> Page:
    page = Page(capabilities, channel=channel)
    await page.comment(**HARMLESS)
    await page.assign("sara")
    return page


async def test_agent_answers_a_comment_in_private_and_nothing_is_written_in_public() -> None:
    page = await commented()
    assert (await page.reply("hello", "private")).status == "applied"
    (sent,) = page.channel.taken
    assert sent.in_reply_to is not None
    assert (sent.private_reply, sent.surface, sent.in_reply_to.platform_id) == (True, "private", "comment-1")
    assert (sent.address.reply_to, sent.window) == ("comment-1", None)
    case = page.case()
    assert (case.status, case.handoff, case.private_replies) == ("pending", None, ["comment-1"])


@pytest.mark.parametrize(
    ("reached", "person"),
    [(SAME_PERSON, COMMENTER), (PageChannel().reached, IN_PRIVATE)],
    ids=["same id in private", "another id in private"],
)
async def test_customer_answers_the_private_reply_and_the_conversation_goes_on(
    reached: SendReceipt, person: str
) -> None:
    page = await commented(channel=PageChannel(reached=reached))
    await page.reply("hello", "private")
    await page.private_message(person)
    (case,) = page.cases()
    assert (case.status, case.handoff, case.last_surface) == ("assigned", None, "private")
    assert (await page.reply("more")).status == "applied"
    answer = page.channel.taken[-1]
    assert (answer.private_reply, answer.surface, answer.address.chat) == (False, "private", person.split(":")[2])
    await page.comment(**HARMLESS)
    assert page.case().last_surface == "public"


async def test_customer_with_an_open_private_conversation_goes_on_there() -> None:
    page = Page(LIKE_META, channel=PageChannel(reached=SAME_PERSON))
    await page.comment(**HARMLESS)
    await page.private_message(COMMENTER)
    await page.assign("sara")
    assert (await page.reply("hello", "private")).status == "applied"
    await page.private_message(COMMENTER)
    public, private = page.cases()
    in_private = [message.conversation for message in page.messages() if message.surface == "private"]
    assert in_private == [private.id, public.id, private.id]


async def test_second_private_reply_to_a_comment_is_refused_before_any_call() -> None:
    page = await commented()
    await page.reply("hello", "private")
    outcome = await page.reply("again", "private")
    assert outcome.problem is not None
    assert (outcome.problem.status, outcome.problem.title) == (409, "Private reply used")
    assert outcome.problem.detail == (
        "This post has had its private reply, and page takes one. You can go on in private once the customer answers it."
    )
    assert len(page.channel.taken) == 1
    # Another comment of the customer may be answered.
    await page.comment(**HARMLESS)
    assert (await page.reply("again", "private")).status == "applied"


async def test_private_reply_on_its_way_counts_as_used() -> None:
    page = Page(LIKE_META.model_copy(update={"private_reply": PrivateReply(seconds=60, once=True)}))
    await page.comment()
    await page.assign("sara")
    outcome = await page.reply("hello", "private")
    assert outcome.problem is not None
    assert outcome.problem.title == "Private reply used"


async def test_private_reply_is_refused_when_its_time_is_over() -> None:
    page = await commented()
    await page.wait(7 * 86400)
    outcome = await page.reply("hello", "private")
    assert outcome.problem is not None
    assert (outcome.problem.status, outcome.problem.title) == (409, "Private reply too late")
    sentence = "The 7-day window for a private reply to this post closed at 09:00. Answer in public."
    assert outcome.problem.detail == sentence
    assert page.channel.taken == []


async def test_private_reply_is_one_message_of_text() -> None:
    page = await commented()
    outcome = await page.reply("a text that is longer than twenty", "private")
    assert outcome.problem is not None
    assert (outcome.problem.status, outcome.problem.pointer) == (422, "/text")


async def test_without_private_replies_there_is_no_address_in_private() -> None:
    page = await commented(PLAIN)
    outcome = await page.reply("hello", "private")
    assert outcome.problem is not None
    assert outcome.problem.title == "No address on that surface"


async def test_private_reply_that_the_platform_refuses_shows_why_and_writes_nothing_in_public() -> None:
    error = PermanentSendError("unreachable", "the person cannot be reached")
    page = await commented(channel=PageChannel(refusals=[error]))
    await page.reply("hello", "private")
    failed = page.messages()[-1]
    assert failed.error is not None
    assert (failed.state, failed.error.code, page.case().status) == ("failed", "unreachable", "assigned")
    assert page.read_by_customer() == []


# -- a channel on which hidden posts take no answer --------------------------------------------------------------------

NO_ANSWER_TO_HIDDEN = LIKE_META.model_copy(update={"answers_hidden": False, "text_limits": ()})


async def test_hidden_post_that_takes_no_answer_gets_the_private_reply_alone() -> None:
    page = Page(NO_ANSWER_TO_HIDDEN)
    await page.comment()
    assert [surface for surface, _ in page.read_by_customer()] == ["private"]
    assert page.performed() == [("hide", "comment-1")]
    assert page.case().private_replies == ["comment-1"]


async def test_notice_comes_before_the_post_is_hidden_where_no_private_reply_is_possible() -> None:
    page = Page(NO_ANSWER_TO_HIDDEN.model_copy(update={"private_reply": None}))
    await page.comment()
    assert [surface for surface, _ in page.read_by_customer()] == ["public"]
    assert page.performed() == [("hide", "comment-1")]
    outgoing = [event.type for event in page.driver.sent if event.type.startswith("pasokh.outbound.")]
    assert outgoing == ["pasokh.outbound.message", "pasokh.outbound.action"]


async def test_agents_learn_that_nothing_reached_the_author_of_a_hidden_post() -> None:
    error = PermanentSendError("unreachable", "the person cannot be reached")
    page = Page(NO_ANSWER_TO_HIDDEN, channel=PageChannel(refusals=[error]))
    await page.comment()
    assert page.read_by_customer() == []
    note = page.messages()[-1]
    assert note.direction == "note"
    assert note.text is not None
    assert "did not reach the customer" in note.text.text
