"""What absent agents had in version 11 of the data goes back to the queue when its customer writes."""

from typing import Any

import pytest

from services.migrations.m0012_absent_agents import STEP
from services.platform.store.migration_steps import apply_all
from services.platform.store.port import Key
from services.records.agents import AGENTS
from services.records.conversations import CONVERSATIONS
from tests.fakes import MemoryStore
from tests.records.test_documents import DOCUMENTS


def agent(presence: str) -> dict[str, Any]:
    return {**DOCUMENTS["agents"], "workspace": "w", "id": "sara", "presence": presence}


@pytest.mark.parametrize(
    ("conversation", "presence", "kept_by"),
    [
        ({"status": "assigned", "agent": "sara"}, "offline", "sara"),
        ({"status": "assigned", "agent": "sara"}, "away", None),
        ({"status": "assigned", "agent": "sara"}, "online", None),
        ({"status": "assigned", "agent": "gone"}, "offline", None),
        ({"status": "pending", "agent": "sara"}, "offline", None),
        ({"status": "waiting", "agent": None}, "offline", None),
        ({"status": "resolved", "agent": "sara"}, "offline", None),
    ],
)
async def test_only_who_waits_for_an_offline_agent_is_marked(
    conversation: dict[str, Any], presence: str, kept_by: str | None
) -> None:
    store = MemoryStore(AGENTS, CONVERSATIONS)
    key = Key(CONVERSATIONS.name, "c")
    document = {**DOCUMENTS["conversations"], "workspace": "w", **conversation}
    document.pop("kept_by")
    store.insert(AGENTS, "w/sara", AGENTS.decode(agent(presence)))
    _, changed = await apply_all(store, [STEP], key, document)
    assert changed is not None
    assert changed.get("kept_by") == kept_by
    _, again = await apply_all(store, [STEP], key, changed)
    assert again == changed, "a step that is done twice changes nothing"
