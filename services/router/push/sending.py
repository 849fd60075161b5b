"""Sends notifications to the browsers of agents, as facts come: once from all processes, and never what the page itself tells."""

import asyncio
import hashlib
from collections.abc import Sequence

import orjson
import structlog

from schemas.envelope import Event, decode
from schemas.topics import is_fact
from schemas.values import AgentLanguage, Json, instant_text
from services.domain.conversation_state import ConversationState
from services.domain.push_notices import BOOK, IN_VIEW, ONCE, TOO_LATE, PushNotice, is_told_just_now, notices_of
from services.platform.bus.port import Record
from services.platform.bus.tail_reader import TailReader
from services.platform.core import base64url
from services.platform.core.errors import Fenced, Unavailable, Unknown
from services.platform.http.outgoing import HttpClient, PermanentSendError, SendOutcomeUnknown, TransientSendError
from services.platform.http.service import Context
from services.platform.http.web_push import PushSender, encrypt, subscription_of
from services.platform.store.port import Changes, Condition, Key, Put
from services.platform.store.read_one import read_one
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.conversations import CONVERSATIONS, PERSONS
from services.records.desk import DESK_SESSIONS
from services.records.leases import LEASES
from services.records.push import PUSH_DEVICES, PUSH_MARKS, PushDevice, PushMark, device_id, mark_id
from services.router.push.devices import read_devices
from services.text.sentences import RIGHT_TO_LEFT, SentenceReader

KEY_PAIR = "web-push"
"""The name of the installation's secret from which its key pair follows."""
TOPICS = ("conversations", "sla")
LOOK_SECONDS = 30.0
"""How often a process looks whether there is any device at all. Without one it follows no facts."""
AT_ONCE = 8
RIGHT_TO_LEFT_MARK = "\u200f"
GONE = frozenset({404, 410})
log = structlog.get_logger(__name__)


