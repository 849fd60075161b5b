"""Goes through the documents of a workspace and takes an erased person out of those that no other owner has emptied.

What a processor alone writes, it changes itself: it is told which of its documents name the person.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.values import Json, instant_text
from services.platform.processing.workspaces import belongs_to
from services.platform.store.all_pages import PAGE_SIZE, all_pages
from services.platform.store.collections import DEAD_LETTERS, FACTS, OUTCOMES, TIMERS
from services.platform.store.port import Changes, Collection, Document, Key, Put, Query, Store
from services.records.conversations import ACTIVITIES, CONVERSATIONS, MESSAGES
from services.records.sends import SENDS
from services.router.erasure.traces import Trace

Page = list[tuple[str, Document]]


@dataclass(frozen=True, slots=True)
class Left:
    """Documents that name the person and that only their owners may change, by the key of whose partition they are."""

    messages: dict[str, list[str]] = field(default_factory=dict)
    conversations: dict[str, list[str]] = field(default_factory=dict)
    sends: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sweep:
    """`going_on` are the conversations that the person has opened since, as somebody new; `erased_at` is when what was before was emptied."""

    store: Store
    trace: Trace
    going_on: frozenset[str]
    erased_at: datetime

    async def run(self) -> Left:
        """Rewrite or delete what nobody else writes; returns what the owners have to change. A repeat does no harm. Raises Unavailable, Unknown."""
        await self._rewrite_facts()
        await self._rewrite_outcomes()
        # A waiting change, and an event that could not be handled, is what the person wrote.
        for collection in (ACTIVITIES, DEAD_LETTERS):
            await self._delete(collection)
        await self._delete_timers()
        return await self.find_owned()

    async def find_owned(self) -> Left:
        """What only its owner may change. Raises Unavailable."""
        left = Left()
        for collection, found in ((MESSAGES, left.messages), (CONVERSATIONS, left.conversations)):
            async for page in self._pages(collection):
                for identity, document in page:
                    key = str(document.get("key"))
                    if key not in (str(self.trace.key), str(self.trace.pseudonym_key)) and self.trace.is_in(document):
                        found.setdefault(key, []).append(identity)
        async for page in self._pages(SENDS):
            for identity, document in page:
                message = document.get("message")
                if not isinstance(message, dict) or message.get("conversation") in self.going_on:
                    continue
                # Of somebody else's conversation it may have gone to the person, who was its private side.
                if document.get("settled_at") is not None and self.trace.is_in(document):
                    left.sends.setdefault(str(message.get("key")), []).append(identity)
        return left

    async def _rewrite_facts(self) -> None:
        async for page in self._pages(FACTS):
            puts = []
            for identity, document in page:
                if self._is_later(document) or not self.trace.is_in(document):
                    continue
                is_own = document.get("partitionkey") == str(self.trace.key)
                after = self.trace.without(document)
                if isinstance(after, dict):
                    puts.append(Put(Key(FACTS.name, identity), _without_content(after) if is_own else after))
            if puts:
                await self.store.commit(Changes(puts=puts))

    def _is_later(self, fact: Document) -> bool:
        """Whether a fact is about what the person has done since, as somebody new."""
        conversation = fact.get("conversation")
        if conversation is None:
            return str(fact.get("time")) > instant_text(self.erased_at)
        return conversation in self.going_on

    async def _rewrite_outcomes(self) -> None:
        async for page in self._pages(OUTCOMES):
            named = [(identity, document) for identity, document in page if self.trace.is_in(document)]
            puts = [
                Put(Key(OUTCOMES.name, i), after) for i, d in named if isinstance(after := self.trace.without(d), dict)
            ]
            if puts:
                await self.store.commit(Changes(puts=puts))

    async def _delete(self, collection: Collection[Any]) -> None:
        async for page in self._pages(collection):
            deletes = [Key(collection.name, identity) for identity, document in page if self.trace.is_in(document)]
            if deletes:
                await self.store.commit(Changes(deletes=deletes))

    async def _delete_timers(self) -> None:
        """Delete timers that carry what the person did. Whoever still has one in memory finds nothing to do."""
        async for page in self._pages(TIMERS):
            deletes = [
                Key(TIMERS.name, identity)
                for identity, document in page
                if isinstance(data := document.get("data"), dict) and "activity" in data and self.trace.is_in(document)
            ]
            if deletes:
                await self.store.commit(Changes(deletes=deletes))

    # Any: a collection of some model is none of every model.
    async def _pages(self, collection: Collection[Any]) -> AsyncIterator[Page]:
        """The documents of the workspace in a collection, page by page."""
        workspace = self.trace.key.workspace
        by_workspace = [index for index in collection.indexes if index.fields[0] == "workspace"]
        if by_workspace:
            shortest = min(by_workspace, key=lambda index: len(index.fields))
            async for page in all_pages(self.store, Query(collection.name, shortest.name, {"workspace": workspace})):
                yield page
            return
        after = ""
        while items := await self.store.scan(collection.name, after, PAGE_SIZE):
            yield [(identity, document) for identity, document in items if belongs_to(document) == workspace]
            after = items[-1][0]


def _without_content(fact: dict[str, Json]) -> dict[str, Json]:
    """A fact of the person's own conversation, without what a mail or its platform said."""
    data = fact.get("data")
    if not isinstance(data, dict):
        return fact
    snapshot, error = data.get("snapshot"), data.get("error")
    emptied: dict[str, Json] = {}
    if isinstance(snapshot, dict):
        left = {name: value for name, value in snapshot.items() if name not in ("subject", "participants")}
        handoff = left.get("handoff")
        emptied["snapshot"] = {**left, "handoff": {**handoff, "unconfirmed": []}} if isinstance(handoff, dict) else left
    if isinstance(error, dict):
        emptied["error"] = {**error, "detail": ""}
    return {**fact, "data": {**data, **emptied}}
