"""Whole days of many conversations in one partition, with restarts: the emitted facts follow from event times alone."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.sla.harness import SlaHarness, at, conversation

TARGET = 60
CASES = ("c1", "c2", "c3", "c4")

seconds = st.integers(0, 200)
answers = st.tuples(seconds, st.integers(0, 90), st.booleans())
"""Accepted so long after the customer's message, settled so much later, arrived or failed."""
lives = st.tuples(seconds, st.lists(answers, max_size=3))
days = st.tuples(st.tuples(*[lives] * len(CASES)), st.sets(st.integers(0, 500), max_size=4))


def plan(case: str, started: int, tries: list[tuple[int, int, bool]]) -> list[tuple[int, int, str, str, int, str]]:
    """The facts of a conversation by time, in the order of its partition: a reply settles before the next is sent."""
    emitted = [(started, 0, case, "message_received", started, "m")]
    free = 0
    for number, (after, took, arrived) in enumerate(sorted(tries)):
        accepted = started + after
        settled = free = max(free, accepted) + took
        message = f"r{number}"
        emitted.append((accepted, 1, case, "replied", accepted, message))
        emitted.append((settled, 2 + number, case, "reply_delivered" if arrived else "reply_failed", accepted, message))
    return emitted


def expected(tries: list[tuple[int, int, bool]]) -> tuple[str, ...]:
    """By event times: the first answer that arrives decides, and silence is a breach."""
    arrived = [after for after, _, ok in sorted(tries) if ok]
    if arrived and arrived[0] <= TARGET:
        return ("fulfilled",)
    return ("breached", "late") if arrived else ("breached",)


@examples(60)
@given(days)
async def test_every_clock_ends_as_its_times_say(
    day: tuple[tuple[tuple[int, list[tuple[int, int, bool]]], ...], set[int]],
) -> None:
    stories, restarts = day
    sla = SlaHarness()
    script = sorted(
        one for case, (start, tries) in zip(CASES, stories, strict=True) for one in plan(case, start, tries)
    )
    for moment, _, case, name, when, message in script:
        await sla.run_until(at(moment))
        if moment in restarts:
            sla.restart()
        author = "customer" if name == "message_received" else "agent"
        await sla.batch([sla.fact(name, at(when), message=message, author=author, case=conversation(case))])
    await sla.run_until(at(5000))
    for case, (_, tries) in zip(CASES, stories, strict=True):
        emitted = [name for name in sla.emitted_names(case) if name not in ("started", "warned")]
        assert tuple(emitted) == expected(tries), (case, tries)
    assert max(Counter(f.conversation for f in sla.clock_facts("breached")).values(), default=0) <= 1
    assert sla.timers() == []
