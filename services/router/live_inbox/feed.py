"""What the pages of one workspace get: it gathers changes, reads each once, and gives every page what its agent may see."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta

from schemas.envelope import Event
from schemas.values import instant_text
from services.domain.signals import SignalBoard
from services.platform.bus import stream_position
from services.platform.bus.stream_position import StreamPosition
from services.platform.http.service import Context
from services.platform.store.all_pages import all_documents
from services.platform.store.port import Document, Key, Query
from services.records.agents import AGENTS, agent_id
from services.records.configuration import CONFIGURATION_HEADS, Configurations
from services.records.conversations import CONVERSATIONS
from services.records.offers import OFFERS
from services.router.agent_views import agent_view
from services.router.live_inbox.changes import InboxChanges, standing_of
from services.router.live_inbox.counting import RangeCounts
from services.router.live_inbox.customers import customer_events, read_changed_persons
from services.router.live_inbox.missed import Sources
from services.router.live_inbox.pace import Pace
from services.router.live_inbox.reading import Standings, StoodBefore, clocks_to_come, read_shown
from services.router.live_inbox.receipts import Receipts
from services.router.live_inbox.sending import ShownCase, event_of, offer_event, signal_event, sse_event
from services.router.live_inbox.subscriber import InboxSubscriber, live

CLOCKS_APART = timedelta(seconds=2)
"""How far the clocks of two processes may be apart."""
LONGEST_OFFER = timedelta(minutes=10)
"""No offer lasts longer."""


class WorkspaceFeed:
    """The open pages of a workspace. One task runs it; `note` takes in facts from the reader of the process."""

    def __init__(self, context: Context, workspace: str, pace: Pace, signals: SignalBoard) -> None:
        self._context, self._workspace, self._pace = context, workspace, pace
        self._signals = signals
        self.sources = Sources(context.store, workspace, context.bus.partitions)
        self.ready = asyncio.Event()
        self.followers = 0
        self.subscribers: set[InboxSubscriber] = set()
        self._configurations = Configurations()
        self._standings = Standings(context.store, workspace)
        self._counts = RangeCounts(context.store, workspace)
        self._colleagues: dict[str, Document] = {}
        self._position: StreamPosition | None = None
        self._early: list[Event] = []
        self._pending = InboxChanges()
        self._receipts = Receipts(context, workspace)
        self._marked_at = context.time_source.now() - CLOCKS_APART
        self._marks: dict[str, int] = {}
        self._identity = ""
        self._news = asyncio.Event()
        self._lock = asyncio.Lock()
        self._counts_due = self._awake_until = 0.0
        self._counts_outdated = False

    # -- from the reader of the process --------------------------------------------------------------------------------

    def note(self, event: Event) -> None:
        """A fact of this workspace."""
        if self._position is None:
            self._early.append(event)
        elif self._position.admit(event):
            self._pending.note(event)
            self.stir()

    def stir(self) -> None:
        """Something changed that is no fact: look at the agents."""
        self._awake_until = _now() + self._pace.linger
        self._news.set()

    def send(self, conversation: str, event: bytes) -> None:
        """An event about a conversation to all pages of this process whose agents may see it."""
        self._pending.remark(conversation, event, self._context.time_source.now())
        self._news.set()

    def read(self, conversation: str, agent: str) -> None:
        """An agent has read a conversation, or made it unread: it is shown to their pages anew."""
        self._pending.read_by(conversation, agent, self._context.time_source.now())
        self._news.set()

    def receipt(self, person: str) -> None:
        """A platform reported that this person, named by the key, has or has read what we sent."""
        self._receipts.note(person)
        self._news.set()

    def end(self) -> None:
        """End all streams: facts may be missing."""
        for subscriber in self.subscribers:
            subscriber.end()

    # -- the task ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Show changes as they come, until it is cancelled. Raises Unavailable."""
        self._position = stream_position.after(await self.sources.numbers())
        self._identity = self.sources.identity(self._position, self._context.time_source.now())
        for event in self._early:
            self.note(event)
        self._early.clear()
        self.ready.set()
        while True:
            await self._wait()
            # Of the processor, not of the clock: on a busy machine a look that only waited needs no rest.
            started = time.thread_time()
            async with self._lock:
                await self._look()
            spent = time.thread_time() - started
            await asyncio.sleep(min(self._pace.most, max(self._pace.least, spent * self._pace.rest)))

    async def _wait(self) -> None:
        receipts = self._receipts.wait()
        wait = self._pace.counts if self._is_awake() else self._pace.idle
        wait = wait if receipts is None else min(wait, receipts)
        try:
            async with asyncio.timeout(wait):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

    def _is_awake(self) -> bool:
        return self._counts_outdated or bool(self._pending.cases) or _now() < self._awake_until

    async def _look(self) -> None:
        reported = await self._receipts.changes()
        changes, self._pending = self._pending, InboxChanges()
        changes.merge(reported)
        before = self._identity
        # Of this position are all changes that were taken, and no more.
        self._identity = (
            self.sources.identity(self._position, self._context.time_source.now())
            if self._position is not None
            else before
        )
        pages = live(self.subscribers)
        for one in self.subscribers:
            if one.held is not None:
                one.held.merge(changes)
        shown = await self._read(changes, pages, self._standings.last_shown)
        for changed in shown:
            if changed.case is not None and changed.before is not None:
                self._standings.show(changed.id, standing_of(changed.case))
        self._show(changes, shown, pages)
        await self._show_customers(changes, pages)
        if self._identity != before:
            for page in pages:
                page.push_position(self._identity)
        if _now() >= self._counts_due:
            self._counts_due = _now() + self._pace.counts
            await self._count(pages)
            await self._read_colleagues(pages)
            await self._read_marks()

    async def begin(self, page: InboxSubscriber, missed: InboxChanges | None) -> None:
        """Send a page what it needs to begin, with what it missed; from then on it gets what changes. Raises Unavailable."""
        async with self._lock:
            changes = missed or InboxChanges()
            if page.held is not None:
                changes.merge(page.held)
            for told in self._signals.of(self._workspace):
                changes.remark(told.conversation, signal_event(told), self._context.time_source.now())
            # Of its own time, not of what others were shown since.
            shown = await self._read(changes, [page], self._standings.before)
            self._show(changes, shown, [page])
            await self._show_customers(changes, [page])
            await self._offer(page)
            await self._counts.refresh([page.viewer])
            page.tell_counts(self._counts.of(page.viewer))
            page.push_position(self._identity)
            page.held = None

    # -- its parts -----------------------------------------------------------------------------------------------------

    async def _read(
        self, changes: InboxChanges, pages: Sequence[InboxSubscriber], before: StoodBefore
    ) -> list[ShownCase]:
        """What changed as it is now, and what the agents of these pages may see by now."""
        store = self._context.store
        head = Key(CONFIGURATION_HEADS.name, self._workspace)
        agents = {page.agent: Key(AGENTS.name, agent_id(self._workspace, page.agent)) for page in pages}
        cases = [Key(CONVERSATIONS.name, one) for one in changes.cases]
        # In one read: nobody is shown a conversation by what they could see before.
        found = await store.get_many([head, *agents.values(), *cases])
        known = [CONFIGURATION_HEADS.decode(found[head])] if head in found else []
        configuration = (await self._configurations.for_heads(store, known)).get(self._workspace)
        settings = configuration.profile.body.settings if configuration is not None else None
        visibility = settings.visibility if settings is not None else "team"
        for page in pages:
            page.look(found.get(agents[page.agent]), visibility)
        return await read_shown(store, changes, found, before)

    def _show(self, changes: InboxChanges, shown: Sequence[ShownCase], pages: Sequence[InboxSubscriber]) -> None:
        cases = {one.id: one for one in shown}
        for page in pages:
            page.push(event for one in shown for event in one.events_for(page.viewer))
            page.push(_offer_events(changes, cases, page))
            read = [name for name, agent in changes.readers if agent == page.agent]
            page.push(event for name in dict.fromkeys(read) for event in cases[name].row_event(page.viewer))
            page.push(event for name, event in changes.asides if cases[name].is_seen_by(page.viewer))
        moved = [standing for one in shown for standing in one.standings()]
        if moved:
            self._counts.outdate(moved)
            self._counts_outdated = True
        known = {one.id: one.case for one in shown if one.case is not None}
        late = clocks_to_come(changes, known, self._context.time_source.now())
        if late.cases:
            late.merge(self._pending)
            self._pending = late
            self._awake_until = _now() + self._pace.linger

    async def _show_customers(self, changes: InboxChanges, pages: Sequence[InboxSubscriber]) -> None:
        if not changes.customers:
            return
        changed = await read_changed_persons(self._context.store, self._workspace, changes.customers)
        for page in pages:
            page.push(customer_events(changed, page.viewer))

    async def _count(self, pages: Sequence[InboxSubscriber]) -> None:
        self._counts_outdated = False
        await self._counts.refresh(page.viewer for page in pages)
        for page in pages:
            page.tell_counts(self._counts.of(page.viewer))

    async def _offer(self, page: InboxSubscriber) -> None:
        """The offers that the agent has now."""
        store, now = self._context.store, self._context.time_source.now()
        query = Query(
            OFFERS.name,
            "agent",
            {"workspace": self._workspace, "agent": page.agent},
            at_least=instant_text(now - LONGEST_OFFER),
        )
        open_now = [OFFERS.decode(document) for _, document in (await store.query(query)).items]
        keys = [Key(CONVERSATIONS.name, one.conversation) for one in open_now if one.why is None]
        found = await store.get_many(keys) if keys else {}
        changes = InboxChanges()
        for key in found:
            changes.glance(key.id, now)
        for one in await read_shown(store, changes, found, self._standings.before):
            page.push(_open_offer(one, page))

    async def _read_marks(self) -> None:
        """What agents have read in other processes."""
        changed = await self.sources.marks_since(self._marked_at)
        for marks in changed:
            if self._marks.get(marks.conversation, 0) < marks.version:
                self._marks[marks.conversation] = marks.version
                for agent, mark in marks.marks.items():
                    if mark.at >= self._marked_at:
                        self._pending.read_by(marks.conversation, agent, mark.at)
        if changed:
            self._marked_at = changed[-1].at - CLOCKS_APART
            self._marks = {one.conversation: one.version for one in changed if one.at >= self._marked_at}
            self._news.set()

    async def _read_colleagues(self, pages: Sequence[InboxSubscriber]) -> None:
        """Leads see the agents of their teams change."""
        leads = [page for page in pages if page.is_lead]
        if not leads:
            self._colleagues.clear()
            return
        known, self._colleagues = self._colleagues, {}
        query = Query(AGENTS.name, "workspace", {"workspace": self._workspace}, limit=200)
        async for identity, document in all_documents(self._context.store, query):
            self._colleagues[identity] = document
            if known.get(identity) == document:
                continue
            record = AGENTS.decode(document)
            event = sse_event("agent", agent_view(record).model_dump_json().encode())
            for page in leads:
                if page.viewer.can_see_agent(record.id, record.body.teams):
                    page.push([event])


def _offer_events(changes: InboxChanges, cases: dict[str, ShownCase], page: InboxSubscriber) -> Iterable[bytes]:
    for news in changes.offers:
        if news.fact.agent != page.agent:
            continue
        if news.word == "made":
            yield from _open_offer(cases[news.fact.conversation], page)
        else:
            ended = {"id": news.fact.offer, "conversation": news.fact.conversation, "why": news.word}
            yield event_of("offer_ended", {**ended})


def _open_offer(shown: ShownCase, page: InboxSubscriber) -> Iterable[bytes]:
    """The offer that a conversation is to this agent now, if it is."""
    case = shown.case
    if shown.row is None or case is None or case.offer is None or case.offered_to != page.agent:
        return
    row = shown.row_for(page.viewer, shown.row)
    yield offer_event(case.offer.id, case.id, page.agent, case.offer.expires_at, row)


def _now() -> float:
    return asyncio.get_running_loop().time()
