"""Searches a conversation's stored messages for words. Texts are stored redacted and compared in normalised spelling."""

from collections.abc import Sequence

from services.domain.conversation_state import ConversationState
from services.platform.store.port import Query, Store
from services.records.conversations import MESSAGES, MessageRecord
from services.rest.views import decrypt_text
from services.text.normalise import normalise

PAGE_SIZE = 200
MAX_MESSAGES = 2000
"""The number of messages read per conversation, the newest first."""


def search_terms(text: str) -> tuple[str, ...]:
    """The normalised words of the query. A message must contain all of them."""
    return tuple(dict.fromkeys(normalise(text).split()))


async def matches_terms(store: Store, case: ConversationState, terms: Sequence[str]) -> bool:
    """Whether one message contains all terms, as words or parts of words. Raises Unavailable."""
    equals = {"workspace": case.workspace, "conversation": case.id}
    after: str | None = None
    for _ in range(MAX_MESSAGES // PAGE_SIZE):
        query = Query(MESSAGES.name, "conversation", {**equals}, descending=True, limit=PAGE_SIZE, after=after)
        page = await store.query(query)
        if any(_contains_terms(MESSAGES.decode(document), terms) for _, document in page.items):
            return True
        after = page.next
        if after is None:
            break
    return False


def _contains_terms(message: MessageRecord, terms: Sequence[str]) -> bool:
    text = decrypt_text(message.text)
    if text is None:
        return False
    normalised = normalise(text)
    return all(term in normalised for term in terms)
