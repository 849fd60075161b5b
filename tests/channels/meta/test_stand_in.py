"""Messenger and Instagram against the stand-in of the Graph API, which refuses what Meta refuses."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from services.channels.instagram import Instagram
from services.channels.messenger import Messenger
from services.channels.port import Account
from services.demo.graph import FakeGraph
from services.demo.graph_messages import Comment
from services.platform.http.outgoing import PermanentSendError
from tests.channels.instagram import cases as instagram
from tests.channels.messenger import cases as messenger
from tests.channels.meta.public_calls import action, outbound
from tests.fakes import AppHttp

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
COMMENT, AUTHOR = "17800000000000001", "8800110022"


@dataclass
class GraphHttp(AppHttp):
    """Calls reach the stand-in."""

    graph: FakeGraph = field(kw_only=True)

    @property
    def taken(self) -> list[dict[str, Any]]:
        return [dict(one) for one in self.graph.log.items]


def opened(name: str) -> tuple[Messenger | Instagram, Account, GraphHttp]:
    channel = Messenger() if name == "messenger" else Instagram()
    account = (messenger if name == "messenger" else instagram).account()
    graph = FakeGraph(channel.name)  # type: ignore[arg-type]  # one of the stand-in's channels
    http = GraphHttp(app=graph.app, graph=graph)
    http.graph.comments.by_id[COMMENT] = Comment(COMMENT, AUTHOR, "Is it silver?", "neda.k")
    return channel, account, http


both = pytest.mark.parametrize("name", ["messenger", "instagram"])


@both
async def test_a_comment_is_answered_in_public(name: str) -> None:
    channel, account, http = opened(name)
    receipt = await channel.send(outbound(account, reply_to=COMMENT), account, http)
    assert receipt.platform_id
    assert [item["text"] for item in http.taken] == ["Yes, we do."]


@both
async def test_a_comment_is_answered_in_private_once(name: str) -> None:
    channel, account, http = opened(name)
    receipt = await channel.send(outbound(account, private=True, post=COMMENT), account, http)
    assert (receipt.person, receipt.address and receipt.address.chat) == (AUTHOR, AUTHOR)
    with pytest.raises(PermanentSendError) as raised:
        await channel.send(outbound(account, private=True, post=COMMENT), account, http)
    assert raised.value.code == "private_reply_used"
    assert len(http.taken) == 1


@both
async def test_a_comment_is_hidden_shown_again_and_a_chat_shows_typing(name: str) -> None:
    channel, account, http = opened(name)
    for kind in ("hide", "unhide"):
        await channel.perform(action(account, kind, "public", COMMENT), account, http)
        assert (COMMENT in http.graph.comments.hidden) is (kind == "hide")
    await channel.perform(action(account, "typing", "private", None), account, http)
    await channel.perform(action(account, "delete", "public", COMMENT), account, http)
    assert [item["action"] for item in http.taken] == ["hide", "unhide", "typing", "delete"]


@both
async def test_an_account_without_anything_new_is_polled_to_the_end(name: str) -> None:
    channel, account, http = opened(name)
    cursor, calls = None, 0
    while calls < 10:
        result = await channel.poll(account, http, cursor)
        cursor, calls = result.cursor, calls + 1
        assert result.bodies == []
        if not result.has_more:
            break
    assert calls == (4 if name == "messenger" else 2)


@both
async def test_the_token_is_renewed(name: str) -> None:
    channel, account, http = opened(name)
    refreshed = await channel.refresh(account, NOW, http)
    assert refreshed.tokens["access_token"].startswith("EAAdemo")
    assert refreshed.expires_at is not None
    assert refreshed.expires_at > NOW
