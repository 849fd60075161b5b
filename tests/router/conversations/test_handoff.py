"""A secret in a public place moves the case to a private one, and nobody else can follow."""

from typing import Any

import pytest

from schemas.activity import Address
from schemas.configuration import AccountBody, TeamBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from services.records.configuration import CONFIGURATIONS
from services.router.conversations.domain.handoff import sign_token, verify_token
from tests.router.conversations.harness import HANDOFFS, ConversationsHarness

GROUP = Address(chat="-100", thread="7", reply_to="11")
STRANGER = "telegram:main:2"


def account(**settings: Any) -> AccountBody:
    return AccountBody(credentials={}, settings=settings)


@pytest.fixture
def house() -> ConversationsHarness:
    harness = ConversationsHarness()
    configure(harness, {"telegram/main": account(username="shop_bot")})
    return harness


def configure(house: ConversationsHarness, accounts: dict[str, AccountBody]) -> None:
    at = house.driver.now
    configuration = WorkspaceConfiguration(
        workspace="w",
        version=3,
        profile=Versioned(body=WorkspaceBody(name="Shop", languages=["en", "fa"]), version=1, at=at),
        teams={"billing": Versioned(body=TeamBody(name="Billing"), version=1, at=at)},
        accounts={name: Versioned(body=body, version=1, at=at) for name, body in accounts.items()},
    )
    house.driver.put(CONFIGURATIONS, "w/3", configuration)


async def card_in_the_group(house: ConversationsHarness, number: int = 1, **more: Any) -> list[str]:
    public = {"surface": "public", "thread": "-100/7", "address": GROUP, "sensitive": True, "masked": ["card"]}
    return await house.customer(number, **{**public, "text": {"text": "my card is [card]"}, **more})


async def start(house: ConversationsHarness, token: str, number: int = 9, **more: Any) -> list[str]:
    return await house.customer(number, details={"command": "start", "start": token}, **more)


def token_of(house: ConversationsHarness) -> str:
    return sign_token(HANDOFFS.secret, "w", house.case().id)


async def test_a_card_in_a_group_starts_a_hand_off(house: ConversationsHarness) -> None:
    emitted = await card_in_the_group(house)
    assert emitted[-3:] == ["outbound.message", "replied", "handoff_started"]
    handoff = house.case().handoff
    assert handoff is not None
    assert (handoff.state, handoff.reason, handoff.private_channel) == ("started", "card", "telegram")


async def test_the_group_reads_why_in_the_customers_language_with_a_link_and_no_detail(
    house: ConversationsHarness,
) -> None:
    await card_in_the_group(house, language="lv")
    notice = next(e for e in house.driver.sent if e.type == "pasokh.outbound.message").data
    text = str(notice["text"]["text"])  # type: ignore[index,call-overload]  # the shape of OutboundMessage
    assert text.startswith("Lai pasargātu jūsu personas datus")
    assert f"https://t.me/shop_bot?start={token_of(house)}" in text
    assert "card" not in text
    assert notice["address"]["chat"] == "-100"  # type: ignore[index,call-overload]  # as above


async def test_the_notice_is_no_answer_of_an_agent(house: ConversationsHarness) -> None:
    await card_in_the_group(house)
    notice = house.messages()[-1]
    await house.delivered(notice.id)
    assert notice.author.kind == "system"
    assert house.case().first_response_at is None
    assert house.case().status == "waiting"


async def test_a_second_secret_gets_no_second_notice(house: ConversationsHarness) -> None:
    await card_in_the_group(house, 1)
    assert await card_in_the_group(house, 2) == ["message_received"]


async def test_a_link_that_comes_as_a_pressed_button_joins_too(house: ConversationsHarness) -> None:
    await card_in_the_group(house)
    token = token_of(house)
    link = {"details": {"start": token, "data": token}, "text": None, "address": Address(chat="1")}
    assert await house.customer(9, "postback", **link) == ["handoff_completed"]
    assert len(house.cases()) == 1


async def test_start_by_the_same_person_joins_the_same_conversation(house: ConversationsHarness) -> None:
    await card_in_the_group(house)
    await house.assign("sara")
    case, messages = house.case(), len(house.messages())
    assert await start(house, token_of(house), address=Address(chat="1")) == ["handoff_completed"]
    joined = house.case()
    assert (joined.id, joined.agent, joined.surface) == (case.id, "sara", "private")
    assert len(house.messages()) == messages
    assert await house.customer(10, address=Address(chat="1")) == ["message_received"]
    assert len(house.cases()) == 1
    assert (await house.reply("sara")).status == "applied"
    sent = [e for e in house.driver.sent if e.type == "pasokh.outbound.message"][-1].data
    assert (sent["surface"], sent["address"]["chat"]) == ("private", "1")  # type: ignore[index,call-overload]  # as above


