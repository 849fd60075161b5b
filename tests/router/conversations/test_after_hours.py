"""Customers who write while it is closed are told when somebody is back: once, in their language, in the words of the workspace."""

from typing import Any

import pytest

from schemas.business_calendar import Calendar
from schemas.configuration import (
    AfterHours,
    RoutingBody,
    TeamBody,
    TeamSettings,
    Versioned,
    WorkspaceBody,
    WorkspaceConfiguration,
    WorkspaceSettings,
)
from services.records.configuration import CONFIGURATIONS
from services.router.conversations.domain.after_hours import closed_text
from tests.fakes import START
from tests.router.conversations.harness import ConversationsHarness

# START is Monday, 2 March 2026, 09:00 UTC.
CLOSED = Calendar(timezone="Asia/Tehran", hours={"tue": [("10:00", "18:00")]})
OPEN = Calendar(hours={"mon": [("08:00", "18:00")]})


def configure(
    house: ConversationsHarness,
    calendar: Calendar | None,
    after_hours: AfterHours | None = None,
    team: TeamBody | None = None,
) -> None:
    """The calendar and the texts of the workspace, and the team `default` if it has some of its own."""
    settings = WorkspaceSettings(after_hours=after_hours)
    body = WorkspaceBody(name="Shop", languages=["fa", "en"], calendar=calendar, settings=settings)
    configuration = WorkspaceConfiguration(
        workspace="w",
        version=3,
        profile=Versioned(body=body, version=1, at=START),
        teams={"default": Versioned(body=team, version=1, at=START)} if team else {},
        routing=Versioned(body=RoutingBody(rules=[]), version=3, at=START),
    )
    house.driver.put(CONFIGURATIONS, "w/3", configuration)


def told(house: ConversationsHarness) -> list[str]:
    """What the system wrote to the customer."""
    texts = [one.text.text if one.text else "" for one in house.messages() if one.author.kind == "system"]
    return [text.translate({0x2068: None, 0x2069: None}) for text in texts]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fa", "در ۱۴۰۴/۱۲/۱۲ ساعت ۱۰:۰۰ (Asia/Tehran) برمی‌گردیم"),
        ("en", "be back on 2026-03-03 at 10:00 (Asia/Tehran)"),
        ("ar", "وسنعود في ٢٠٢٦-٠٣-٠٣ الساعة ١٠:٠٠"),
        ("lv", "atgriezīsimies 2026-03-03 plkst. 10:00 (Asia/Tehran)"),
        ("pt", "در ۱۴۰۴/۱۲/۱۲"),
    ],
)
async def test_a_customer_reads_in_their_language_when_it_opens(language: str, words: str) -> None:
    house = ConversationsHarness()
    configure(house, CLOSED)
    await house.customer(1, language=language)
    [text] = told(house)
    assert words in text


async def test_it_is_said_once_in_a_conversation_and_ends_no_run(house: ConversationsHarness) -> None:
    configure(house, CLOSED)
    await house.customer(1)
    await house.customer(2)
    await house.driver.advance(86_400)
    await house.customer(3)
    assert len(told(house)) == 1
    assert house.case().status == "waiting"
    assert house.case().response_tracking.unanswered_since() == START


@pytest.mark.parametrize(
    ("calendar", "after_hours", "more"),
    [
        (None, None, {}),
        (OPEN, None, {}),
        (CLOSED, AfterHours(message=False), {}),
        (CLOSED, None, {"surface": "public", "thread": "t"}),
    ],
)
async def test_nothing_is_said_while_it_is_open_nor_in_public(
    house: ConversationsHarness, calendar: Calendar | None, after_hours: AfterHours | None, more: dict[str, Any]
) -> None:
    configure(house, calendar, after_hours)
    await house.customer(1, **more)
    assert told(house) == []


async def test_a_lone_thumbs_up_at_night_is_not_answered(house: ConversationsHarness) -> None:
    configure(house, OPEN)
    await house.customer(1)
    configure(house, CLOSED)
    await house.customer(2, text={"text": "👍"})
    assert told(house) == []


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("We open {opens}.", "We open در ۱۴۰۴/۱۲/۱۲ ساعت ۱۰:۰۰ (Asia/Tehran)."),
        ({"fa": "{opens} باز می‌کنیم"}, "در ۱۴۰۴/۱۲/۱۲ ساعت ۱۰:۰۰ (Asia/Tehran) باز می‌کنیم"),
    ],
)
async def test_a_workspace_has_words_of_its_own(
    house: ConversationsHarness, written: str | dict[str, str], text: str
) -> None:
    configure(house, CLOSED, AfterHours.model_validate({"closed": written}))
    await house.customer(1)
    assert told(house) == [text]


async def test_a_team_has_hours_and_words_of_its_own(house: ConversationsHarness) -> None:
    own = TeamSettings(after_hours=AfterHours.model_validate({"closed": "Team {opens}."}))
    configure(house, OPEN, team=TeamBody(name="D", calendar=CLOSED, settings=own))
    await house.customer(1)
    [text] = told(house)
    assert text.startswith("Team ")


@pytest.mark.parametrize(("email", "asked"), [(None, True), ("neda@example.com", False)])
async def test_a_visitor_of_a_web_page_is_asked_for_an_address(email: str | None, asked: bool) -> None:
    house = ConversationsHarness()
    configure(house, CLOSED)
    known: dict[str, Any] = {"identities": [{"kind": "email", "value": email}]} if email else {}
    await house.customer(1, channel="webchat", person="webchat:main:1", language="en", **known)
    [text] = told(house)
    assert ("e-mail address" in text) == asked


@pytest.fixture
def house() -> ConversationsHarness:
    return ConversationsHarness()


def test_a_holiday_is_passed_over() -> None:
    mondays = Calendar(hours={"mon": [("09:00", "10:00")]}, holidays=[START.date()])
    assert "2026-03-09" in closed_text(AfterHours(), mondays, ["en"], START, asks_email=False)


@pytest.mark.parametrize("text", ["Back soon", "Back {opens} {name}"])
def test_words_name_the_time_and_nothing_else_in_braces(text: str) -> None:
    with pytest.raises(ValueError, match=r"opens|braces"):
        AfterHours(closed=text)
