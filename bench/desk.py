"""What an agent waits for with 10,000 open conversations in the shop: a list, a filter, a thread, an answer, over HTTP.

One of the conversations has 20,000 messages. Each is asked of a real process, by one agent after the other.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2

from bench.inbox import BATCH, stored_case
from bench.installation import NOWHERE, cpu_seconds, started
from bench.report import ResultRow, percentile
from schemas.activity import Address
from schemas.conversation import Author
from schemas.values import EncryptedText
from services.composition import COLLECTIONS
from services.domain.conversation_state import Contact, ConversationState
from services.domain.inbox import with_keys
from services.platform.core.settings import Settings
from services.platform.host.engine import open_store
from services.platform.store.port import Changes, Key, Put
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from tests.live.installation import ADMIN_KEY, allowing, shop_at, up

OPEN, LONG_THREAD, ROUNDS = 10_000, 20_000, 40
SECONDS = 0.1
AGENT, TEAM = "sara", "support"
START = datetime(2026, 11, 2, 9, tzinfo=UTC)
SHOP = "/v1/workspaces/shop"


async def rows(folder: Path) -> AsyncIterator[ResultRow]:
    """The 95th percentile of each."""
    installation = up(folder, PASOKH_ADMIN_KEY=ADMIN_KEY, **allowing(NOWHERE))
    with started(installation):
        async with shop_at(installation.url, ADMIN_KEY) as shop:
            await shop.open_with(f"http://127.0.0.1:{NOWHERE}", {})
            await shop.put(f"/teams/{TEAM}", {"name": "Support"})
            await shop.put(f"/agents/{AGENT}", {"name": "Sara", "teams": [TEAM]})
    await _fill(folder / "data")
    with started(installation):
        async with shop_at(installation.url, ADMIN_KEY) as shop:
            for name, ask in _questions(shop.client).items():
                before = cpu_seconds(installation)
                taken = [await _timed(ask, number) for number in range(ROUNDS)]
                cpu, late = (cpu_seconds(installation) - before) / ROUNDS, percentile(taken, 0.95)
                figures = (
                    f"{percentile(taken, 0.5) * 1000:.0f} ms, p95 {late * 1000:.0f} ms, {cpu * 1000:.0f} ms of CPU"
                )
                yield ResultRow(f"desk, {name}", figures, late / SECONDS, 1.0)


def _questions(client: httpx2.AsyncClient) -> dict[str, Callable[[int], Awaitable[httpx2.Response]]]:
    def get(path: str, **parameters: str) -> Callable[[int], Awaitable[httpx2.Response]]:
        return lambda number: client.get(f"{SHOP}{path.format(number=number * 4)}", params=parameters)

    def reply(number: int) -> Awaitable[httpx2.Response]:
        # Every fourth is hers; each gets one answer.
        body = {"agent": AGENT, "text": f"It is on its way, {number}.", "after": f"m{number * 4}"}
        return client.post(f"{SHOP}/conversations/c{number * 4:06d}/replies", json=body)

    inbox = {"agent": AGENT, "limit": "50"}
    return {
        "list of a team by due": get("/inbox", **inbox, view="team", sort="due"),
        "list of mine by waiting": get("/inbox", **inbox, view="mine", sort="waiting"),
        "counts": get("/inbox/counts", agent=AGENT),
        "filter by a frequent name": get("/inbox", **inbox, view="team", sort="newest", q="neda"),
        "filter by a rare name": get("/inbox", **inbox, view="team", sort="newest", q="customer 77"),
        "a conversation": get("/conversations/c{number:06d}"),
        "its messages": get("/conversations/c{number:06d}/messages", order="desc", limit="50"),
        "end of 20,000 messages": get("/conversations/c000001/messages", order="desc", limit="50"),
        "middle of 20,000 messages": get(
            "/conversations/c000001/messages", order="desc", limit="50", before="long-010000"
        ),
        "answer": reply,
    }


async def _timed(ask: Callable[[int], Awaitable[httpx2.Response]], number: int) -> float:
    begun = time.perf_counter()
    answer = await ask(number)
    took = time.perf_counter() - begun
    if answer.status_code not in (200, 201):
        raise RuntimeError(answer.text)
    return took


async def _fill(data: Path) -> None:
    async with open_store(Settings(data=data), COLLECTIONS) as store:
        for start in range(0, OPEN, BATCH):
            puts = [put for number in range(start, start + BATCH) for put in _conversation(number)]
            await store.commit(Changes(puts=puts))
        for start in range(0, LONG_THREAD, BATCH):
            puts = [_put(_message(f"long-{number:06d}", 1, number)) for number in range(start, start + BATCH)]
            await store.commit(Changes(puts=puts))


def _conversation(number: int) -> list[Put]:
    case: ConversationState = replace(
        stored_case(number), team=TEAM, last_message=f"m{number}", addresses={"private": Address(chat=str(number))}
    )
    name = "Neda" if number % 10 == 0 else f"Customer {number}"
    person = Contact(key=case.key, workspace="shop", person=case.person, name=name, seen_at=START)
    return [
        Put(Key(CONVERSATIONS.name, case.id), with_keys(case)),
        Put(Key(PERSONS.name, case.key), person),
        _put(_message(f"m{number}", number, LONG_THREAD)),
    ]


def _put(message: MessageRecord) -> Put:
    return Put(Key(MESSAGES.name, message.id), message)


def _message(identity: str, conversation: int, order: int) -> MessageRecord:
    return MessageRecord(
        id=identity,
        conversation=f"c{conversation:06d}",
        direction="inbound",
        surface="private",
        channel="telegram",
        author=Author(kind="customer", id=f"telegram:main:{conversation}"),
        text=EncryptedText(text="Where is my order? It should have come on Monday, and nobody answers the telephone."),
        received_at=START + timedelta(seconds=order),
        state="received",
        workspace="shop",
        key=f"shop/telegram:main:{conversation}",
        order=f"{order:012d}.000000",
    )
