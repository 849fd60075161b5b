"""Erases a person step by step. Any process may repeat any step after a crash.

First the owner of their conversations closes these, and withdraws what waits to be sent. Once all groups have read what follows
from that, it empties them, and a pseudonym stands in place of the person; the owners of other documents follow. Then the documents
that nobody owns are swept, and the log, where it can be changed. From the close until then nothing is refused: whoever writes again
is a new person.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from schemas.commands import CommandResult
from schemas.envelope import Event, decode, encode
from schemas.erasure import ErasedRecord, ErasePerson, EraseSends, EraseTraces, ErasureStep, PersonForgotten
from schemas.identity import PersonKey, person_key
from schemas.topics import topic_for
from schemas.values import Contract, instant_text
from services.platform.bus.port import ProducerRecord, Record, partition_for
from services.platform.core.errors import Fenced
from services.platform.core.identifiers import random_id
from services.platform.http.command_gateway import SOURCE
from services.platform.http.service import Context
from services.platform.processing.progress import Ends, ReadProgress
from services.platform.processing.resuming import ABANDONED_AFTER, resume_periodically
from services.platform.store.all_pages import all_documents
from services.platform.store.collections import ACCEPTED, OUTCOMES, AcceptedCommand
from services.platform.store.port import Changes, Condition, Key, Put, Query
from services.platform.store.read_one import read_one
from services.records.blobs import delete_blob, person_blobs
from services.records.conversations import CONVERSATIONS, PERSONS
from services.records.erasures import ERASURES, Erasure, ErasureState, erasure_id
from services.records.sends import SEND_QUEUES
from services.router.conversations.erasure import step_id
from services.router.erasure.sweep import Left, Sweep
from services.router.erasure.traces import Trace, choose_pseudonym
from services.router.instruments import ErasureInstruments

POLL_SECONDS = 0.05
QUEUE_SECONDS = 1.0
"""Seconds between two looks at whether a message that may be with the platform is settled."""
ROUNDS = 3
"""How often all groups read to the end: what follows from an event goes through at most so many of them."""
MAX_IDS = 200
"""How many documents one event names."""
MAX_SWEEPS = 5
"""How often what is left with other owners is looked for. What still comes names the person anew."""

log = structlog.get_logger(__name__)
_audit = structlog.get_logger("pasokh.audit")


@dataclass(frozen=True, slots=True)
class Eraser:
    """Erases persons. `topics`: group → the topics it reads. `secret` is that of the ids of erasures."""

    context: Context
    topics: Mapping[str, Sequence[str]]
    secret: bytes
    instruments: ErasureInstruments
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    # -- the record ----------------------------------------------------------------------------------------------------

    async def find(self, key: PersonKey) -> Erasure | None:
        """The latest erasure of a person; None: there was none. Raises Unavailable."""
        return await read_one(self.context.store, ERASURES, erasure_id(self.secret, key))

    async def begin(self, key: PersonKey, by: str | None) -> Erasure | None:
        """The erasure of a person: one that runs, a new one, or the last one if nothing is known of them. None: they were never seen.

        Raises Fenced when somebody else began one at this moment, Unavailable, Unknown.
        """
        earlier = await self.find(key)
        if earlier is not None and earlier.state != "done":
            return earlier
        person = await read_one(self.context.store, PERSONS, str(key))
        if person is None:
            return earlier
        now = self.context.time_source.now()
        mails = {one.value for one in person.identities if one.kind == "email"} | {person.email or ""}
        external = key.person.split(":", 2)[2]
        addresses = sorted({one.casefold() for one in (*mails, external) if "@" in one.strip("@")})
        erasure = Erasure(
            id=random_id(now),
            workspace=key.workspace,
            by=by,
            at=now,
            touched_at=now,
            person=key.person,
            pseudonym=choose_pseudonym(key, self.context.bus.partitions),
            addresses=addresses,
        )
        accepted = AcceptedCommand(workspace=key.workspace, request_hash="", at=now)
        identity = Key(ERASURES.name, erasure_id(self.secret, key))
        condition = Condition(identity, "id", earlier.id) if earlier is not None else Condition(identity)
        puts = [Put(identity, erasure), Put(Key(ACCEPTED.name, erasure.id), accepted)]
        await self.context.store.commit(Changes([condition], puts))
        return erasure

    async def run(self, erasure: Erasure) -> None:
        """Carry out the remaining steps. Raises Unavailable, Unknown, and Fenced once the workspace is deleted."""
        if erasure.person is None or erasure.pseudonym is None:
            return
        key = PersonKey(erasure.workspace, erasure.person)
        trace = Trace(key, erasure.pseudonym, frozenset(erasure.addresses))
        steps: list[tuple[ErasureState, Callable[[Erasure, Trace], Awaitable[Erasure]], ErasureState]] = [
            ("closing", self._close, "emptying"),
            ("emptying", self._empty, "sweeping"),
            ("sweeping", self._sweep, "done"),
        ]
        # The state is stored after its step: after a crash the step is repeated, and each may be.
        for state, step, following in steps:
            if erasure.state == state:
                erasure = await self._record_progress(key, await step(erasure, trace), following)
        # The record itself named the person until now: an embedded log empties its old pages once more.
        await self.context.bus.overwrite(trace.key.person, {}, lambda _: None)
        self.instruments.erased.labels(key.workspace).inc()
        _audit.info("person_erased", workspace=key.workspace, pseudonym=trace.pseudonym, key=erasure.by)

    async def _record_progress(self, key: PersonKey, erasure: Erasure, state: ErasureState) -> Erasure:
        identity = Key(ERASURES.name, erasure_id(self.secret, key))
        after = replace(erasure, state=state, touched_at=self.context.time_source.now())
        puts, deletes = [], list[Key]()
        if state == "done":
            after = replace(after, person=None, pseudonym=None, addresses=[])
            outcome = CommandResult(id=erasure.id, workspace=key.workspace, status="applied", at=after.touched_at)
            puts.append(Put(Key(OUTCOMES.name, erasure.id), outcome))
            deletes.append(Key(ACCEPTED.name, erasure.id))
        # The record goes with its workspace, and must not come back; of two processes that carry it out the later one ends here.
        conditions = [Condition(identity, "id", erasure.id), Condition(identity, "state", erasure.state)]
        await self.context.store.commit(Changes(conditions, [Put(identity, after), *puts], deletes))
        return after

    # -- the steps -----------------------------------------------------------------------------------------------------

    async def _close(self, erasure: Erasure, trace: Trace) -> Erasure:
        closed_at = await self._own_step(erasure, trace, "close")
        await self._settle()
        while await read_one(self.context.store, SEND_QUEUES, str(trace.key)) is not None:
            # One message may be with the platform now: its result settles it, and then nothing waits.
            await self.pause(QUEUE_SECONDS)
            await self._own_step(erasure, trace, "close")
            await self._settle()
        return replace(erasure, closed_at=closed_at)

    async def _empty(self, erasure: Erasure, trace: Trace) -> Erasure:
        await self._own_step(erasure, trace, "messages", "conversations")
        forgotten = PersonForgotten(person=trace.key.person)
        await self._publish("pasokh.identity.forgotten", trace.key.workspace, forgotten)
        for identity, blob in (await person_blobs(self.context.store, trace.key)).items():
            if erasure.closed_at is None or blob.at <= erasure.closed_at:
                await delete_blob(self.context.store, identity, blob)
        await self._settle()
        return erasure

    async def _sweep(self, erasure: Erasure, trace: Trace) -> Erasure:
        for number in range(MAX_SWEEPS):
            sweep = Sweep(self.context.store, trace, await self._going_on(trace), self.context.time_source.now())
            left = await (sweep.find_owned() if number else sweep.run())
            if not await self._tell_owners(left, trace):
                break
            await self._settle()
        ends = await self._settle()
        await self._overwrite_log(trace, ends)
        return erasure

    async def _own_step(
        self, erasure: Erasure, trace: Trace, step: ErasureStep, last: ErasureStep | None = None
    ) -> datetime:
        """Have the owner of the person's conversations carry out a step, and wait for it: for ever, if it does not run."""
        command = ErasePerson(
            erasure=f"{erasure.id}-{random_id(self.context.time_source.now())}",
            step=step,
            pseudonym=trace.pseudonym,
            by=erasure.by,
            at=erasure.at,
        )
        await self._publish("pasokh.command.erase_person", str(trace.key), command)
        while True:
            done = await read_one(self.context.store, OUTCOMES, step_id(command.erasure, last or step))
            if done is not None:
                return done.at
            current = await self.find(trace.key)
            if current is None or current.id != erasure.id or current.state != erasure.state:
                raise Fenced("the workspace was deleted, or another process has gone on with the erasure")
            await self.pause(POLL_SECONDS)

    async def _settle(self) -> Ends:
        """Wait until what is on the log now, and what follows from it, is in documents; returns the ends of the log."""
        progress = ReadProgress(self.context.store, self.context.bus, self.topics, self.pause)
        for _ in range(ROUNDS - 1):
            await progress.until_read()
        return await progress.until_read()

    async def _going_on(self, trace: Trace) -> frozenset[str]:
        """The conversations that the person has opened since, as somebody new."""
        query = Query(CONVERSATIONS.name, "person", {"workspace": trace.key.workspace, "person": trace.key.person})
        return frozenset([identity async for identity, _ in all_documents(self.context.store, query)])

    async def _tell_owners(self, left: Left, trace: Trace) -> bool:
        """Tell the owners of documents what to take out of them. False: nothing is left."""
        now = self.context.time_source.now()
        for key in {*left.messages, *left.conversations}:
            messages, conversations = left.messages.get(key, []), left.conversations.get(key, [])
            for number in range(0, max(len(messages), len(conversations)), MAX_IDS):
                traces = EraseTraces(
                    person=trace.key.person,
                    pseudonym=trace.pseudonym,
                    addresses=sorted(trace.addresses),
                    messages=messages[number : number + MAX_IDS],
                    conversations=conversations[number : number + MAX_IDS],
                    at=now,
                )
                await self._publish("pasokh.command.erase_traces", key, traces)
        for key, sends in left.sends.items():
            # What went to the person from a conversation of somebody else stays that one's.
            named = trace.pseudonym if key == str(trace.key) else person_key(key).person
            for number in range(0, len(sends), MAX_IDS):
                erased = EraseSends(key=key, pseudonym=named, ids=sends[number : number + MAX_IDS])
                await self._publish("pasokh.outbound.erase", key, erased)
        return bool(left.messages or left.conversations or left.sends)

    async def _overwrite_log(self, trace: Trace, ends: Ends) -> None:
        """Overwrite the events about the person, all of which every group has read."""
        reached: dict[tuple[str, int], int] = {}
        for source, offsets in ends.items():
            partition = int(source.rsplit("/", 1)[1])
            for topic, end in offsets.items():
                reached[topic, partition] = min(end, reached.get((topic, partition), end))
        count = await self.context.bus.overwrite(trace.key.person, reached, lambda record: _overwritten(record, trace))
        if count is None:
            log.info("log_not_overwritten", workspace=trace.key.workspace, pseudonym=trace.pseudonym)

    async def _publish(self, event_type: str, key: str, data: Contract) -> None:
        now = self.context.time_source.now()
        event = Event(
            id=random_id(now),
            source=SOURCE,
            type=event_type,
            time=now,
            workspace=key.split("/", 1)[0],
            partitionkey=key,
            data=data.model_dump(mode="json"),
        )
        partition = partition_for(key, self.context.bus.partitions)
        await self.context.bus.publish([ProducerRecord(topic_for(event_type).name, partition, key, encode(event))])


