"""The account of a minute notices what it is there to notice. A minute of two persons, told by hand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schemas.envelope import Event
from schemas.kpis import Report
from services.metrics.domain.recount.report import ReportRequest, recount
from tests.fakes import START
from tests.live.minute import figures
from tests.live.minute.agents import Reply
from tests.live.minute.collected_results import CollectedResults, Records
from tests.live.minute.customers import Posted, Posts
from tests.live.minute.log import Log, Record
from tests.live.minute.plan import RESTARTS, Plan
from tests.live.minute.restarts import Restarted
from tests.live.minute.violations import violations
from tests.metrics.strategies import FactLog

BEGAN = START.timestamp()
PLAN = Plan(rate=1, seconds=60, promise_seconds=20, workspace="w")
ANSWER = "It is on its way. (c3)"
REQUEST = ReportRequest(START - timedelta(minutes=1), START + timedelta(hours=1))


def two_conversations() -> list[Event]:
    """Person 3 writes at 0 s and at 2 s, is answered at 9 s and delivered at 10 s; person 4 writes at 10 s."""
    log = FactLog()
    for who, step, seconds in (
        (0, "message", 0), (0, "assign", 1), (0, "start_clock", 0), (0, "message", 1), (0, "reply", 8), (0, "deliver", 0),
        (0, "fulfil_clock", 0), (1, "message", 0), (1, "assign", 1), (1, "start_clock", 0), (1, "breach_clock", 20),
    ):  # fmt: skip
        log.run(who, step, seconds)
    return [_of_first_response(event) for event in log.events]


def _of_first_response(event: Event) -> Event:
    data = {**event.data, "metric": "first_response"} if event.type.startswith("pasokh.sla.") else event.data
    return event.model_copy(update={"data": data})


def log_of(events: Sequence[Event]) -> Log:
    return Log([Record(event, event.time.timestamp()) for event in events])


def right() -> CollectedResults:
    """Nothing is wrong with it."""
    events = two_conversations()
    heard = [event for event in events if event.type.endswith(".message_received")]
    names = ((3, 0), (3, 1), (4, 0))
    messages: dict[str, list[dict[str, Any]]] = {}
    for event, (person, index) in zip(heard, names, strict=True):
        text, identity = f"Hello (c{person}m{index})", event.data["message"]
        messages.setdefault(str(event.data["conversation"]), []).append(
            {"id": identity, "direction": "inbound", "text": text}
        )
    first = next(iter(messages))
    messages[first].append({"id": "r", "direction": "outbound", "text": ANSWER, "state": "sent", "error": None})
    written = (0, 2, 7)
    """Person 4 is received 3 s after writing, as `FactScript` tells it."""
    posted = [
        Posted(person, index, int(BEGAN + at), BEGAN + at, BEGAN + at + 0.5)
        for (person, index), at in zip(names, written, strict=True)
    ]
    return CollectedResults(
        plan=PLAN,
        posts=Posts(posted, {"200": 3, "503": 1}, BEGAN, 0.0),
        replies=[Reply(first, 3, ANSWER, BEGAN + 8.5, BEGAN + 9.5)],
        restarted=[Restarted(RESTARTS[0], BEGAN + 20, 1.0, 4.0, 0)],
        records=Records([{"id": one, "agent": "a", "status": "assigned"} for one in messages], messages, {}),
        sent=[{"text": ANSWER}],
        log=log_of(events),
        asked=REQUEST,
        report=recount(events, REQUEST),
        dead_letters=0,
    )


def with_messages(
    found: CollectedResults, change: Callable[[dict[str, list[dict[str, Any]]]], None]
) -> CollectedResults:
    messages = {one: [dict(message) for message in held] for one, held in found.records.messages.items()}
    change(messages)
    return replace(found, records=replace(found.records, messages=messages))


def with_log(found: CollectedResults, change: Callable[[list[Event]], list[Event]]) -> CollectedResults:
    """Also in the report, which then is what this log says."""
    events = change([record.event for record in found.log.facts])
    return replace(found, log=log_of(events), report=recount(events, found.asked))


def _first(messages: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return next(iter(messages.values()))


def _lost(found: CollectedResults) -> CollectedResults:
    return with_messages(found, lambda messages: _first(messages).__delitem__(1))


def _twice(found: CollectedResults) -> CollectedResults:
    return with_messages(found, lambda messages: _first(messages).append(_first(messages)[0]))


def _in_two_conversations(found: CollectedResults) -> CollectedResults:
    return with_messages(found, lambda messages: [*messages.values()][1].append(_first(messages).pop(1)))


def _out_of_order(found: CollectedResults) -> CollectedResults:
    return with_messages(found, lambda messages: _first(messages).insert(0, _first(messages).pop(1)))


def _assigned_twice(found: CollectedResults) -> CollectedResults:
    return with_log(found, lambda events: [*events, next(e for e in events if e.type.endswith(".assigned"))])


def _broken_twice(found: CollectedResults) -> CollectedResults:
    return with_log(found, lambda events: [*events, next(e for e in events if e.type.endswith(".breached"))])


def _never_decided(found: CollectedResults) -> CollectedResults:
    return with_log(found, lambda events: [e for e in events if not e.type.endswith(".breached")])


def _told_too_slow(found: CollectedResults) -> CollectedResults:
    """The report and the log agree, and callers know better."""
    late = replace(found.posts.posted[0], date=int(BEGAN + 4), asked_at=BEGAN + 4, taken_at=BEGAN + 4.5)
    return replace(found, posts=replace(found.posts, posted=[late, *found.posts.posted[1:]]))


def _miscounted(found: CollectedResults) -> CollectedResults:
    [row] = found.report.rows
    wrong = row.model_copy(update={"counts": {**row.counts, "opened": 3}})
    return replace(found, report=Report.model_validate({**dict(found.report), "rows": [wrong]}))


def _unknown_and_delivered_twice(found: CollectedResults) -> CollectedResults:
    def change(messages: dict[str, list[dict[str, Any]]]) -> None:
        _first(messages)[2].update(state="failed", error={"code": "outcome_unknown"})

    return replace(with_messages(found, change), sent=[{"text": ANSWER}] * 2)


WRONG: Mapping[str, Callable[[CollectedResults], CollectedResults]] = {
    "was never taken": lambda f: replace(
        f, posts=replace(f.posts, posted=[replace(f.posts.posted[0], taken_at=None), *f.posts.posted[1:]])
    ),
    "were answered 500": lambda f: replace(f, posts=replace(f.posts, met={"500": 1})),
    "was taken and is there 0 times": _lost,
    "was taken and is there 2 times": _twice,
    "is in 2 conversations": _in_two_conversations,
    "are out of order": _out_of_order,
    "assigned 2 times": _assigned_twice,
    "reached the customer 0 times": lambda f: replace(f, sent=[]),
    "reached the customer 2 times": _unknown_and_delivered_twice,
    "ended 2 times": _broken_twice,
    "is due and undecided": _never_decided,
    "a recount of the log": _miscounted,
    "callers saw": _told_too_slow,
    "dead letters": lambda f: replace(f, dead_letters=1),
    "ended with -9": lambda f: replace(f, restarted=[replace(f.restarted[0], code=-9)]),
}


def test_a_minute_in_which_all_went_well_has_no_complaints() -> None:
    assert violations(right()) == []


@pytest.mark.parametrize("complaint", WRONG)
def test_what_went_wrong_is_told(complaint: str) -> None:
    assert any(complaint in one for one in violations(WRONG[complaint](right())))


def test_a_conversation_that_waits_needs_a_decision_that_says_why() -> None:
    found = with_log(right(), lambda events: [e for e in events if "agent-1" not in str(e.data) or "sla" in e.type])
    [_, last] = found.records.conversations
    waiting = [found.records.conversations[0], {**last, "status": "waiting", "agent": None}]

    def decided(*decisions: Mapping[str, Any]) -> list[str]:
        records = replace(found.records, conversations=waiting, undecided={last["id"]: decisions})
        return violations(replace(found, records=records))

    assert decided({"outcome": "waiting", "summary": "Nobody speaks Latvian."}) == []
    assert any("no decision says why" in one for one in decided())


def test_a_plan_is_one_of_its_seed_and_keeps_to_its_rate_and_pool() -> None:
    plan = Plan(rate=50, seconds=60, promise_seconds=20, workspace="w")
    assert plan.updates == Plan.from_json(plan.as_json()).updates
    assert 0.9 * 3000 < len(plan.updates) < 1.1 * 3000
    assert max(update.due for update in plan.updates) < 60
    assert {update.person for update in plan.updates} <= set(range(1, plan.persons + 1))
    assert len({update.number for update in plan.updates}) == len(plan.updates)


def test_a_restart_is_caught_up_with_when_the_last_one_that_had_to_queue_was_handled() -> None:
    found = right()
    slow = with_log(found, lambda events: [e.model_copy(update={"time": e.time}) for e in events])
    records = [replace(r, at=r.at + 30) if r.word == "message_received" else r for r in slow.log.facts]
    [one] = figures.caught_up(replace(found, log=Log(records), restarted=[replace(found.restarted[0], gone_at=BEGAN)]))
    assert one.after == pytest.approx(40)
    [none] = figures.caught_up(replace(found, restarted=[replace(found.restarted[0], gone_at=BEGAN + 30)]))
    assert none.after == 0
