"""Reads what a report needs from the facts that are kept, page by page, and gives it to the recount.

A conversation that began before the time asked for is read from its own beginning, so that what ends in that time is
known to have begun; by start, it is read on until now, so that what began is known to have ended.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from schemas.envelope import Event
from schemas.values import Json, instant_text
from services.metrics.domain.business_hours import ALWAYS_OPEN, Calendars
from services.metrics.domain.report import Report, ReportBuilder, ReportRequest, sorted_facts
from services.platform.processing.unit_of_work import Reader
from services.platform.store.collections import FACTS
from services.platform.store.port import Query

PAGE = 200
MOST_FACTS = 200_000
MOST_ROWS = 10_000
CONVERSATION_OPENED = "pasokh.conversation.opened"

Facts = AsyncIterator[Event]


class ReportTooLarge(Exception):
    """The time asked for holds more than one report may cost; the sentence says what to do."""


@dataclass(slots=True)
class FactReader:
    """Reads the facts of one workspace. `left`: how many more it may."""

    reader: Reader
    workspace: str
    left: int

    async def between(self, at_least: str | None, below: str | None, conversation: str | None = None) -> Facts:
        """Facts of the workspace, or of one conversation of it, in their order. Raises TooMuch, Unavailable."""
        equals: dict[str, Json] = {"workspace": self.workspace}
        if conversation is not None:
            equals["conversation"] = conversation
        index, after, held = "workspace" if conversation is None else "conversation", None, list[Event]()
        while True:
            query = Query(FACTS.name, index, equals, at_least, below, limit=PAGE, after=after)
            page = await self.reader.query(query)
            self._spend(len(page.items))
            held += [Event.model_validate(document) for _, document in page.items]
            # Facts of one time may go on on the next page; their order is known when all of them are here.
            last = held[-1].time if held and page.next is not None else None
            for event in sorted_facts(event for event in held if event.time != last):
                yield event
            held, after = [event for event in held if event.time == last], page.next
            if after is None:
                return

    def _spend(self, facts: int) -> None:
        self.left -= facts
        if self.left < 0:
            raise ReportTooLarge(f"One report looks at {MOST_FACTS} facts at most. Ask for a shorter time.")


async def build_report(
    reader: Reader,
    workspace: str,
    asked: ReportRequest,
    calendars: Calendars = ALWAYS_OPEN,
    most: int = MOST_FACTS,
) -> Report:
    """The report of a workspace. Raises TooMuch, Unavailable."""
    reading, count = FactReader(reader, workspace, most), ReportBuilder(asked, calendars)
    start, end = instant_text(asked.start), instant_text(asked.end)
    async for event in reading.between(start, end):
        conversation = event.data.get("conversation")
        if not isinstance(conversation, str):
            continue
        if not count.has_conversation(conversation) and event.type != CONVERSATION_OPENED:
            await _take(count, reading.between(None, start, conversation))
        count.add(event)
        if count.groups > MOST_ROWS:
            raise ReportTooLarge(
                f"One report has {MOST_ROWS} groups at most. Group by less, or ask for a shorter time."
            )
    for conversation in _follow_open_conversations(count, asked):
        await _take(count, reading.between(end, None, conversation))
    return count.report()


def _follow_open_conversations(count: ReportBuilder, asked: ReportRequest) -> Sequence[str]:
    return count.conversations if asked.by == "start" else ()


async def _take(count: ReportBuilder, facts: Facts) -> None:
    async for event in facts:
        count.add(event)
