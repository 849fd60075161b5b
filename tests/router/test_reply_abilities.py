"""What a conversation says of an answer that nobody has written yet is what a reply would get."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.activity import Address
from schemas.channel import Capabilities, MediaLimit, TextLimit, Window
from schemas.commands import Reply
from schemas.conversation import Handoff
from schemas.values import EncryptedText, Problem, Surface
from services.domain.channel_capabilities import ChannelCapabilities
from services.domain.conversation_state import Contact, ConversationState
from services.platform.http.problems import problem_code
from services.router.conversations.domain.plans import plan_reply, rules_for
from services.router.reply_abilities import SurfaceAbility, conversation_detail
from tests.fakes import START
from tests.rest import open_rest
from tests.router.test_bound_callers import bound_key, put_agent
from tests.router.test_inbox import case, put_case

DAY = 86_400
CHAT = Capabilities(
    surfaces=("private", "public"),
    text_limits=(TextLimit(limit=1000, splits=True), TextLimit(limit=300, surface="public", unit="utf16")),
    windows=(Window(seconds=DAY),),
    media=(MediaLimit(kind="image", max_bytes=5_000_000, media_types=("image/png",)),),
    max_files=4,
)
PRIVATE = {"private": Address(chat="1")}
BOTH = {**PRIVATE, "public": Address(chat="2")}


def conversation(**given: Any) -> ConversationState:
    return replace(case("c1", agent="sara"), **{"addresses": BOTH, "wrote_at": {"private": START}, **given})


def abilities(
    one: ConversationState, after_seconds: float = 60, agent: str | None = "sara", known: Capabilities | None = CHAT
) -> Mapping[Surface, SurfaceAbility]:
    capabilities = ChannelCapabilities({"telegram": known} if known else {})
    now = START + timedelta(seconds=after_seconds)
    shown = conversation_detail(one, None, capabilities, None, agent=agent, language="en", now=now)
    return {"private": shown.can_reply.private, "public": shown.can_reply.public}


@pytest.mark.parametrize("receives", [True, False])
def test_a_channel_that_only_sends_says_so(receives: bool) -> None:
    known = CHAT.model_copy(update={"receives": receives})
    assert abilities(conversation(), known=known)["private"].receives is receives


def test_an_open_window_says_until_when_and_what_fits() -> None:
    private, public = abilities(conversation()).values()
    assert (private.allowed, private.code, private.detail) == (True, None, None)
    assert private.until == START + timedelta(days=1)
    # Ten messages at most.
    assert (private.text_limit, private.text_unit) == (10_000, "code_points")
    assert [(one.kind, one.max_bytes, one.media_types) for one in private.media] == [
        ("image", 5_000_000, ["image/png"])
    ]
    assert private.max_files == 4
    assert (public.allowed, public.until, public.text_limit, public.text_unit) == (True, None, 300, "utf16")


@pytest.mark.parametrize(
    ("given", "more", "private", "public"),
    [
        ({}, {"after_seconds": DAY + 1}, "window_closed", None),
        ({"addresses": PRIVATE}, {}, None, "no_address"),
        ({"agent": "reza"}, {}, "not_assignee", "not_assignee"),
        ({"agent": None, "status": "waiting"}, {}, None, None),
        ({"status": "resolved"}, {}, "finished", "finished"),
        ({"status": "closed"}, {}, "finished", "finished"),
        ({}, {"agent": None}, None, None),
        ({}, {"known": None}, None, None),
        ({"handoff": Handoff(state="started", started_at=START, reason="sensitive"), "sensitive": True}, {}, None, "sensitive_in_public"),
    ],
)  # fmt: skip
def test_why_not(given: dict[str, Any], more: dict[str, Any], private: str | None, public: str | None) -> None:
    shown = abilities(conversation(**given), **more)
    assert (shown["private"].code, shown["public"].code) == (private, public)
    for one in shown.values():
        assert one.allowed == (one.code is None) == (one.detail is None) == (one.reason is None)


def test_a_closed_window_says_until_when_it_was_open() -> None:
    shown = abilities(conversation(), after_seconds=2 * DAY)["private"]
    assert (shown.allowed, shown.until) == (False, START + timedelta(days=1))


@given(
    status=st.sampled_from(["waiting", "assigned", "pending", "resolved", "closed"]),
    agent=st.sampled_from(["sara", "reza", None]),
    addresses=st.sampled_from([{}, PRIVATE, BOTH]),
    seconds=st.sampled_from([1.0, DAY - 1.0, DAY + 0.0, 3.0 * DAY]),
    wrote=st.booleans(),
    blocked=st.booleans(),
    surface=st.sampled_from(["private", "public"]),
)
def test_it_is_what_a_reply_would_get(
    status: Any, agent: str | None, addresses: Any, seconds: float, wrote: bool, blocked: bool, surface: Surface
) -> None:
    one = conversation(status=status, agent=agent, addresses=addresses, wrote_at={"private": START} if wrote else {})
    person = Contact(key=one.key, workspace="shop", person=one.person, blocked=blocked, seen_at=START)
    capabilities, now = ChannelCapabilities({"telegram": CHAT}), START + timedelta(seconds=seconds)
    shown = conversation_detail(one, person, capabilities, None, agent="sara", language="en", now=now)
    reply = Reply(
        conversation="c1",
        agent="sara",
        text=EncryptedText(text="Hello"),
        surface=surface,
        accepted_at=now,
        request_hash="",
    )
    planned = plan_reply(one, reply, person, rules_for(capabilities, "telegram", "main", None, "en", now))
    code = problem_code(planned.title) if isinstance(planned, Problem) else None
    assert getattr(shown.can_reply, surface).code == code


async def test_over_rest_it_is_about_the_caller_in_their_language() -> None:
    async with open_rest() as rest:
        await rest.workspace()
        put_agent(rest, "sara")
        put_agent(rest, "reza")
        put_case(rest, replace(case("c1", agent="reza"), addresses=PRIVATE))
        path = "/v1/workspaces/shop/conversations/c1"
        answer = await rest.request("GET", path, authorization=await bound_key(rest), accept_language="lv")
        private = answer.json()["can_reply"]["private"]
        assert (private["allowed"], private["code"]) == (False, "not_assignee")
        assert private["detail"].startswith("Saruna nav piešķirta")
        other = (await rest.request("GET", path)).json()["can_reply"]
        assert (other["private"]["allowed"], other["public"]["code"]) == (True, "no_address")


async def test_what_was_on_the_page_is_no_part_of_the_answer_that_is_repeated() -> None:
    async with open_rest() as rest:
        await rest.workspace()
        put_agent(rest, "sara")
        put_case(rest, replace(case("c1", agent="sara"), addresses=PRIVATE))
        path = "/v1/workspaces/shop/conversations/c1/replies"
        for more in ({}, {"after": "m1"}, {"after": "m2"}):
            await rest.request("POST", path, {"agent": "sara", "text": "hello", **more}, prefer="respond-async")
        sent = [event.data for event in rest.events]
        assert [data.get("after") for data in sent] == [None, "m1", "m2"]
        assert len({data["request_hash"] for data in sent}) == 1
