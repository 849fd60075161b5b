"""Conversations and messages as REST returns them, and the facts on topic `conversations`."""

from typing import Annotated, Literal

from schemas.activity import Participant
from schemas.channel import ActionKind
from schemas.identity import PersonKeyText
from schemas.values import (
    OMITTED_IF_EMPTY,
    Contract,
    EncryptedText,
    Failure,
    Instant,
    Json,
    Priority,
    Requirement,
    Surface,
)

Status = Literal["bot", "waiting", "offered", "assigned", "pending", "resolved", "closed"]
Direction = Literal["inbound", "outbound", "note"]
MessageState = Literal["received", "edited", "deleted", "queued", "sent", "delivered", "read", "failed"]


class UnconfirmedPerson(Contract):
    """A person who followed the link of a handoff and is not confirmed as the customer.

    `conversation` is the person's own conversation, which has their messages until then. `words` is a phrase of two
    words: if the customer writes it in the public place, the person is confirmed.
    """

    person: PersonKeyText
    name: str | None = None
    conversation: str
    since: Instant
    words: str


HandoffMethod = Literal["private_reply", "deep_link", "invitation", "webchat"]
"""How a customer comes to a private place: our private answer to their public post opens it; a link that opens a private
chat on the same platform; a public answer that asks them to write in private; a link to the web chat."""


class Handoff(Contract):
    """The move of a sensitive conversation from a public place to a private one.

    `method` is how the customer was invited; None: no private place could be offered, or it began with an earlier version.
    `unconfirmed` are the persons who followed its link, the latest last. They cannot read anything of the conversation.
    """

    state: Literal["started", "completed", "expired"]
    started_at: Instant
    completed_at: Instant | None = None
    private_channel: str | None = None
    reason: str
    method: Annotated[HandoffMethod | None, OMITTED_IF_EMPTY] = None
    unconfirmed: list[UnconfirmedPerson] = []


class ConversationOffer(Contract):
    """The offer of a conversation to an agent, who has until `expires_at` to accept it."""

    id: str
    agent: str
    expires_at: Instant


# A field that is added here needs a default: facts of earlier versions, which are stored for ever, do not have it.
class Conversation(Contract):
    """One support case: the messages of one person on one thread, with a status. It has no text of messages.

    `subject` and `participants` are of a mail: its first subject, and everybody else who is in the thread.
    `erased_at` is when its customer was erased: since then it has no content, and `person` is a pseudonym.
    `offer` is there while it is `offered`. `mentioned` are the agents whom a note calls here and who have not written here since.
    """

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
    subject: Annotated[str | None, OMITTED_IF_EMPTY] = None
    participants: Annotated[list[Participant], OMITTED_IF_EMPTY] = []
    offer: Annotated[ConversationOffer | None, OMITTED_IF_EMPTY] = None
    snoozed_until: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    mentioned: Annotated[list[str], OMITTED_IF_EMPTY] = []
    erased_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None


AuthorKind = Literal["customer", "agent", "account", "bot", "system"]
PEOPLE_OF_OURS: frozenset[AuthorKind] = frozenset({"agent", "account"})
"""The authors whose answers are human answers: these stop clocks and count as responses."""


class Author(Contract):
    """The author of a message. `id` is the person, the agent's id, or None for account, bot and system.

    The kind `account` is a person of our side who answered outside Pasokh: by phone, or in the platform's own app.
    """

    kind: AuthorKind
    id: str | None = None
    name: str | None = None


class Edit(Contract):
    """A text that an edit replaced at `edited_at`, with the masking that it had."""

    text: EncryptedText | None = None
    masked: list[str] = []
    edited_at: Instant


class SystemNote(Contract):
    """What a note of the system says, so that others may word it: a stable `code`, and `params`, what is in its sentence."""

    code: str
    params: Annotated[dict[str, Json], OMITTED_IF_EMPTY] = {}


class ContentRemoval(Contract):
    """Why the content of a message is not stored any more: a stable `code`, since `at`.

    `storage_limit`: its platform lets us store it for a limited time. `erased`: the customer was erased.
    """

    code: Literal["storage_limit", "erased"]
    at: Instant


class MessageAction(Contract):
    """An action on a message that the platform has not performed: `pending`, or `failed` with the reason in `error`.

    `id` is that of the `ChannelAction`. `text` and `masked` are of an `edit`, `emoji` of a `react`.
    """

    id: str
    kind: ActionKind
    state: Literal["pending", "failed"] = "pending"
    text: EncryptedText | None = None
    masked: list[str] = []
    emoji: str | None = None
    error: Failure | None = None


class MessageReaction(Contract):
    """What somebody's reaction to a message is since `at`; each author has one per message, and a new one replaces it.

    `emoji` is None where the platform tells none. `removed`: it was taken back.
    """

    author: Author
    emoji: str | None = None
    removed: bool = False
    at: Instant


