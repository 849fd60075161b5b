"""How well a minute went, in numbers: how fast, what the restarts cost, what a message costs. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.live.minute.collected_results import CollectedResults, update_named
from tests.live.minute.plan import What
from tests.live.minute.restarts import Restarted

BEHIND_SECONDS = 1.0
"""Who waits longer for the next step stands in a queue."""

Step = tuple[float, float]
"""When something came, and when it had been handled: Unix seconds."""


@dataclass(frozen=True, slots=True)
class CatchUpTime:
    """`after` seconds from the signal everything was handled without a queue; None: not before the next restart."""

    restarted: Restarted
    after: float | None


def handled(found: CollectedResults) -> list[Step]:
    """Each message, from the first post of it to its fact on the log."""
    told = {str(r.event.data["message"]): r.at for r in found.log.facts_named("conversation", "message_received")}
    posted = {(one.person, one.index): one.asked_at for one in found.posts.posted}
    return sorted((posted[update_named(m)], told[m["id"]]) for _, m in found.records.inbound() if m["id"] in told)


def promised(found: CollectedResults) -> list[Step]:
    """Each conversation, from being opened to the clock of its first response."""
    opened = {r.conversation: r.at for r in found.log.facts_named("conversation", "opened")}
    started = {r.conversation: r.at for r in found.log.facts_named("sla", "started") if r.event.data["metric"] == FIRST}
    return sorted((at, started[one]) for one, at in opened.items() if one in started)


FIRST = "first_response"


def assigned(found: CollectedResults) -> list[Step]:
    """Each conversation, from the first post of the message that opened it to an agent."""
    posted = {one.person: one.asked_at for one in found.posts.posted if one.index == 0}
    person = {c: update_named(message)[0] for c, message in found.records.inbound()}
    at: dict[str, float] = {}
    for record in found.log.facts_named("conversation", "assigned"):
        at.setdefault(record.conversation, record.at)
    return sorted((posted[person[one]], when) for one, when in at.items() if one in person)


def waits(steps: Iterable[Step]) -> list[float]:
    """Seconds that each took."""
    return [to - since for since, to in steps]


def per_second(steps: Sequence[Step]) -> float:
    """How many were handled a second, from the first that came to the last that was handled."""
    return len(steps) / (max(to for _, to in steps) - steps[0][0]) if steps else 0.0


def caught_up(found: CollectedResults) -> list[CatchUpTime]:
    """After each restart. A router and Kafka hold up messages, `sla` its clocks."""
    by_what: dict[What, list[Step]] = {"router": handled(found), "sla": promised(found), "Kafka": handled(found)}
    ends = [*(one.gone_at for one in found.restarted[1:]), float("inf")]
    return [
        CatchUpTime(one, _after(by_what[one.restart.what], one.gone_at, end))
        for one, end in zip(found.restarted, ends, strict=True)
    ]


def _after(steps: Sequence[Step], since: float, end: float) -> float | None:
    """Seconds from `since` until the last one that had to queue was handled. None: the next disturbance came first."""
    here = [(came, to) for came, to in steps if since - BEHIND_SECONDS <= came < end and to > since]
    slow = [to for came, to in here if to - came > BEHIND_SECONDS]
    last = max(slow, default=since)
    return None if last >= end else last - since
