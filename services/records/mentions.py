"""The conversations to which notes call agents: a document for each agent of each, in the orders of an inbox.

Written by the group `conversations` alone, in the commit of the conversation.
"""

from dataclasses import dataclass

from services.domain.conversation_state import ConversationState, InboxKeys
from services.domain.inbox import inbox_keys
from services.domain.mentions import mention_scope
from services.platform.store.port import Collection, Index
from services.records.conversations import WRITER


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """An agent who is mentioned in a conversation, by the note `note` last. Its document id is `mention_id`.

    `scope` is why they may see the conversation (`services.domain.mentions`); `inbox` are the conversation's positions.
    """

    workspace: str
    agent: str
    conversation: str
    note: str
    scope: str
    inbox: InboxKeys


MENTIONS = Collection(
    "mentions",
    Mention,
    writer=WRITER,
    indexes=tuple(
        Index(f"agent_{order}", ("workspace", "agent", "scope", f"inbox.{order}"))
        for order in ("due", "waiting", "newest")
    ),
)


def mentions_of(case: ConversationState) -> dict[str, Mention]:
    """The documents of a conversation that calls agents, by their ids."""
    return {
        mention_id(case.id, agent): Mention(
            workspace=case.workspace,
            agent=agent,
            conversation=case.id,
            note=note,
            scope=mention_scope(case, agent),
            inbox=case.inbox or inbox_keys(case),
        )
        for agent, note in case.mentioned.items()
    }


def mention_id(conversation: str, agent: str) -> str:
    """The document id of a mention."""
    return f"{conversation}/{agent}"
