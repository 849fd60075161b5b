"""What may go out, on every channel by what it says that it can do: through router and sender to the platform's own calls."""

import json
from datetime import timedelta
from itertools import permutations
from urllib.parse import unquote_plus

import pytest

from schemas.channel import Capabilities, TextLimit, TextUnit
from schemas.commands import CommandResult, WriteFirst
from schemas.envelope import Event
from schemas.outbound import MessageTemplate, OutboundMessage
from schemas.values import EncryptedText, Failure
from services.channels.abilities import find_abilities
from services.channels.port import Channel
from services.platform.http.outgoing import HttpResponse, PermanentSendError
from services.text.text_length import text_length
from tests.channels import states_platform
from tests.channels.installation import Installation
from tests.channels.places import REPORTED, SENT, WRITTEN
from tests.channels.test_messages_after_sending import all_places, fresh
from tests.fakes import FakeHttp
from tests.fakes.http import HttpCall

Place = tuple[Channel, str]
SECOND = timedelta(seconds=1)
TEMPLATE = MessageTemplate(name="order_update", language="en", parameters=["4711"])
CLOSED = {
    "whatsapp": "The 24-hour window closed on 2026-03-02 at 12:00; use a template.",
    "messenger": "The 7-day window closed on 2026-03-08 at 12:00. Wait until the customer writes again.",
    "instagram": "The 7-day window closed on 2026-03-08 at 12:00. Wait until the customer writes again.",
}
"""What an agent reads a day after the last window closed; a channel with windows and no row fails."""
MARKETING = "The customer asked at 12:01 for no more advertising. You can still answer what they write."
STATES = {
    "opted_out": (
        "opted_in",
        "The customer asked at 12:01 for no more messages. You can answer once they write again.",
    ),
    "blocked": (
        "unblocked",
        "The customer blocked this account, so nothing reaches them until they write again.",
    ),
}
"""What a customer decides: what takes it back, and what an agent reads."""


def capabilities_of(at: Installation) -> Capabilities:
    return find_abilities([at.channel]).capabilities_of(at.channel, at.account.body)


def private_places(*names: str) -> list[Place]:
    """The private places that have all these updates, each with its channel."""
    places = [(channel, place) for channel, _, place in all_places() if place.surface == "private"]
    return [(channel, place.name) for channel, place in places if set(names) <= place.has]


def with_windows() -> list[Place]:
    return [(channel, place) for channel, place in private_places() if channel.capabilities.windows]


def with_split_texts(*names: str) -> list[Place]:
    """The private places with these updates whose channel sends a long text as several messages."""
    return [(channel, place) for channel, place in private_places(*names) if splits(channel.capabilities)]


def with_state() -> list[tuple[Channel, str, str]]:
    return [(*place, state) for state in STATES for place in private_places(state)]


def with_split_echoes() -> list[tuple[Channel, str, str]]:
    return [(*place, mark) for mark in ("echo", "own echo") for place in with_split_texts(mark)]


def name_of(value: object) -> str | None:
    """The part of a test's name that a parameter gives."""
    return getattr(value, "name", None)


def splits(capabilities: Capabilities) -> bool:
    limit = capabilities.text_limit("private")
    return limit is not None and limit.splits


def long_text(capabilities: Capabilities) -> str:
    """A text of sentences that goes out as three messages."""
    limit = capabilities.text_limit("private")
    assert limit is not None
    sentences: list[str] = []
    while text_length(" ".join(sentences), limit.unit) <= 2 * limit.limit:
        sentences.append(f"This is sentence number {len(sentences) + 1} of an answer that says everything.")
    return " ".join(sentences)


def outgoing(at: Installation) -> list[OutboundMessage]:
    events: list[Event] = at.house.driver.sent
    return [event.payload_as(OutboundMessage) for event in events if event.type == "pasokh.outbound.message"]


async def written_to(channel: Channel, place: str) -> Installation:
    """The customer wrote at `WRITTEN`, and an agent has the conversation."""
    at = fresh(channel, place)
    await at.post(at.place.message(1))
    await at.house.assign()
    return at


def error_of(at: Installation) -> Failure:
    error = at.reply().error
    assert error is not None
    return error