class PushNotifier:
    """Follows the facts while any agent has a device, and sends."""

    def __init__(self, context: Context, http: HttpClient, sender: PushSender) -> None:
        self._context, self._http, self._sender = context, http, sender
        self._reader = TailReader(context.bus, TOPICS, self)
        self._has_devices = False
        self._queue: asyncio.Queue[Event] = asyncio.Queue(maxsize=10_000)

    async def run(self) -> None:
        """Follow and send, until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_for_devices())
            tasks.create_task(self._reader.run())
            for _ in range(AT_ONCE):
                tasks.create_task(self._work())

    async def _look_for_devices(self) -> None:
        while True:
            try:
                self._has_devices = bool(await self._context.store.scan(PUSH_DEVICES.name, "", 1))
            except Unavailable:
                log.warning("push_devices_unavailable")
            if self._has_devices:
                self._reader.want()
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """A device was added in this process: follow from now on."""
        self._has_devices = True
        self._reader.want()

    # -- the reader's listener -----------------------------------------------------------------------------------------

    @property
    def is_wanted(self) -> bool:
        return self._has_devices

    def on_open(self) -> None:
        """What comes from now on is told."""

    def on_closed(self) -> None:
        """Nothing is told until the next `on_open`."""

    def on_lost(self) -> None:
        """What was lost is not told: notifications are of the moment."""

    def on_records(self, records: Sequence[Record]) -> None:
        for record in records:
            try:
                event = decode(record.value)
                if is_fact(event.type) and any(True for _ in notices_of(event)):
                    self._queue.put_nowait(event)
            except ValueError:
                # A record that is no event becomes a dead letter at the processors that read it.
                continue
            except asyncio.QueueFull:
                log.warning("push_queue_full")

    # -- sending -------------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            event = await self._queue.get()
            try:
                await self.tell(event)
            except (Unavailable, Unknown) as error:
                log.warning("push_failed", reason=str(error))
            except Exception:  # one notification that cannot be made must not end all
                log.exception("push_failed")

    async def tell(self, event: Event) -> None:
        """Send what a fact is to be told of. Raises Unavailable, Unknown."""
        if self._context.time_source.now() - event.time > TOO_LATE:
            return
        for notice in notices_of(event):
            case = await read_one(self._context.store, CONVERSATIONS, notice.conversation)
            agent = notice.agent or (case.agent if case else None)
            if case is not None and agent is not None:
                await self._tell(event, notice, case, agent)

    async def _tell(self, event: Event, notice: PushNotice, case: ConversationState, agent: str) -> None:
        workspace = event.workspace
        devices = await read_devices(self._context, workspace, agent)
        if not devices or not await self._is_away(workspace, agent):
            return
        record = await read_one(self._context.store, AGENTS, agent_id(workspace, agent))
        usable = await self._usable(devices, record)
        if usable and await self._claim(event, notice, agent):
            name = await self._name_of(case)
            await asyncio.gather(*(self._send(device, notice, name, case) for device in usable))

    async def _is_away(self, workspace: str, agent: str) -> bool:
        """Whether no page of the agent is in view: the page tells what there is itself."""
        lease = await read_one(self._context.store, LEASES, agent_id(workspace, agent))
        seen = lease.visible_at if lease is not None else None
        return seen is None or self._context.time_source.now() - seen >= IN_VIEW

    async def _usable(self, devices: Sequence[PushDevice], agent: AgentRecord | None) -> list[PushDevice]:
        """The devices of an agent who is at work. Those whose session or agent is gone are forgotten."""
        if agent is None or agent.presence == "offline":
            return []
        keys = {one.device: Key(DESK_SESSIONS.name, one.session) for one in devices if one.session}
        found = await self._context.store.get_many(list(keys.values())) if keys else {}
        usable: list[PushDevice] = []
        for one in devices:
            is_over = one.session and keys[one.device] not in found
            if is_over or one.generation != agent.generation:
                await self._forget(one)
            else:
                usable.append(one)
        return usable

    async def _claim(self, event: Event, notice: PushNotice, agent: str) -> bool:
        """Whether this process sends: no other does, and the agent was not told of the conversation a moment ago."""
        now = self._context.time_source.now()
        key = Key(PUSH_MARKS.name, mark_id(event.workspace, agent, notice.conversation))
        known = await read_one(self._context.store, PUSH_MARKS, key.id)
        if known is not None and (known.fact == event.id or is_told_just_now(notice.kind, known.sent_at, now)):
            return False
        mark = PushMark(workspace=event.workspace, fact=event.id, sent_at=now, expires_at=now + 4 * ONCE)
        unchanged = Condition(key, "sent_at", instant_text(known.sent_at)) if known else Condition(key)
        try:
            await self._context.store.commit(Changes([unchanged], [Put(key, mark)]))
        except Fenced:
            return False
        return True

    async def _name_of(self, case: ConversationState) -> str:
        person = await read_one(self._context.store, PERSONS, case.key)
        return (person.name if person else None) or case.subject or case.person.split(":", 2)[-1]

    async def _send(self, device: PushDevice, notice: PushNotice, name: str, case: ConversationState) -> None:
        subscription = subscription_of(device.endpoint, device.p256dh, device.auth)
        title = title_of(notice, name, device.language)
        # Name and channel, and never what was written.
        told: dict[str, Json] = {
            "kind": notice.kind,
            "title": title,
            "channel": case.channel,
            "conversation": case.id,
            "url": f"/desk/c/{case.id}",
        }
        headers = self._sender.headers(
            device.endpoint,
            self._context.time_source.now(),
            ttl_seconds=notice.ttl_seconds,
            topic=topic_of(case.id),
            urgency=notice.urgency,
        )
        body = encrypt(subscription, orjson.dumps(told))
        try:
            answer = await self._http.call("POST", device.endpoint, body, headers)
        except (TransientSendError, SendOutcomeUnknown, PermanentSendError) as error:
            log.warning("push_not_sent", device=device.device, reason=str(error))
            return
        if answer.status in GONE:
            await self._forget(device)
        elif answer.status >= 300:
            log.warning("push_refused", device=device.device, status=answer.status)

    async def _forget(self, device: PushDevice) -> None:
        key = Key(PUSH_DEVICES.name, device_id(device.workspace, device.agent, device.device))
        # A device that subscribed anew meanwhile stays.
        same = Condition(key, "endpoint", device.endpoint)
        try:
            await self._context.store.commit(Changes([same], deletes=[key]))
        except Fenced:
            return


def title_of(notice: PushNotice, name: str, language: AgentLanguage) -> str:
    """The title of a notification. It has the direction of its language, though it may begin with a name of another."""
    words = BOOK.word(notice.kind, SentenceReader(language), {"name": name[:100]})
    return f"{RIGHT_TO_LEFT_MARK}{words}" if language in RIGHT_TO_LEFT else words


def topic_of(conversation: str) -> str:
    """The topic of a conversation at a push service: at most 32 characters of base64url, which tell nothing."""
    return base64url.encode(hashlib.sha256(conversation.encode()).digest())[:32]


def contact_of(public_url: str | None) -> str:
    """Where a push service may complain: this installation, as far as it is known."""
    return public_url.rstrip("/") if public_url and public_url.startswith("https://") else "https://pasokh.invalid"
