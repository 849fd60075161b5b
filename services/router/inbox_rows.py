"""Rows of an inbox: a conversation with what an agent sees of it in a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, Field

from schemas.conversation import Author, Conversation, Direction
from schemas.sla import ClockMetric, ClockState
from schemas.values import Instant
from services.domain.conversation_state import Contact, ConversationState, conversation_view
from services.domain.inbox import InboxSort, InboxView, first_due, inbox_keys, unanswered_since
from services.domain.read_marks import unread_of
from services.domain.viewer import Viewer
from services.platform.processing.unit_of_work import Reader
from services.platform.store.port import Document, Key
from services.records.conversations import MESSAGES, PERSONS, MessageRecord
from services.records.read_marks import READ_MARKS, ReadMarks
from services.router.inbox import views_of
from services.text.graphemes import grapheme_ends

PREVIEW_LENGTH = 140
"""Characters, as readers see them."""


class InboxCustomer(BaseModel):
    """The customer of a conversation."""

    name: str | None = Field(description="As the channel calls them; null where it does not say.")


class RowMessage(BaseModel):
    """The latest message that the customer or a person of our own side wrote."""

    id: str
    direction: Direction
    author: Author
    at: Instant = Field(description="When we received it.")
    preview: str | None = Field(description="Its beginning, secrets masked, in one line; null where it has no text.")


class RowDue(BaseModel):
    """The SLA clock of a conversation that is due first."""

    metric: ClockMetric
    at: Instant = Field(description="When it is due.")
    state: ClockState = Field(description="`running`, `paused`, or `breached` and not met yet.")


class RowOrders(BaseModel):
    """Where a row stands in each order: ascending, character by character. Otherwise opaque."""

    due: str = Field(description="By what is due first.")
    waiting: str = Field(description="By who waits longest.")
    newest: str = Field(description="By the latest message.")


class ConversationRow(Conversation):
    """A conversation in the lists of inboxes: what is the same for every agent."""

    customer: InboxCustomer = Field(description="Who wrote.")
    last: RowMessage | None = Field(description="The latest message; null where nobody has written yet.")
    unanswered_since: Instant | None = Field(
        description="Since when the customer waits for an answer that nobody has written; null: the next word is theirs."
    )
    due: RowDue | None = Field(description="The SLA clock that is due first; null: none is open.")
    failed: str | None = Field(
        description="The id of the latest answer, where it failed and nobody has answered anew since."
    )
    orders: RowOrders = Field(description="Where it stands in a list by each `sort`.")


class InboxRow(ConversationRow):
    """A conversation in a list of an inbox."""

    views: list[InboxView] = Field(description="The views of the inbox that it is in now.")
    unread: int = Field(description="How many messages of the customer the agent has not read.")
    order: str = Field(description="Sorts the rows of the list: ascending, character by character. Otherwise opaque.")


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A conversation with what its row shows besides: its customer, and its latest message."""

    case: ConversationState
    person: Contact | None
    message: MessageRecord | None
    marks: ReadMarks | None

    def unread(self, agent: str | None) -> int:
        """How many messages of the customer an agent has not read."""
        mark = self.marks.marks.get(agent) if self.marks is not None and agent is not None else None
        return unread_of(self.case, mark)

    def shown(self, viewer: Viewer, sort: InboxSort) -> InboxRow:
        """The row in a list of this agent."""
        fields, orders = self._fields(), self._orders()
        return InboxRow(
            **fields,
            views=list(views_of(viewer, self.case)),
            unread=self.unread(viewer.agent),
            orders=orders,
            order=getattr(orders, sort),
        )

    def common_json(self) -> bytes:
        """What is the same for every agent: without `views` and `unread`, and without the `order` of one list."""
        return ConversationRow(**self._fields(), orders=self._orders()).model_dump_json().encode()

    def _fields(self) -> dict[str, Any]:
        case, due = self.case, first_due(self.case)
        return {
            **dict(conversation_view(case)),
            "customer": InboxCustomer(name=self.person.name if self.person is not None else None),
            "last": _last(self.message) if self.message is not None else None,
            "unanswered_since": unanswered_since(case),
            "due": RowDue(metric=due.metric, at=due.clock.due_at, state=due.clock.state) if due is not None else None,
            "failed": case.failed_answer,
        }

    def _orders(self) -> RowOrders:
        keys = self.case.inbox or inbox_keys(self.case)
        return RowOrders(**{sort: f"{getattr(keys, sort)} {self.case.id}" for sort in get_args(InboxSort)})


async def read_rows(reader: Reader, cases: Sequence[ConversationState]) -> list[CaseRow]:
    """The rows of some conversations. Raises Unavailable."""
    persons = [Key(PERSONS.name, case.key) for case in cases]
    messages = [Key(MESSAGES.name, case.last_message) for case in cases if case.last_message is not None]
    marks = [Key(READ_MARKS.name, case.id) for case in cases]
    keys = list(dict.fromkeys([*persons, *messages, *marks]))
    found = await reader.get_many(keys) if keys else {}
    return [_row(case, found) for case in cases]


def _row(case: ConversationState, found: Mapping[Key, Document]) -> CaseRow:
    person = found.get(Key(PERSONS.name, case.key))
    message = found.get(Key(MESSAGES.name, case.last_message)) if case.last_message is not None else None
    marks = found.get(Key(READ_MARKS.name, case.id))
    return CaseRow(
        case,
        PERSONS.decode(person) if person is not None else None,
        MESSAGES.decode(message) if message is not None else None,
        READ_MARKS.decode(marks) if marks is not None else None,
    )


def _last(message: MessageRecord) -> RowMessage:
    return RowMessage(
        id=message.id,
        direction=message.direction,
        author=message.author,
        at=message.received_at,
        preview=preview(message.text.text) if message.text is not None else None,
    )


def preview(text: str) -> str:
    """The beginning of a text in one line."""
    # Cut once before: white space apart, nothing behind can be in it.
    line = " ".join(text[: PREVIEW_LENGTH * 40].split())
    ends = grapheme_ends(line[: PREVIEW_LENGTH * 4])
    return line if len(line) <= PREVIEW_LENGTH else f"{line[: _last_end(ends)]}…"


def _last_end(ends: Sequence[int]) -> int:
    """The last place to cut before the ellipsis."""
    return max((end for end in ends if end < PREVIEW_LENGTH), default=0)
