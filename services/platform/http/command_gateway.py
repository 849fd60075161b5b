"""Publishes commands of REST on the bus and waits for their outcomes, so that a GET after the response sees the
change.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import orjson
import structlog

from schemas.commands import CommandResult
from schemas.envelope import Event, encode
from schemas.topics import topic_for
from schemas.values import Contract, Json
from services.platform.bus.port import Bus, ProducerRecord, partition_for
from services.platform.core.errors import Unavailable, Unknown
from services.platform.core.identifiers import hashed_id, random_id
from services.platform.core.time_source import TimeSource
from services.platform.http.problems import CommandRejected, Conflict
from services.platform.store.collections import ACCEPTED, OUTCOMES, AcceptedCommand
from services.platform.store.port import Changes, Key, Put, Store

Precheck = Callable[[], Awaitable[None]]
POLL_SECONDS = 0.02
RETRY_SECONDS = 0.5
SOURCE = "rest"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Command:
    """A command to publish. `key` is the partition key; repeats of a request have the same `id`.

    `repeatable`: the id is derived from an Idempotency-Key, so an earlier request may have had the same id.
    """

    id: str
    type: str
    workspace: str
    key: str
    data: Contract
    request_hash: str
    repeatable: bool = False


def command_id(time_source: TimeSource, workspace: str, idempotency_key: str | None) -> str:
    """The id of a command: derived from workspace and Idempotency-Key, or random without a key."""
    if idempotency_key is None:
        return random_id(time_source.now())
    return hashed_id("command", workspace, idempotency_key)


def request_hash(method: str, path: str, body: Json) -> str:
    """A hash of a request. White space and the order of fields in the JSON body do not change it."""
    canonical = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(b"\x00".join((method.encode(), path.encode(), canonical))).hexdigest()


class CommandGateway:
    """One per process. While requests wait, one loop reads the outcomes of all of them in a single query."""

    def __init__(
        self, store: Store, bus: Bus, time_source: TimeSource, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._store, self._bus, self._time_source, self._pause = store, bus, time_source, pause
        self._waiting: dict[str, set[asyncio.Future[CommandResult]]] = defaultdict(set)
        self._polling: asyncio.Task[None] | None = None

    async def execute(self, command: Command, wait: float, admit: Precheck | None = None) -> CommandResult | None:
        """Publish a command and return its applied outcome.

        Returns None if there is no outcome within `wait` seconds, or if the process stops meanwhile: then `status`
        tells the outcome later. `admit` may refuse a command that has no earlier outcome. Raises CommandRejected (with
        the problem of the outcome), Conflict (the Idempotency-Key was used for another request), Unavailable, Unknown,
        and what `admit` raises.
        """
        outcome = await self._find_earlier(command) if command.repeatable else None
        if outcome is None and admit is not None:
            await admit()
        # Acceptance is stored before the command is published: else `status` could answer 404 for a command on the bus.
        if outcome is None and wait <= 0:
            await self._accept(command)
            await self._publish(command)
            return None
        outcome = outcome or await self._publish_and_wait(command, wait)
        if outcome is None:
            await self._accept(command)
            return None
        return _raise_for_outcome(outcome, command)

    async def send(self, command: Command) -> None:
        """Publish a command whose outcome nobody asks for. Raises Unavailable, Unknown."""
        await self._publish(command)

    async def status(self, workspace: str, identity: str) -> CommandResult | AcceptedCommand | None:
        """The outcome of a command, or its acceptance while it is pending; None for an unknown command."""
        keys = Key(OUTCOMES.name, identity), Key(ACCEPTED.name, identity)
        found = await self._store.get_many(keys)
        ours = {key.collection: one for key, one in found.items() if one["workspace"] == workspace}
        if OUTCOMES.name in ours:
            return CommandResult.model_validate(ours[OUTCOMES.name])
        return ACCEPTED.decode(ours[ACCEPTED.name]) if ACCEPTED.name in ours else None

    async def _find_earlier(self, command: Command) -> CommandResult | None:
        earlier = await self.status(command.workspace, command.id)
        if earlier is not None:
            require_same_request(earlier, command.request_hash)
        return earlier if isinstance(earlier, CommandResult) else None

    async def _accept(self, command: Command) -> None:
        accepted = AcceptedCommand(
            workspace=command.workspace, request_hash=command.request_hash, at=self._time_source.now()
        )
        await self._store.commit(Changes(puts=[Put(Key(ACCEPTED.name, command.id), accepted)]))

    async def _publish(self, command: Command) -> None:
        event = Event(
            id=command.id,
            source=SOURCE,
            type=command.type,
            time=self._time_source.now(),
            workspace=command.workspace,
            partitionkey=command.key,
            data=command.data.model_dump(mode="json"),
        )
        partition = partition_for(command.key, self._bus.partitions)
        outgoing = [ProducerRecord(topic_for(command.type).name, partition, command.key, encode(event))]
        try:
            await self._bus.publish(outgoing)
        except Unknown:
            # A repeat has the same id and is applied once; a caller without an Idempotency-Key could not repeat safely.
            await self._bus.publish(outgoing)

    async def _publish_and_wait(self, command: Command, wait: float) -> CommandResult | None:
        await self._publish(command)
        future: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
        # A set, because two requests with the same Idempotency-Key wait for the same command.
        self._waiting[command.id].add(future)
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll_outcomes())
        try:
            return await asyncio.wait_for(future, wait)
        except TimeoutError:
            return None
        except asyncio.CancelledError:
            # Only the end of the process cancels a request. The command is on the bus: it is pending, not failed.
            _uncancel()
            return None
        finally:
            self._cancel_wait(command.id, future)

    def _cancel_wait(self, identity: str, future: asyncio.Future[CommandResult]) -> None:
        self._waiting[identity].discard(future)
        if not self._waiting[identity]:
            del self._waiting[identity]

    async def _poll_outcomes(self) -> None:
        while True:
            await self._pause(POLL_SECONDS)
            if not self._waiting:
                return
            try:
                found = await self._store.get_many([Key(OUTCOMES.name, identity) for identity in self._waiting])
            except Unavailable:
                _log.warning("outcomes_unavailable", waiting=len(self._waiting))
                await self._pause(RETRY_SECONDS)
                continue
            for key, document in found.items():
                self._resolve_waiter(key.id, CommandResult.model_validate(document))

    def _resolve_waiter(self, identity: str, outcome: CommandResult) -> None:
        for future in self._waiting.get(identity, ()):
            if not future.done():
                future.set_result(outcome)

    async def aclose(self) -> None:
        """Stop polling. Requests that still wait end by their own timeout."""
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)


def _uncancel() -> None:
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()


def _raise_for_outcome(outcome: CommandResult, command: Command) -> CommandResult:
    require_same_request(outcome, command.request_hash)
    if outcome.problem is not None:
        raise CommandRejected(outcome.problem)
    return outcome


def require_same_request(earlier: CommandResult | AcceptedCommand, hashed: str) -> None:
    """Raise Conflict unless the earlier request under an Idempotency-Key was the one of this hash."""
    if earlier.request_hash != hashed:
        raise Conflict("This Idempotency-Key was used for another request. Use a new one for a new request.")