# -- windows -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("channel", "place"), with_windows(), ids=name_of)
async def test_an_answer_carries_the_tag_of_its_window_and_is_refused_after_the_last(
    channel: Channel, place: str
) -> None:
    at = await written_to(channel, place)
    for window in capabilities_of(at).windows:
        at.now = WRITTEN + timedelta(seconds=window.seconds) - SECOND
        assert (await at.house.reply(text="in time")).status == "applied"
        assert outgoing(at)[-1].tag == window.tag
        await at.deliver()
        assert window.tag is None or window.tag in at.calls[-1].body.decode()
    at.now += timedelta(days=1)
    refused = await at.house.reply(text="too late")
    assert refused.problem is not None
    assert (refused.problem.status, refused.problem.title) == (409, "Window closed")
    assert refused.problem.detail == CLOSED[channel.name]


@pytest.mark.parametrize(("channel", "place"), with_windows(), ids=name_of)
async def test_a_message_that_waited_until_its_window_closed_is_not_sent(channel: Channel, place: str) -> None:
    at = await written_to(channel, place)
    closes = WRITTEN + timedelta(seconds=capabilities_of(at).windows[-1].seconds)
    at.now = closes - SECOND
    assert (await at.house.reply(text="in time")).status == "applied"
    at.now = closes + timedelta(days=1)
    await at.deliver()
    assert at.calls == []
    assert (at.reply().state, error_of(at).code, error_of(at).detail) == (
        "failed",
        "window_closed",
        CLOSED[channel.name],
    )
    assert at.house.case().status == "assigned"


@pytest.mark.parametrize(("channel", "place"), with_windows(), ids=name_of)
async def test_what_no_person_wrote_uses_no_window_of_people_and_a_template_needs_none(
    channel: Channel, place: str
) -> None:
    at = await written_to(channel, place)
    at.now = WRITTEN + timedelta(hours=25)
    refused = await write_first(at, text="your order has left")
    assert refused.problem is not None
    assert refused.problem.title == "Window closed"
    if capabilities_of(at).templates:
        assert (await write_first(at, template=TEMPLATE)).status == "applied"
        await at.deliver()
        assert TEMPLATE.name in at.calls[-1].body.decode()


async def write_first(at: Installation, text: str = "", **more: object) -> CommandResult:
    command = WriteFirst.model_validate(
        {
            "person": at.house.case().person,
            "text": EncryptedText(text=text),
            "accepted_at": at.now,
            "request_hash": "h",
            **more,
        }
    )
    at.house.key = at.house.case().key
    return await at.house.command("write_first", command)


# -- consent -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("channel", "place", "state"), with_state(), ids=name_of)
async def test_who_wants_no_messages_gets_none_also_when_one_was_on_its_way(
    channel: Channel, place: str, state: str
) -> None:
    back, words = STATES[state]
    at = fresh(channel, place)
    await at.accept_reply()
    at.now = REPORTED
    await at.post(at.place.contact_states[state])  # type: ignore[index]  # a state
    await at.deliver()
    if state == "opted_out" and capabilities_of(at).opt_out == "marketing":
        assert at.reply().state == "sent"
        refused = await write_first(at, text="Sale!", agent="sara")
        assert refused.problem is not None
        assert refused.problem.detail == MARKETING
        return
    assert (at.reply().state, error_of(at).detail) == ("failed", words)
    refused = await at.house.reply(text="and another")
    assert refused.problem is not None
    assert refused.problem.detail == words
    if back in at.place.contact_states:
        await at.post(at.place.contact_states[back])  # type: ignore[index]  # a state
        assert (await at.house.reply(text="welcome back")).status == "applied"
        at.now += timedelta(seconds=5)
        await at.deliver()
        assert at.house.messages()[-1].state == "sent"


# -- long texts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("channel", "place"), with_split_texts(), ids=name_of)
async def test_a_long_answer_goes_out_in_order_cut_at_the_ends_of_sentences(channel: Channel, place: str) -> None:
    at = await written_to(channel, place)
    at.now = SENT
    text = long_text(capabilities_of(at))
    assert (await at.house.reply(text=text)).status == "applied"
    [message] = outgoing(at)
    parts = [part.text for part in message.parts]
    assert len(parts) == 3
    assert " ".join(parts) == text
    assert all(part.endswith(".") for part in parts)
    await send_all(at)
    # Twilio takes forms.
    sent = [unquote_plus(call.body.decode()) for call in at.calls]
    assert [[part in body for part in parts] for body in sent] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]
    assert at.reply().state == "sent"