class FirstResponse(Contract):
    """The time to the first answer: from the first customer message that needs an answer, to the acceptance of the
    answer.
    """

    started_at: Instant
    stopped_at: Instant


ResponseKind = Literal["first_response", "next_response"]
ResponseState = Literal["waiting", "answered_unconfirmed", "answered", "unanswered"]


class ResponseRun(Contract):
    """One response run: the customer waits for a human answer. Only the service conversations decides about runs.

    A run begins with a customer message that has no answer. It ends with a human answer that the customer can see
    (`answered`) or with a resolve (`unanswered`). At most one run of a conversation is open at a time, and a run that
    has ended never changes.

    `run` numbers the runs of a conversation from 1. `kind` is `first_response` as long as no human answer was visible
    when the run began, also after a reopening; else `next_response`.

    `state`:
    - `waiting`: open, and no answer is being delivered.
    - `answered_unconfirmed`: open, and an answer that was accepted at `accepted_at` is being delivered. If it is
      delivered, the run is `answered`; if it fails, the run goes on as if the answer had not been accepted. If the
      conversation was resolved meanwhile and the answer fails, the run is `unanswered`.
    - `answered`: ended at `accepted_at`, the acceptance of the answer that was delivered.
    - `unanswered`: ended at `ended_at` by a resolve. No later message belongs to it.

    `started_at` is the earliest time of the messages of the run (`at` of their message_received). While the run is open
    it may become earlier, when a message with an earlier time arrives later; it never becomes later. `accepted_at` is
    set in both answered states; `answer` is the id of that answer. `ended_at` is set once the run has ended: equal to
    `accepted_at`, or the time of the resolve. It is never before `started_at`. `visible_at` is the acceptance of the
    first delivered answer of the run by any author (also a bot or an automatic acknowledgement), None until there is
    one: the `any` variants of KPIs end there. `messages` counts the customer messages of the run that need an answer;
    `last_message` is the id of the latest of them in the log. All messages of a run stand in the log after the last
    message of the run before it.
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


SurveyRating = Literal["csat_1", "csat_2", "csat_3", "csat_4", "csat_5", "nps_promoter", "nps_passive", "nps_detractor"]
"""A rating of a survey: satisfaction from 1 to 5, or what a recommendation from 0 to 10 counts as."""


class ConversationFact(Contract):
    """The data of every `pasokh.conversation.*` fact.

    `key` is the person key. `snapshot` is the conversation after the fact, `previous_status` its status before (None on
    opened). `message` is the id of the message of the fact (message_received, message_edited, message_deleted, content_removed, replied,
    reply_delivered, reply_failed, reaction_changed, message_hidden, message_unhidden, action_failed, call_placed).
    `reaction` is what somebody's reaction to it is now. `reason` is set on a resolved that nobody decided: `no_answer`, the
    customer has been silent for too long; `call_ended`, a call with its customer was all that it was about; `erased`, the
    customer was erased. `mentions` are the agents whom a noted calls to the conversation.

    `ratings` are those that a survey_answered brought, or a message_edited by which further answers of a survey came.

    `previous_agent` is set on assigned, transferred and queued: who had the conversation until then, and has it no more.

    `at` is the time that counts. For message_received it is the start of waiting for an answer: `received_at`, or the
    platform's `sent_at` if that is more than 5 s earlier. For replied, reply_delivered and reply_failed it is the time
    at which REST accepted the reply. For all others it is the time of the batch.

    `author` distinguishes replies of agents, bots and the system. `first_response` is set on the reply_delivered that
    was the first human answer, `error` on reply_failed and action_failed, `action` on action_failed, `decision` on offered and assigned. `confirmed_by` is set on a replied that
    the guard had refused: the id of the key that sent it nevertheless. `needs_answer` is false on a message_received
    that needs no answer, such as a lone thumbs-up: no clock starts.

    `response` is the run that is open after the fact, None if there is none. `ended_responses` are the runs that this
    fact ended, oldest first; each ended run is on exactly one fact (reply_delivered, reply_failed, resolved or closed).
    None: the fact is of a version that did not write runs, and `response` has no meaning.
    A reply_failed with `previous_status` pending revokes the pending time since its `at`: from then on the conversation
    counts as in its status after the fact, because the customer had no answer to react to.
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
    action: Annotated[ActionKind | None, OMITTED_IF_EMPTY] = None
    decision: str | None = None
    confirmed_by: str | None = None
    needs_answer: bool = True
    response: ResponseRun | None = None
    ended_responses: list[ResponseRun] | None = None
    reaction: MessageReaction | None = None
    reason: Annotated[str | None, OMITTED_IF_EMPTY] = None
    mentions: Annotated[list[str], OMITTED_IF_EMPTY] = []
    previous_agent: Annotated[str | None, OMITTED_IF_EMPTY] = None
    ratings: Annotated[list[SurveyRating], OMITTED_IF_EMPTY] = []
