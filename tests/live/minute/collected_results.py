"""What an installation says came of a minute, read afterwards: over REST, from its log, and at the platform."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from schemas.kpis import Report
from services.metrics.domain.recount.report import ReportRequest
from tests.live.installation import Shop
from tests.live.minute.agents import Reply
from tests.live.minute.customers import Posts
from tests.live.minute.log import Log
from tests.live.minute.plan import Plan
from tests.live.minute.restarts import Restarted
from tests.live.minute.settling import Messages
from tests.live.retrying import post_until_accepted

READ_SECONDS = 90.0
"""As long as the proxy waits."""
NAME = re.compile(r"\(c(\d+)m(\d+)\)$")


@dataclass(frozen=True, slots=True)
class Records:
    """What REST shows: conversations, their messages by conversation, decisions of those that nobody has."""

    conversations: Sequence[Mapping[str, Any]]
    messages: Messages
    undecided: Mapping[str, Sequence[Mapping[str, Any]]]

    def inbound(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """(conversation, message), each conversation's in its order."""
        return ((c, m) for c, found in self.messages.items() for m in found if m["direction"] == "inbound")

    def outbound(self) -> Iterator[Mapping[str, Any]]:
        """What agents wrote."""
        return (m for found in self.messages.values() for m in found if m["direction"] == "outbound")


@dataclass(frozen=True, slots=True)
class CollectedResults:
    """All that is known of a minute. `sent` is what the platform took; `dead_letters` those of the installation."""

    plan: Plan
    posts: Posts
    replies: Sequence[Reply]
    restarted: Sequence[Restarted]
    records: Records
    sent: Sequence[Mapping[str, Any]]
    log: Log
    asked: ReportRequest
    report: Report
    dead_letters: int


def update_named(message: Mapping[str, Any]) -> tuple[int, int]:
    """Person and index of the update that a message came from. Raises ValueError for a text of nobody's."""
    named = NAME.search(str(message["text"]))
    if named is None:
        raise ValueError(f"no update of the plan has the text of {message['id']}")
    return int(named[1]), int(named[2])


class Patient(Shop):
    """Reads again what it is told to repeat: the stand-in for MongoDB is slow while others use the machine too."""

    async def get(self, path: str, **parameters: str) -> dict[str, Any]:
        url = f"/v1/workspaces/{self.workspace}{path}"
        answer = await post_until_accepted(
            lambda: self.client.get(url, params=parameters, timeout=READ_SECONDS), {200}, Random(1), Counter()
        )
        shown: dict[str, Any] = answer.json()
        return shown


async def records(shop: Shop, messages: Messages) -> Records:
    """Everything of the workspace; messages without a conversation are left out, and so missed."""
    conversations = await shop.items("/conversations")
    nobodys = [one["id"] for one in conversations if one["agent"] is None]
    undecided = {identity: await shop.items(f"/conversations/{identity}/decisions") for identity in nobodys}
    return Records(conversations, {one["id"]: messages.get(one["id"], ()) for one in conversations}, undecided)


async def report(shop: Shop, asked: ReportRequest) -> Report:
    """`…/reports/kpis`."""
    shown = await shop.get("/reports/kpis", **{"from": asked.start.isoformat(), "to": asked.end.isoformat()})
    return Report.model_validate({**shown, "start": shown["from"], "end": shown["to"]})