@pytest.mark.parametrize("is_first", [False, True], ids=["after", "before"])
@pytest.mark.parametrize(("channel", "place"), with_split_texts("own deletion"), ids=name_of)
async def test_a_part_that_was_deleted_is_noted_and_the_others_still_stand(
    channel: Channel, place: str, *, is_first: bool
) -> None:
    at = await written_to(channel, place)
    deletion = at.place.own_deletion
    assert deletion is not None
    at.now = SENT
    text = long_text(capabilities_of(at))
    assert (await at.house.reply(text=text)).status == "applied"
    await at.send()
    await at.sender.run_until_idle()
    if not is_first:
        await at.learn_results()
    at.now += REPORTED - SENT
    await at.post(deletion(2))
    await at.learn_results()
    await at.post(deletion(2))
    reply = at.reply()
    assert (reply.state, reply.text and reply.text.text) == ("sent", text)
    notes = [message.text and message.text.text for message in at.house.messages() if message.direction == "note"]
    assert notes == ["Part 2 of 3 of a message was deleted at the platform."]
    await at.post(deletion(1))
    await at.post(deletion(3))
    assert (at.reply().state, at.reply().text) == ("deleted", None)


SENTENCES: dict[TextUnit, str] = {
    "code_points": "سفارش شما فردا صبح با پیک فرستاده می‌شود. ",
    "utf16": "Your parcel is on its way 📦🚚. ",
    "bytes": "Jūsu sūtījums būs rīt no rīta. ",
    "weighted": "你的包裹在路上 👍🏽 see https://shop.example/orders/4711/with/a/long/path. ",
    "segments": "The parcel costs 12 € and comes tomorrow. ",
}
"""A sentence of which the unit counts other than characters, where it does."""


@pytest.mark.parametrize("unit", SENTENCES)
async def test_a_long_answer_is_cut_by_the_platforms_own_count(unit: TextUnit) -> None:
    channel, place = states_platform.StatesChannel(), states_platform.places()[0]
    limit = 2 if unit == "segments" else 280
    stated = TextLimit(limit=limit, unit=unit, splits=True)
    channel.capabilities = channel.capabilities.model_copy(update={"text_limits": (stated,)})
    at = Installation(channel, states_platform.account(), place)
    await at.post(at.place.message(1))
    await at.house.assign()
    at.now = SENT
    text = (SENTENCES[unit] * 20).strip()
    assert (await at.house.reply(text=text)).status == "applied"
    parts = [part.text for part in outgoing(at)[0].parts]
    assert len(parts) > 1
    assert " ".join(parts) == text
    assert all(part.endswith(".") for part in parts)
    assert all(text_length(part, unit) <= limit for part in parts)
    # No part could have taken the next sentence too.
    following = [f"{part} {SENTENCES[unit].strip()}" for part in parts[:-1]]
    assert all(text_length(longer, unit) > limit for longer in following)
    await send_all(at)
    assert (at.reply().state, len(at.calls)) == ("sent", len(parts))


@pytest.mark.parametrize(("channel", "place"), with_split_texts(), ids=name_of)
async def test_a_part_that_the_platform_refuses_fails_the_message_which_says_what_went_out(
    channel: Channel, place: str
) -> None:
    at = await written_to(channel, place)
    at.now = SENT
    assert (await at.house.reply(text=long_text(capabilities_of(at)))).status == "applied"
    refuse_from(at, 3)
    await send_all(at)
    expected = "Of 3 parts, 2 went out and the next one failed. The platform refused the message. (no)"
    assert (at.reply().state, error_of(at).code, error_of(at).detail) == ("failed", "rejected", expected)
    # What is reported of a part that went out does not bring the message to the customer.
    at.now = REPORTED
    for build in at.place.receipts.values():
        await at.post(build(1))
    assert (at.reply().state, error_of(at).detail) == ("failed", expected)
    assert at.house.case().status == "assigned"


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
@pytest.mark.parametrize(("channel", "place"), with_split_texts("failed", "delivered"), ids=name_of)
async def test_a_part_that_was_not_delivered_fails_the_message_in_any_order(
    channel: Channel, place: str, order: tuple[int, ...]
) -> None:
    at = await written_to(channel, place)
    at.now = SENT
    assert (await at.house.reply(text=long_text(capabilities_of(at)))).status == "applied"
    await at.send()
    await at.sender.run_until_idle()
    delivered, failed = at.place.receipts["delivered"], at.place.receipts["failed"]
    reports = [None, delivered(1), failed(2), delivered(3)]
    at.now += REPORTED - SENT
    for number in order:
        await (at.learn_results() if number == 0 else at.post(reports[number]))
    assert at.reply().state == "failed"
    assert error_of(at).detail.startswith("Part 2 of 3 did not arrive. ")
    assert at.house.case().status == "assigned"


