"""Callers who ask until they are answered, repeating only what they are told to repeat."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from random import Random

import httpx2

RETRY_SECONDS = 0.2
RETRIED_STATUSES = frozenset({202, 409, 429, 503})
"""Not yet applied, not yet possible, too often, away."""


async def post_until_accepted(
    ask: Callable[[], Awaitable[httpx2.Response]], wanted: Collection[int], random: Random, answers: Counter[str]
) -> httpx2.Response:
    """Ask until the status is wanted; `answers` counts what was met. A status of neither kind is an AssertionError."""
    while True:
        try:
            answer = await ask()
        except httpx2.TransportError as error:
            answers[type(error).__name__] += 1
        else:
            answers[str(answer.status_code)] += 1
            if answer.status_code in wanted:
                return answer
            assert answer.status_code in RETRIED_STATUSES, f"{answer.status_code}: {answer.text}"
            assert answer.status_code != 503 or answer.headers["retry-after"]
        await asyncio.sleep(random.uniform(0, 2 * RETRY_SECONDS))
