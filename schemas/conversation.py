"""Conversations and messages as REST shows them, and the facts on `conversations`."""

from typing import Literal

from schemas.identity import PersonKeyText
from schemas.values import Contract, EncryptedText, Failure, Instant, Priority, Requirement, Surface

Status = Literal["bot", "waiting", "offered", "assigned", "pending", "resolved", "closed"]
Direction = Literal["inbound", "outbound", "note"]
MessageState = Literal["received", "edited", "deleted", "queued", "sent", "delivered", "read", "failed"]


class UnconfirmedPerson(Contract):
    """Somebody who followed the link of a hand-off and has not shown yet that they are the customer.

    `conversation` is their own, where their words stand until then; `words` prove them when the customer writes both
    where they wrote before.
    """

    person: PersonKeyText
    name: str | None = None
    conversation: str
    since: Instant
    words: str


class Handoff(Contract):
    """The move of a sensitive case from a public place to a private one.

    `unconfirmed` followed its link, the latest last; none of them reads anything of the case.
    """

    state: Literal["started", "completed", "expired"]
    started_at: Instant
    completed_at: Instant | None = None
    private_channel: str | None = None
    reason: str
    unconfirmed: list[UnconfirmedPerson] = []


class Conversation(Contract):
    """One support case: messages of one person on one thread, with a status. Holds no text."""

    id: str
    workspace: str
    status: Status
    channel: str
    account: str
    surface: Surface
    person: str
    team: str
    agent: str | None = None
    priority: Priority = "normal"
    language: str | None = None
    sentiment: str | None = None
    intent: str | None = None
    sensitive: bool = False
    requirement: Requirement = Requirement()
    opened_at: Instant
    updated_at: Instant
    assigned_at: Instant | None = None
    first_response_at: Instant | None = None
    resolved_at: Instant | None = None
    tags: list[str] = []
    handoff: Handoff | None = None


AuthorKind = Literal["customer", "agent", "account", "bot", "system"]
PEOPLE_OF_OURS: frozenset[AuthorKind] = frozenset({"agent", "account"})
"""Whose answers are given by a person of ours: they stop clocks and count as responses."""


class Author(Contract):
    """Who wrote a message. `id` is the person, the agent's id, or None for account, bot and system.

    `account` is a person of our own side who answered elsewhere: by phone, or in the platform's own app.
    """

    kind: AuthorKind
    id: str | None = None
    name: str | None = None


class Edit(Contract):
    """A text that an edit replaced at `edited_at`, masked as it was."""

    text: EncryptedText | None = None
    masked: list[str] = []
    edited_at: Instant


class FirstResponse(Contract):
    """The first answer of a conversation: from the first customer message that needs one, to the answer's acceptance."""

    started_at: Instant
    stopped_at: Instant


ResponseKind = Literal["first_response", "next_response"]
ResponseState = Literal["waiting", "answered_unconfirmed", "answered", "unanswered"]


class ResponseRun(Contract):
    """One run: the customer waits for an answer of a person of ours. Conversations alone decides about runs.

    A run begins with a customer message that nobody has answered, and ends with a human answer that the customer can
    see (`answered`) or with a resolve (`unanswered`). At most one run of a conversation is open at a time, and a run
    that has ended never changes.

    `run` numbers the runs of a conversation from 1. `kind` is `first_response` as long as no human answer was visible
    when the run began, also after a reopening; else `next_response`.

    `state`:
    - `waiting`: open, and no answer is on its way.
    - `answered_unconfirmed`: open, and an answer that was accepted at `accepted_at` is on its way. If it is delivered,
      the run is `answered`; if it fails, the run goes on as if the answer had not been accepted. The conversation may
      be resolved meanwhile: then the run is `unanswered` if the answer fails.
    - `answered`: ended at `accepted_at`, the acceptance of the answer that was delivered.
    - `unanswered`: ended at `ended_at` by a resolve. No later message belongs to it.

    `started_at` is the earliest own time of the messages of the run (`at` of their message_received), also when that
    message arrived second: it may move to an earlier time while the run is open, and to no later one. `accepted_at` is
    given in both answered states; `answer` is the id of that answer. `ended_at` is given once the run has ended: equal
    to `accepted_at`, or the time of the resolve. The run lasted from `started_at` to `ended_at`; it never lasts a
    negative time, for `ended_at` is not before `started_at`. `visible_at` is the acceptance of the first delivered
    answer of the run whoever wrote it (a bot and an automatic acknowledgement too), None until there is one: the
    `any` variants end there. `messages` counts the customer messages of the run that need an answer, `last_message` is
    the id of the latest of them on the log: those of one run stand on the log after the last message of the run
    before it.
    """

    run: int
    kind: ResponseKind
    state: ResponseState
    started_at: Instant
    accepted_at: Instant | None = None
    answer: str | None = None
    ended_at: Instant | None = None
    visible_at: Instant | None = None
    messages: int = 1
    last_message: str | None = None


class ConversationFact(Contract):
    """The data of every `pasokh.conversation.*` fact.

    `key` is the person key. `snapshot` is the conversation after the fact, `previous_status` before it (None when it
    was just opened). `message` is the id of the message it is about (message_received, message_edited,
    message_deleted, replied, reply_delivered, reply_failed). `at` is when it counts: of message_received the start of
    waiting for an answer (`received_at`, or the platform's `sent_at` where that is more than 5 s earlier); of replied,
    reply_delivered and reply_failed the time REST accepted the reply; else the time of the batch. `author` tells an
    agent's reply from a bot's or the system's. `first_response` is given on the reply_delivered that was the first
    human answer. `error` is given on reply_failed. `decision` is given on assigned. `confirmed_by` is given on a replied
    that the guard had refused: the key that sent it nevertheless. `needs_answer` is false on a message_received that asks for
    nothing (a lone thumbs-up): no clock starts.

    `response` is the run that is open after the fact, None where the customer waits for nothing. `ended_responses` are
    the runs that this fact ended, oldest first; each ended run is given on exactly one fact (reply_delivered,
    reply_failed, resolved or closed). None: a fact of a version before runs were given; `response` says nothing then.
    A reply_failed with `previous_status` pending takes the pending time from its `at` on back: since then the
    conversation counts as in its status after the fact, because the customer had no answer to react to.
    """

    conversation: str
    key: str
    snapshot: Conversation
    previous_status: Status | None = None
    at: Instant
    message: str | None = None
    message_surface: Surface | None = None
    author: AuthorKind | None = None
    agent: str | None = None
    first_response: FirstResponse | None = None
    error: Failure | None = None
    decision: str | None = None
    confirmed_by: str | None = None
    needs_answer: bool = True
    response: ResponseRun | None = None
    ended_responses: list[ResponseRun] | None = None
