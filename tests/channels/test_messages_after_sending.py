"""What becomes of messages after they were sent, on every channel: from its webhooks over ingest, router and sender and back.

Each place of each channel (`tests.channels.places`) plays every update that it has, in every order that matters.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations

import pytest

from schemas.values import Surface
from services.channels.port import Account, Channel, Request
from services.channels.registry import CHANNELS
from tests.channels import states_platform
from tests.channels.installation import Installation
from tests.channels.places import BETTER, HEART, HELLO, REPORTED, WRITTEN, Place, text_of, update_names
from tests.channels.test_every_channel import WITHOUT_WEBHOOKS, account_for, authentic, cases_of
from tests.examples import SHARE, scaled

MANY = scaled(1_000)
FEW = 10
STATES = frozenset({"sent", "delivered", "read", "failed"})
Played = tuple[Channel, Account, Place]


def played(channel: Channel, cases: object) -> list[Played]:
    """A channel with its account and each of its places; none for one that says nothing (`test_…_has_places` fails)."""
    account: Account = cases.account()  # type: ignore[attr-defined]  # a module: see tests.channels.test_every_channel.Cases
    return [(channel, account, place) for place in getattr(cases, "places", tuple)()]


WITH_WEBHOOKS = [channel for channel in CHANNELS if channel.name not in WITHOUT_WEBHOOKS]


def all_places() -> Iterator[Played]:
    for channel in WITH_WEBHOOKS:
        yield from played(channel, cases_of(channel))
    yield from played(states_platform.StatesChannel(), states_platform)


def fresh(channel: Channel, name: str) -> Installation:
    """An installation with this place, which no other test has used."""
    cases = states_platform if channel.name == states_platform.StatesChannel.name else cases_of(channel)
    [(_, account, place)] = [one for one in played(channel, cases) if one[2].name == name]
    return Installation(channel, account, place)


def with_update(*names: str) -> list[object]:
    """Parameters `(channel, place)` of the places that have all these updates."""
    found = [one for one in all_places() if set(names) <= one[2].has]
    return [pytest.param(channel, place.name, id=f"{channel.name}/{place.name}") for channel, _, place in found]


def with_report() -> list[object]:
    """Parameters `(channel, place, report)`: each report that a place has about a message of ours."""
    return [
        pytest.param(channel, place.name, report, id=f"{channel.name}/{place.name}/{report}")
        for channel, _, place in all_places()
        for report in place.reports
    ]


every_place = pytest.mark.parametrize(("channel", "place"), with_update("message"))


# -- the places themselves -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", WITH_WEBHOOKS, ids=lambda channel: channel.name)
def test_every_update_of_the_fixtures_is_played_in_a_place_of_its_surface(channel: Channel) -> None:
    cases = cases_of(channel)
    places = [place for _, _, place in played(channel, cases)]
    assert places or hasattr(cases, "WITHOUT_PLACES"), (
        f"tests/channels/{channel.name}/cases.py has no places(): see tests/channels/places.py"
    )
    excepted: dict[tuple[Surface, str], str] = getattr(cases, "NOT_PLAYED", {})
    missing: dict[tuple[Surface, str], str] = {}
    for path in sorted(cases.PAYLOADS.iterdir()):
        for surface, names in updates_of(channel, account_for(cases, path), authentic(cases, path)):
            has = {name for place in places if place.surface == surface for name in place.has}
            is_excepted = any((surface, name) in excepted for name in names)
            if names and not names & has and not is_excepted:
                missing[surface, min(names)] = path.name
    assert missing == {}


def updates_of(channel: Channel, account: Account, request: Request) -> list[tuple[Surface, set[str]]]:
    return [(found.surface, update_names(found)) for found in channel.parse(request, account)]


@every_place
def test_a_place_builds_what_it_says(channel: Channel, place: str) -> None:
    at = fresh(channel, place)
    [message] = at.parse(at.place.message(1))
    [other] = at.parse(at.place.message(2))
    assert (message.kind, message.surface, message.author) == ("message", at.place.surface, "customer")
    assert message.text is not None
    assert message.text.text == text_of(1)
    assert message.sent_at in (None, WRITTEN)
    assert (message.person, message.thread) == (other.person, other.thread)
    assert message.message != other.message
    parsed = {state: at.parse(update) for state, update in at.place.contact_states.items()}
    assert {state: [one.contact_state for one in found] for state, found in parsed.items()} == {
        state: [state] for state in at.place.contact_states
    }


@every_place
def test_one_message_is_the_same_however_its_time_and_its_ids_are_written(channel: Channel, place: str) -> None:
    at = fresh(channel, place)
    expected = [activity.model_dump() for activity in at.parse(at.place.message(1))]
    for number, spelling in enumerate(at.place.spellings):
        assert [activity.model_dump() for activity in at.parse(spelling)] == expected, f"spelling {number}"


# -- many ----------------------------------------------------------------------------------------------------------------


@every_place
async def test_a_call_of_many_updates_loses_none_and_repeats_none(channel: Channel, place: str) -> None:
    at = fresh(channel, place)
    count = MANY if at.place.updates_per_call > 1 else FEW
    updates = [at.place.message(number) for number in range(1, count + 1)]
    await at.post(*updates)
    await at.post(*updates)
    expected = [text_of(number) for number in range(1, count + 1)]
    assert [message.text and message.text.text for message in at.house.messages()] == expected
    assert len(at.house.cases()) == 1


@every_place
async def test_a_repeat_in_other_company_is_a_repeat(channel: Channel, place: str) -> None:
    at = fresh(channel, place)
    updates = [at.place.message(number) for number in range(1, FEW + 1)]
    # A platform that was not answered in time may send the same updates again, with others beside them.
    await at.post(*updates[:6])
    await at.post(*updates[3:8])
    await at.post(*updates[5:], *updates[:2])
    expected = [text_of(number) for number in range(1, FEW + 1)]
    assert [message.text and message.text.text for message in at.house.messages()] == expected


@pytest.mark.parametrize(("channel", "place"), with_update("edit", "deletion"))
async def test_one_call_may_bring_everything_in_the_wrong_order(channel: Channel, place: str) -> None:
    at = fresh(channel, place)
    edit, deletion = at.place.edit, at.place.deletion
    assert edit is not None
    assert deletion is not None
    at.now = REPORTED
    await at.post(deletion(2), edit(1), at.place.message(2), at.place.message(1), at.place.message(3))
    shown = {(message.text and message.text.text, message.state) for message in at.house.messages()}
    assert shown == {(BETTER, "edited"), (None, "deleted"), (text_of(3), "received")}
    assert len(at.house.cases()) == 1


# -- changes of the customer's messages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("is_first", [False, True], ids=["after", "before"])
@pytest.mark.parametrize(("channel", "place"), with_update("edit"))
async def test_a_customers_edit_counts_before_and_after_its_message(
    channel: Channel, place: str, *, is_first: bool
) -> None:
    at = fresh(channel, place)
    assert at.place.edit is not None
    updates = [at.place.message(1), at.place.edit(1)]
    for update in (*(reversed(updates) if is_first else updates), *updates):
        await at.post(update)
    [message] = at.house.messages()
    assert message.text is not None
    assert (message.text.text, message.state) == (BETTER, "edited")


@pytest.mark.parametrize("is_first", [False, True], ids=["after", "before"])
@pytest.mark.parametrize(("channel", "place"), with_update("deletion"))
async def test_a_customers_deletion_counts_before_and_after_its_message(
    channel: Channel, place: str, *, is_first: bool
) -> None:
    at = fresh(channel, place)
    assert at.place.deletion is not None
    updates = [at.place.message(1), at.place.deletion(1)]
    for update in (*(reversed(updates) if is_first else updates), *updates):
        await at.post(update)
    [message] = at.house.messages()
    assert (message.text, message.state) == (None, "deleted")


@pytest.mark.parametrize(("channel", "place"), with_update("edit", "deletion"))
async def test_a_deletion_and_an_edit_end_in_a_deletion_in_any_order(channel: Channel, place: str) -> None:
    for order in permutations(("message", "edit", "deletion")):
        at = fresh(channel, place)
        for name in order:
            build = getattr(at.place, name)
            await at.post(build(1))
        [message] = at.house.messages()
        assert (message.text, message.state) == (None, "deleted"), order


# -- reports about our messages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_first", [False, True], ids=["after", "before"])
@pytest.mark.parametrize(("channel", "place", "report"), with_report())
async def test_a_report_finds_its_reply_before_and_after_the_result_of_the_send(
    channel: Channel, place: str, report: str, *, is_first: bool
) -> None:
    at = fresh(channel, place)
    await at.accept_reply()
    await at.send()
    if not is_first:
        await at.learn_results()
    at.now = REPORTED
    await at.post(at.place.reports[report](1))
    await at.learn_results()
    await at.post(at.place.reports[report](1))
    found = at.reply()
    text = found.text.text if found.text else None
    shown = (found.state, text, found.error is not None, [one.emoji for one in found.reactions])
    state = report.removeprefix("watermark ")
    expected: dict[str, tuple[object, ...]] = {
        "reaction": ("sent", HELLO, False, [HEART]),
        "own deletion": ("deleted", None, False, []),
        "own edit": ("sent", BETTER, False, []),
        "echo": ("sent", HELLO, False, []),
        "own echo": ("sent", HELLO, False, []),
    }
    assert shown == expected.get(report, (state, HELLO, report == "failed", []))
    assert len(at.house.messages()) == 2
    assert at.house.case().status == ("assigned" if report == "failed" else "pending")


@every_place
async def test_two_receipts_and_the_result_end_the_same_in_any_order(channel: Channel, place: str) -> None:
    names = [name for name in fresh(channel, place).place.reports if name in STATES or name.startswith("watermark")]
    for pair in combinations(names, 2):
        orders = [*permutations((*pair, "result"))][
            :: min(SHARE, 3)
        ]  # while working, the first, and one that ends in it
        ends = {order: await end_of_reply(fresh(channel, place), order) for order in orders}
        assert len(set(ends.values())) == 1, ends


async def end_of_reply(at: Installation, order: Sequence[str]) -> tuple[object, ...]:
    """What is seen of a reply after its result and these reports, in this order."""
    await at.accept_reply()
    await at.send()
    at.now = REPORTED
    for name in order:
        await (at.learn_results() if name == "result" else at.post(at.place.reports[name](1)))
    found = at.reply()
    return found.state, found.error and found.error.code, at.house.case().status


@pytest.mark.parametrize(("channel", "place"), with_update("echo"))
async def test_what_our_side_writes_elsewhere_is_an_answer(channel: Channel, place: str) -> None:
    at = fresh(channel, place)
    assert at.place.echo is not None
    await at.post(at.place.message(1))
    await at.house.assign()
    at.now = REPORTED
    await at.post(at.place.echo(9, "by phone"))
    await at.post(at.place.echo(9, "by phone"))
    shown = [(message.direction, message.text and message.text.text) for message in at.house.messages()]
    assert shown == [("inbound", text_of(1)), ("outbound", "by phone")]
    assert at.house.case().status == "pending"
