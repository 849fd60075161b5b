"""What happens to a message leads to the same end in any order, however often each report is repeated."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.activity import Activity, Reaction
from schemas.outbound import DeliverySent
from schemas.values import Contract, EncryptedText, Failure
from tests.examples import examples
from tests.fakes import START
from tests.router.conversations.harness import ConversationsHarness
from tests.router.conversations.test_delivered import answered

ALIAS = "a" * 32
EXAMPLES = 60


def later(seconds: int) -> Any:
    return START + timedelta(seconds=seconds)


def changes(house: ConversationsHarness, message: str, author: str) -> dict[str, Activity]:
    """Reports about a message that can arrive in any order; the later ones of a kind count."""
    about: dict[str, Any] = {"message": message, "received_at": START}

    def activity(number: int, kind: str, at: int, **more: Any) -> Activity:
        return house.activity(number, kind, **{**about, "sent_at": later(at), "text": None, **more})

    def text(words: str) -> dict[str, Any]:
        return {"text": EncryptedText(text=words), "author": author, "original_sent_at": START}

    return {
        "edit": activity(11, "edit", 20, **text("once more")),
        "second edit": activity(12, "edit", 30, **text("at last")),
        "deletion": activity(13, "deletion", 90),
        "reaction": activity(14, "reaction", 21, reaction=Reaction(emoji="❤")),
        "other reaction": activity(15, "reaction", 22, reaction=Reaction(emoji="👍")),
        "reaction taken back": activity(16, "reaction", 23, reaction=Reaction(removed=True)),
    }


def receipts(house: ConversationsHarness) -> dict[str, Activity]:
    """Receipts of the reply."""
    about: dict[str, Any] = {"message": ALIAS, "received_at": START, "text": None}
    error = Failure(code="not_reachable", detail="d")
    states = {
        state: house.activity(20 + number, "receipt", sent_at=later(60 + number), receipt_state=state, **about)
        for number, state in enumerate(["sent", "delivered", "read"])
    }
    failed = house.activity(30, "receipt", sent_at=later(62), receipt_state="failed", failure=error, **about)
    marks: dict[str, Any] = {**about, "message": None, "receipt_state": "read", "watermark": later(70)}
    echo = {**about, "text": EncryptedText(text="hello"), "author": "account", "sent_at": later(60)}
    return {
        **states,
        "failed": failed,
        "watermark": house.activity(31, "receipt", **marks),
        "echo": house.activity(32, "echo", **echo),
    }


async def arrive(house: ConversationsHarness, report: Contract) -> None:
    if isinstance(report, Activity):
        await house.arrives("inbound", f"pasokh.inbound.{report.kind}", report)
    else:
        await house.arrives("deliveries", "pasokh.delivery.sent", report)


def result(house: ConversationsHarness, message: str) -> DeliverySent:
    case = house.case()
    return DeliverySent(
        message=message,
        conversation=case.id,
        key=case.key,
        platform_id="77",
        aliases=[ALIAS],
        started_at=later(60),
        attempts=1,
        at=later(61),
    )


async def end_of_reply(names: Sequence[str]) -> tuple[object, ...]:
    """What is seen of a reply and of its conversation in the end."""
    house, message = await answered()
    reports: dict[str, Contract] = {
        **changes(house, ALIAS, "account"),
        **receipts(house),
        "result": result(house, message),
    }
    for name in names:
        await arrive(house, reports[name])
    [found] = [one for one in house.messages() if one.direction == "outbound"]
    case = house.case()
    run = case.response_tracking.open_run()
    return (
        (found.text, found.state, found.delivery, found.error, found.platform_id),
        [(one.emoji, one.removed) for one in found.reactions],
        (case.status, case.first_response_at, run and run.started_at, len(house.cases())),
    )


async def end_of_message(names: Sequence[str]) -> tuple[object, ...]:
    """What is seen of a customer's message in the end."""
    house = ConversationsHarness()
    reports = {**changes(house, "m1", "customer"), "message": house.activity(1, sent_at=START, received_at=START)}
    for name in names:
        await arrive(house, reports[name])
    [found] = house.messages()
    return found.text, found.state, [(one.emoji, one.removed) for one in found.reactions], len(house.cases())


CHANGES = ["edit", "second edit", "deletion", "reaction", "other reaction", "reaction taken back"]
RECEIPTS = ["echo", "sent", "delivered", "read"]


@st.composite
def orders(draw: st.DrawFn, needed: str, others: Sequence[str]) -> tuple[list[str], list[str]]:
    """Some of these names in their own order, after the one that is needed; and shuffled, some of them twice."""
    chosen = draw(st.sets(st.sampled_from(others)))
    names = [needed, *(name for name in others if name in chosen)]
    repeated = draw(st.lists(st.sampled_from(names), max_size=4))
    return names, draw(st.permutations([*names, *repeated]))


@examples(EXAMPLES)
@given(orders("message", CHANGES))
def test_a_customers_message_ends_the_same_in_any_order(names: tuple[list[str], list[str]]) -> None:
    in_order, shuffled = names
    assert asyncio.run(end_of_message(shuffled)) == asyncio.run(end_of_message(in_order))


@examples(EXAMPLES)
@given(orders("result", [*RECEIPTS, "failed", "watermark", *CHANGES]))
def test_a_reply_ends_the_same_in_any_order(names: tuple[list[str], list[str]]) -> None:
    in_order, shuffled = names
    assert asyncio.run(end_of_reply(shuffled)) == asyncio.run(end_of_reply(in_order))


# -- a reply that went out in parts --------------------------------------------------------------------------------------

PARTS = tuple(letter * 32 for letter in "bcd")
PART_RECEIPTS = [f"{state} {part}" for part in PARTS for state in ("sent", "failed", "delivered", "read")]


async def end_of_parts(names: Sequence[str]) -> tuple[object, ...]:
    """What is seen of a reply of three parts and of its conversation in the end."""
    house, message = await answered()
    about: dict[str, Any] = {"received_at": START, "text": None}
    error = Failure(code="not_reachable", detail="d")
    marks: dict[str, Any] = {**about, "message": None, "receipt_state": "delivered", "watermark": later(70)}
    reports: dict[str, Contract] = {
        "result": result(house, message).model_copy(update={"aliases": list(PARTS), "further_ids": ["78", "79"]}),
        "watermark": house.activity(90, "receipt", **marks),
    }
    for number, name in enumerate(PART_RECEIPTS):
        state, part = name.split()
        more = {"receipt_state": state, "message": part, "failure": error if state == "failed" else None}
        reports[name] = house.activity(100 + number, "receipt", sent_at=later(60 + number), **about, **more)
    for name in names:
        await arrive(house, reports[name])
    [found] = [one for one in house.messages() if one.direction == "outbound"]
    case = house.case()
    run = case.response_tracking.open_run()
    return (
        (found.state, found.error and found.error.code, found.parts),
        (case.status, case.first_response_at, run and run.started_at, len(house.cases())),
    )


@examples(EXAMPLES)
@given(orders("result", ["watermark", *PART_RECEIPTS]))
def test_a_reply_in_parts_ends_the_same_in_any_order(names: tuple[list[str], list[str]]) -> None:
    in_order, shuffled = names
    assert asyncio.run(end_of_parts(shuffled)) == asyncio.run(end_of_parts(in_order))