@pytest.mark.parametrize("is_first", [False, True], ids=["after", "before"])
@pytest.mark.parametrize(("channel", "place", "mark"), with_split_echoes(), ids=name_of)
async def test_echoes_of_the_parts_of_an_answer_never_come_back(
    channel: Channel, place: str, mark: str, *, is_first: bool
) -> None:
    at = await written_to(channel, place)
    echo = at.place.echo if mark == "echo" else at.place.own_echo
    assert echo is not None
    at.now = SENT
    assert (await at.house.reply(text=long_text(capabilities_of(at)))).status == "applied"
    parts = [part.text for part in outgoing(at)[0].parts]
    await at.send()
    await at.sender.run_until_idle()
    if not is_first:
        await at.learn_results()
    at.now += REPORTED - SENT
    for number, part in enumerate(parts, 1):
        await at.post(echo(number, part))
    assert len(at.house.messages()) == 2
    await at.learn_results()
    assert [message.direction for message in at.house.messages()] == ["inbound", "outbound"]
    assert at.reply().state == "sent"


# -- rates ---------------------------------------------------------------------------------------------------------------


def of_graph(code: int) -> HttpResponse:
    return HttpResponse(
        400, {"retry-after": "30"}, json.dumps({"error": {"code": code, "message": "slow down"}}).encode()
    )


TOO_MANY_OF_BOT = {
    "ok": False,
    "error_code": 429,
    "description": "Too Many Requests",
    "parameters": {"retry_after": 30},
}
TOO_MANY: dict[tuple[str, str], HttpResponse] = {
    ("telegram", "chat"): HttpResponse(429, {}, json.dumps(TOO_MANY_OF_BOT).encode()),
    ("rubika", "chat"): HttpResponse(200, {"retry-after": "30"}, json.dumps({"status": "TOO_REQUESTS"}).encode()),
    ("whatsapp", "chat"): of_graph(131056),
    ("whatsapp", "account"): of_graph(130429),
    ("messenger", "account"): of_graph(613),
    ("instagram", "account"): of_graph(613),
}
"""(channel, whom it holds) → what the platform says, which is to be tried again after 30 s."""
TOO_FAST = [
    pytest.param(channel, place, scope, answer, id=f"{channel.name}/{place}/{scope}")
    for (name, scope), answer in TOO_MANY.items()
    for channel, place in private_places()
    if channel.name == name
]


@pytest.mark.parametrize(("channel", "place", "scope", "answer"), TOO_FAST)
async def test_too_many_for_one_chat_holds_that_chat_alone(
    channel: Channel, place: str, scope: str, answer: HttpResponse
) -> None:
    at = fresh(channel, place)
    await at.accept_reply()
    http = at.http
    assert isinstance(http, FakeHttp)
    accepted, http.respond = http.respond, lambda call: answer
    await at.send()
    assert len(at.calls) == 1
    http.respond = accepted
    [message] = outgoing(at)
    other = message.model_copy(
        update={
            "id": "0195511e-0000-7000-8000-00000000000b",
            "key": f"{message.key}1",
            "address": message.address.model_copy(update={"chat": f"{message.address.chat}1"}),
        }
    )
    await at.sender.batch([at.sender.arrived("outbound", "pasokh.outbound.message", other, other.key)])
    await at.sender.complete_all_effects()
    assert len(at.calls) == (2 if scope == "chat" else 1)
    await at.sender.advance(29)
    await at.sender.complete_all_effects()
    assert len(at.calls) == (2 if scope == "chat" else 1)
    await at.sender.run_until_idle()
    await at.learn_results()
    assert len(at.calls) == 3
    assert at.reply().state == "sent"


async def send_all(at: Installation) -> None:
    """All parts go out, at the platform's pace, and the router learns the result."""
    await at.send()
    await at.sender.run_until_idle()
    await at.learn_results()


def refuse_from(at: Installation, number: int) -> None:
    """The platform refuses the call of this number (from 1) and all after it."""
    http = at.http
    assert isinstance(http, FakeHttp)
    respond = http.respond

    def answer(call: HttpCall) -> HttpResponse:
        if len(http.calls) >= number:
            raise PermanentSendError("rejected", "no")
        return respond(call)

    http.respond = answer
