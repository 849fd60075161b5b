"""Whether a minute came out right: every check says what is wrong, in a sentence each. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from services.metrics.domain.recount.report import recount
from tests.live.minute import first_response
from tests.live.minute.collected_results import CollectedResults, update_named

Violations = Iterator[str]
LEAVE_SECONDS = 10.0
MAX_EXAMPLES = 5
"""Complaints of one kind that are told; one fault shows itself many times."""


def violations(found: CollectedResults) -> list[str]:
    """Everything that is wrong; none means none."""
    told: list[str] = []
    for check in CHECKS:
        wrong = list(check(found))
        told += wrong[:MAX_EXAMPLES] + (
            [f"… and {len(wrong) - MAX_EXAMPLES} more of that kind"] if len(wrong) > MAX_EXAMPLES else []
        )
    return told


def everything_was_taken(found: CollectedResults) -> Violations:
    """A platform that repeats what it is told to repeat gets rid of all of it."""
    for one in found.posts.posted:
        if one.taken_at is None:
            yield f"update {one.index} of person {one.person} was never taken"
    for status in found.posts.met.keys() - {"0", "200", "429", "503"}:
        yield f"{found.posts.met[status]} posts were answered {status}"


def every_message_is_in_one_conversation(found: CollectedResults) -> Violations:
    """Once, and all of a person's in the same one."""
    times = Counter(update_named(message) for _, message in found.records.inbound())
    for one in found.posts.accepted:
        if times[one.person, one.index] != 1:
            yield f"update {one.index} of person {one.person} was taken and is there {times[one.person, one.index]} times"
    for update in times.keys() - {(one.person, one.index) for one in found.posts.posted}:
        yield f"update {update} was never sent"
    places: dict[int, set[str]] = defaultdict(set)
    for conversation, message in found.records.inbound():
        places[update_named(message)[0]].add(conversation)
    yield from (f"person {person} is in {len(held)} conversations" for person, held in places.items() if len(held) > 1)


def every_person_is_in_order(found: CollectedResults) -> Violations:
    """In the list of messages as on the log."""
    listed: dict[str, list[str]] = defaultdict(list)
    for conversation, message in found.records.inbound():
        listed[conversation].append(message["id"])
    index = {message["id"]: update_named(message)[1] for _, message in found.records.inbound()}
    told: dict[str, list[str]] = defaultdict(list)
    for record in found.log.facts_named("conversation", "message_received"):
        told[record.conversation].append(str(record.event.data["message"]))
    for conversation, messages in listed.items():
        if [index[one] for one in messages] != sorted(index[one] for one in messages):
            yield f"the messages of {conversation} are out of order"
        if told[conversation] != messages:
            yield f"the log has other messages of {conversation}, or in another order"


def every_conversation_is_assigned_once(found: CollectedResults) -> Violations:
    """Once for each time that it was queued, by opening or reopening it; or it waits, and a decision says why."""
    opened, queued, assigned = (found.log.counted("conversation", word) for word in ("opened", "queued", "assigned"))
    for one in found.records.conversations:
        identity, waits = one["id"], one["status"] in ("waiting", "offered")
        if opened[identity] != 1:
            yield f"conversation {identity} was opened {opened[identity]} times"
        if assigned[identity] != queued[identity] - waits:
            yield f"conversation {identity} was queued {queued[identity]} times and assigned {assigned[identity]} times"
        if waits and not any(d["outcome"] == "waiting" and d["summary"] for d in found.records.undecided[identity]):
            yield f"conversation {identity} waits, and no decision says why"
    yield from (f"{identity} is on the log alone" for identity in opened.keys() - found.records.messages.keys())


def every_reply_is_delivered_once(found: CollectedResults) -> Violations:
    """Or failed with `outcome_unknown`, and then at most once."""
    arrived = Counter(str(one["text"]) for one in found.sent)
    written = Counter(str(message["text"]) for message in found.records.outbound())
    for reply in found.replies:
        if written[reply.text] != 1:
            yield f"the reply to {reply.conversation} was taken and is there {written[reply.text]} times"
    for message in found.records.outbound():
        times, error = arrived[str(message["text"])], message["error"]
        unknown = message["state"] == "failed" and error is not None and error["code"] == "outcome_unknown"
        if times > 1 or (times == 0 and not unknown):
            yield f"reply {message['id']} ({message['state']}) reached the customer {times} times"
        if message["state"] != "sent" and not unknown:
            yield f"reply {message['id']} is {message['state']}: {error}"


def every_promise_ends_once(found: CollectedResults) -> Violations:
    """Each run of a clock starts once, and is kept, broken or given up once at most; first responses are all decided."""
    ends: Counter[tuple[str, str, int]] = Counter()
    started: Counter[tuple[str, str, int]] = Counter()
    for record in found.log.facts_named("sla", "started", "fulfilled", "breached", "cancelled"):
        run = (record.conversation, str(record.event.data["metric"]), int(str(record.event.data["run"])))
        (started if record.word == "started" else ends)[run] += 1
    yield from (f"clock {run} started {times} times" for run, times in started.items() if times != 1)
    yield from (f"clock {run} ended {times} times" for run, times in ends.items() if times != 1)
    for one in found.records.conversations:
        if ends[one["id"], "first_response", 1] != 1:
            yield f"the first response of {one['id']} is due and undecided"


def reports_are_what_the_log_says(found: CollectedResults) -> Violations:
    """All of them by pasokh's own recount, and first responses by what callers saw."""
    again = recount(found.log.ordered(), found.asked)
    if found.report != again:
        yield f"the report is {found.report}, a recount of the log {again}"
    yield from first_response.complaints(found)


def nothing_was_set_aside(found: CollectedResults) -> Violations:
    """No event was too much for the code that decides."""
    if found.dead_letters:
        yield f"there are {found.dead_letters} dead letters"


def who_was_asked_to_end_did(found: CollectedResults) -> Violations:
    """SIGTERM drains and exits 0 within 10 s."""
    for one in found.restarted:
        polite = one.restart.how == "SIGTERM" and one.restart.what != "Kafka"
        if polite and (one.code != 0 or one.down > LEAVE_SECONDS):
            yield f"{one.restart.what} ended with {one.code} after {one.down:.1f} s"


CHECKS: Sequence[Callable[[CollectedResults], Violations]] = (
    everything_was_taken,
    every_message_is_in_one_conversation,
    every_person_is_in_order,
    every_conversation_is_assigned_once,
    every_reply_is_delivered_once,
    every_promise_ends_once,
    reports_are_what_the_log_says,
    nothing_was_set_aside,
    who_was_asked_to_end_did,
)
