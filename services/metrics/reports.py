"""Reads what a report needs from the facts that rest in the store, page by page, and gives it to the recount.

- A conversation that has a fact in the time is read from its own beginning, so that what ends in the time is known to
  have begun.
- By stop, conversations without a fact in the time are read too if they may have been open at its end.
- What comes after the time is read where a figure of the time depends on it: by start for all, by stop for those that
  were resolved in the time, because a reopening or another conversation of the same person moves their figures.

Conversations are found by the documents of their owner; figures come from facts alone.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.envelope import Event
from schemas.kpis import CONTACT_WINDOW, Report
from schemas.values import Json, instant_text
from services.domain.lifecycle import OPEN
from services.metrics.domain.business_hours import ALWAYS_OPEN, Calendars
from services.metrics.domain.earlier_facts import EarlierFacts
from services.metrics.domain.recount.report import ReportBuilder, ReportRequest, sorted_facts
from services.platform.processing.unit_of_work import Reader
from services.platform.store.collections import FACTS
from services.platform.store.port import Document, DocumentPage, Query
from services.records.conversations import CONVERSATIONS

PAGE_SIZE = 200
MAX_FACTS = 200_000
"""Documents that one report may read: their histories are held in memory."""
MAX_ROWS = 10_000
CONVERSATION_OPENED = "pasokh.conversation.opened"


class ReportTooLarge(Exception):
    """The time of a report holds more facts or groups than one report may read; the message says what to do."""


@dataclass(slots=True)
class FactReader:
    """Reads the facts and conversations of one workspace. `left`: how many documents it may still read."""

    reader: Reader
    workspace: str
    left: int

    async def between(
        self, at_least: str | None, below: str | None, conversation: str | None = None
    ) -> AsyncIterator[Event]:
        """Facts of the workspace, or of one conversation of it, in their order. Raises ReportTooLarge, Unavailable."""
        by_workspace: dict[str, Json] = {"workspace": self.workspace}
        query = Query(FACTS.name, "workspace", by_workspace, at_least, below, limit=PAGE_SIZE)
        if conversation is not None:
            query = replace(query, index="conversation", equals={**by_workspace, "conversation": conversation})
        held_back = list[Event]()
        async for page in self._pages(query):
            events = held_back + [Event.model_validate(document) for _, document in page.items]
            # Facts of one time may go on on the next page; their order is known when all of them are here.
            last = events[-1].time if events and page.next is not None else None
            held_back = [event for event in events if event.time == last]
            for event in sorted_facts(events[: len(events) - len(held_back)]):
                yield event

    async def conversations(
        self,
        index: str,
        equals: dict[str, Json] | None = None,
        at_least: datetime | None = None,
        below: datetime | None = None,
    ) -> AsyncIterator[Document]:
        """Conversations of the workspace by an index whose next field is a time. Raises ReportTooLarge, Unavailable."""
        since, until = (None if bound is None else instant_text(bound) for bound in (at_least, below))
        known: dict[str, Json] = {"workspace": self.workspace, **(equals or {})}
        async for page in self._pages(Query(CONVERSATIONS.name, index, known, since, until, limit=PAGE_SIZE)):
            for _, document in page.items:
                yield document

    async def _pages(self, query: Query) -> AsyncIterator[DocumentPage]:
        """The pages of a query, each read when it is needed. Raises ReportTooLarge, Unavailable."""
        after = None
        while True:
            page = await self.reader.query(replace(query, after=after))
            self._spend(len(page.items))
            yield page
            if (after := page.next) is None:
                return

    def _spend(self, documents: int) -> None:
        self.left -= documents
        if self.left < 0:
            raise ReportTooLarge(f"One report looks at {MAX_FACTS} facts at most. Ask for a shorter time.")


@dataclass(frozen=True, slots=True)
class ReportReading:
    """One report while its facts are read: `builder` gets those of each conversation whole and in their order."""

    reader: FactReader
    request: ReportRequest
    builder: ReportBuilder

    async def read(self) -> None:
        """Give the builder every fact that the report depends on. Raises ReportTooLarge, Unavailable."""
        # In this order: each step reads the conversations that the steps before it did not find.
        await self._read_time()
        if self.request.by == "stop":
            await self._read_open()
        await self._read_later()
        await self._read_contacts()

    async def _read_time(self) -> None:
        start, end = instant_text(self.request.start), instant_text(self.request.end)
        async for event in self.reader.between(start, end):
            conversation = event.data.get("conversation")
            if not isinstance(conversation, str):
                continue
            # A conversation that was opened in the time has no facts before it.
            if not self.builder.has_conversation(conversation) and event.type != CONVERSATION_OPENED:
                await self._add(self.reader.between(None, start, conversation))
            self.builder.add(event)

    async def _read_open(self) -> None:
        """Conversations that began before the time and may not have ended by its end: open now, or changed since."""
        start = self.request.start
        # Conversations are found by their status of now: one that was open then and is closed since has changed since.
        found = [
            str(document["id"])
            for status in sorted(OPEN)
            async for document in self.reader.conversations("status", {"status": status}, below=start)
        ]
        async for document in self.reader.conversations("updated", at_least=self.request.end):
            if str(document["opened_at"]) < instant_text(start):
                found.append(str(document["id"]))
        await self._add_unknown(found, instant_text(self.request.end))

    async def _read_later(self) -> None:
        # The time reaches until now: no facts can follow it.
        if self.request.end >= self.request.made_at:
            return
        by_start = self.request.by == "start"
        later = self.builder.conversations if by_start else self.builder.resolved_in_time()
        # A copy, because what is read is added to the builder.
        for conversation in list(later):
            await self._add(self.reader.between(instant_text(self.request.end), None, conversation))

    async def _read_contacts(self) -> None:
        """Conversations that a person opened within the contact window after one of theirs was resolved in the time."""
        found = list[str]()
        for person, resolved_at in list(self.builder.contacts_in_time()):
            until = resolved_at + CONTACT_WINDOW
            async for document in self.reader.conversations("person", {"person": person}, resolved_at, until):
                found.append(str(document["id"]))
        await self._add_unknown(found, None)

    async def _add_unknown(self, conversations: Iterable[str], below: str | None) -> None:
        for conversation in dict.fromkeys(conversations):
            if not self.builder.has_conversation(conversation):
                await self._add(self.reader.between(None, below, conversation))

    async def _add(self, facts: AsyncIterator[Event]) -> None:
        async for event in facts:
            self.builder.add(event)


async def build_report(
    reader: Reader,
    workspace: str,
    request: ReportRequest,
    calendars: Calendars = ALWAYS_OPEN,
    max_facts: int = MAX_FACTS,
) -> Report:
    """The report of a workspace. Raises ReportTooLarge, Unavailable."""
    builder = ReportBuilder(request, calendars, EarlierFacts().fill)
    await ReportReading(FactReader(reader, workspace, max_facts), request, builder).read()
    try:
        # Beside the event loop: the recount of many facts takes seconds, and others are served meanwhile.
        return await asyncio.to_thread(builder.report, MAX_ROWS)
    except OverflowError as error:
        detail = f"One report has {MAX_ROWS} groups at most. Group by less, or ask for a shorter time."
        raise ReportTooLarge(detail) from error