async def test_private_messages_go_to_it_before_any_other_private_conversation(house: ConversationsHarness) -> None:
    await house.customer(1)
    await house.driver.advance(1)
    await card_in_the_group(house, 2)
    await start(house, token_of(house))
    await house.customer(3)
    assert house.messages()[-1].conversation == house.case().id


async def test_a_stranger_with_the_token_gets_nothing_and_spends_nothing(house: ConversationsHarness) -> None:
    await card_in_the_group(house)
    assert await start(house, token_of(house), person=STRANGER) == []
    assert len(house.cases()) == 1
    assert await start(house, token_of(house), 12) == ["handoff_completed"]


@pytest.mark.parametrize("token", ["made-up", "A" * 43, "", "hello world"])
async def test_a_made_up_token_is_an_ordinary_message(house: ConversationsHarness, token: str) -> None:
    assert (await start(house, token))[0] == "opened"


async def test_a_token_used_twice_changes_nothing(house: ConversationsHarness) -> None:
    await card_in_the_group(house)
    await start(house, token_of(house), 9)
    assert await start(house, token_of(house), 10) == []


async def test_while_sensitive_the_public_gets_no_reply(house: ConversationsHarness) -> None:
    await card_in_the_group(house)
    await house.assign("sara")
    outcome = await house.reply("sara")
    assert outcome.problem is not None
    assert outcome.problem.status == 409


async def test_who_does_not_follow_in_time_is_escalated(house: ConversationsHarness) -> None:
    configure(house, {"telegram/main": account(username="shop_bot", handoff_seconds=60)})
    await card_in_the_group(house)
    await house.driver.advance(59)
    assert house.facts("handoff_expired") == []
    await house.driver.advance(1)
    case = house.case()
    assert case.handoff is not None
    assert (case.handoff.state, case.priority) == ("expired", "high")
    assert len(house.facts("handoff_expired")) == 1


async def test_who_follows_in_time_does_not_expire(house: ConversationsHarness) -> None:
    await card_in_the_group(house)
    await start(house, token_of(house))
    await house.driver.advance(901)
    assert house.facts("handoff_expired") == []


async def test_an_edit_that_shows_a_secret_starts_a_hand_off(house: ConversationsHarness) -> None:
    public: dict[str, Any] = {"surface": "public", "thread": "-100/7", "address": GROUP}
    await house.customer(1, **public)
    emitted = await house.customer(1, "edit", **public, sensitive=True, masked=["card"], sent_at=house.driver.now)
    assert emitted[-1] == "handoff_started"


async def test_nobody_is_invited_into_a_closed_case(house: ConversationsHarness) -> None:
    public: dict[str, Any] = {"surface": "public", "thread": "-100/7", "address": GROUP}
    await house.customer(1, **public)
    await house.assign("sara")
    await house.resolve("sara")
    await house.driver.advance(72 * 3600)
    assert house.case().status == "closed"
    emitted = await house.customer(1, "edit", **public, sensitive=True, masked=["card"], sent_at=house.driver.now)
    assert emitted == ["message_edited"]
    assert house.case().sensitive


async def test_without_a_private_side_the_link_opens_a_chat(house: ConversationsHarness) -> None:
    configure(house, {"telegram/main": account(), "webchat/site": account()})
    await card_in_the_group(house)
    text = house.messages()[-1].text
    assert text is not None
    assert f"https://help.example/webchat/w/site?handoff={token_of(house)}" in text.text


async def test_a_case_that_was_finished_meanwhile_does_not_wait_for_ever_once_it_is_reopened(
    house: ConversationsHarness,
) -> None:
    await card_in_the_group(house)
    await house.assign("sara")
    await house.resolve("sara")
    await house.driver.advance(901)
    handoff = house.case().handoff
    assert handoff is not None
    assert (handoff.state, house.case().priority) == ("expired", "normal")


def test_a_token_fits_a_deep_link_and_names_its_conversation() -> None:
    identity = "019d0f68-8324-7001-958c-2102dc746d6c"
    token = sign_token(b"s", "w", identity)
    assert len(token) <= 64
    assert verify_token(b"s", "w", token) == (identity, True)
    assert verify_token(b"other", "w", token) is None


def test_a_token_is_good_in_its_own_workspace_only() -> None:
    token = sign_token(b"s", "w", "019d0f68-8324-7001-958c-2102dc746d6c")
    assert verify_token(b"s", "v", token) is None
    assert verify_token(b"s", "", token) is None