def _overwritten(record: Record, trace: Trace) -> tuple[str, bytes] | None:
    """What stands in the log in place of an event about a person: that there was one. None: it is about somebody else."""
    try:
        event = decode(record.value)
    except ValueError:
        event = None
    if event is None or event.workspace != trace.key.workspace or not trace.is_in(event.model_dump(mode="json")):
        return None
    key = trace.without(record.key)
    erased = event.model_copy(
        update={
            "type": "pasokh.control.erased",
            "partitionkey": key,
            "traceparent": None,
            "data": ErasedRecord().model_dump(mode="json"),
        }
    )
    return str(key), encode(erased)


async def run_eraser(eraser: Eraser) -> None:
    """Resume abandoned erasures when it starts and then periodically. Runs until cancelled."""
    await resume_periodically(partial(resume_abandoned, eraser), eraser.pause, "erasures_unavailable")


async def resume_abandoned(eraser: Eraser, abandoned_after: timedelta = ABANDONED_AFTER) -> int:
    """Resume the erasures without progress for `abandoned_after`. Returns their number."""
    before = instant_text(eraser.context.time_source.now() - abandoned_after)
    abandoned: list[Erasure] = []
    for state in ("closing", "emptying", "sweeping"):
        query = Query(ERASURES.name, "state", {"state": state}, below=before, limit=20)
        abandoned += [ERASURES.decode(document) for _, document in (await eraser.context.store.query(query)).items]
    # Side by side: one that waits for a message that may be with its platform holds up no other.
    results = await asyncio.gather(*(eraser.run(erasure) for erasure in abandoned), return_exceptions=True)
    failures = [one for one in results if isinstance(one, Exception)]
    if failures:
        raise failures[0]
    return len(abandoned)
