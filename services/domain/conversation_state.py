"""The state of a conversation and of a person, as the processor `conversations` stores it."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BeforeValidator, ValidationInfo

from schemas.activity import Address, Participant, PersonIdentity
from schemas.contact import Consent
from schemas.conversation import Conversation, ConversationOffer, FirstResponse, Handoff, Status
from schemas.identity import PersonKey, PersonKeyText
from schemas.outbound import ReplyReference
from schemas.sla import ClockMetric, ClockState
from schemas.values import OMITTED_IF_EMPTY, Instant, Priority, RelaxStep, Requirement, Surface
from services.domain.lifecycle import is_offered
from services.domain.response_tracking import ResponseTracking

Override = Literal["priority", "team"]
"""A field that a person or an escalation decided: routing rules that are applied later do not change it."""


def _qualified(person: object, info: ValidationInfo) -> object:
    """Add the workspace of the conversation to a person that a document of an older version names without one."""
    if not isinstance(person, str) or ":" not in person.partition("/")[0]:
        return person
    return PersonKey(info.data["workspace"], person)


WorkspacePerson = Annotated[PersonKeyText, BeforeValidator(_qualified)]
"""A person key. A codec reads it after the field `workspace`, which it needs for documents of older versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateReplyAttempt:
    """A private reply to a public post that is on its way: its message, the platform's id of the post, when it was accepted.

    `language` is that of the post. `by_agent`: an agent wrote it, else it is a notice of a hand-off.
    """

    message: str
    post: str
    accepted_at: Instant
    language: str | None = None
    by_agent: Annotated[bool, OMITTED_IF_EMPTY] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenClock:
    """An SLA clock of a conversation that is not met yet, as the facts of `sla` say: when it is due, and its state."""

    run: int
    due_at: Instant
    state: ClockState


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxKeys:
    """The positions of a conversation in the three orders of an inbox: texts that sort ascending (`services.domain.inbox`).

    `shelf` is by which lists it is found.
    """

    due: str
    waiting: str
    newest: str
    shelf: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationState:
    """A conversation as its owner stores it: the fields of `Conversation`, and those that only the owner needs.

    `key` is the person key, `thread` the public place where it is held (None: private). `addresses` maps each surface to
    the address from which the customer last wrote there; `last_surface` is the surface of their last message.
    `response_tracking` says since when the customer waits for an answer. `rule` and `config_version` name the routing
    rule that applied, `queued_at` orders the queue, `last_agent` is the last assignee. `resolutions` and `transfers` are
    counts. `private_person` is the person of the private side: who completed the hand-off, or whom a private reply reached.
    `private_reply` is one that is on its way, `private_replies` are the posts that had one, the latest last. `overrides`
    survive a new run of the rules. `hidden` are the ids of the public messages that were hidden because they are sensitive.
    `watermarks` are the latest times until which the platform reported our messages `delivered` or `read`, by surface and
    state (`private/read`).
    `relax` are the steps by which its task asks for less while it waits. `wrote_at` maps each surface to the time of the customer's last message there. `mail` is the
    customer's last mail, which the next answer refers to. `last_message` is the latest message that the customer or a
    person of our own side wrote, stored at `last_at`. `received` counts the
    customer's messages (none of those that an older version stored). `last_answer` is the latest answer of ours, `failed_answer`
    the same where it failed, until it is dealt with. `clocks` are the open SLA clocks. `inbox` follows from the other fields. `snoozed_until` is the end of its snooze, which with
    `wake_on_reply` the customer's next message ends. `silent_since` is when a person of
    ours last answered, and `silence_timer_at` when the timer of the customer's silence fires. `kept_by` is an agent who went and
    kept it: it goes back to the queue when the customer writes again.
    `after_hours_at` is when the customer was told that it is closed. `active_call` is the message of the call that its agent and
    the customer have now: until its end the conversation stays with that agent, and is resolved then.
    `mentioned` maps each agent whom a note
    calls here, and who has not written here since, to that note. `erased_at` is when its customer was erased: `key` and `person`
    are a pseudonym since then, and it takes no command.
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
    requirement: Requirement = field(default_factory=Requirement)
    opened_at: Instant
    updated_at: Instant
    assigned_at: Instant | None = None
    first_response_at: Instant | None = None
    resolved_at: Instant | None = None
    tags: list[str] = field(default_factory=list)
    handoff: Handoff | None = None
    key: str
    thread: str | None = None
    addresses: dict[str, Address] = field(default_factory=dict)
    last_surface: Surface = "private"
    response_tracking: ResponseTracking = field(default_factory=ResponseTracking)
    first_response: FirstResponse | None = None
    queued_at: Instant | None = None
    relax: Annotated[list[RelaxStep], OMITTED_IF_EMPTY] = field(default_factory=list)
    rule: str = "default"
    config_version: int = 0
    last_agent: str | None = None
    resolutions: int = 0
    transfers: int = 0
    overrides: list[Override] = field(default_factory=list)
    private_person: WorkspacePerson | None = None
    subject: Annotated[str | None, OMITTED_IF_EMPTY] = None
    participants: Annotated[list[Participant], OMITTED_IF_EMPTY] = field(default_factory=list)
    mail: Annotated[ReplyReference | None, OMITTED_IF_EMPTY] = None
    hidden: Annotated[list[str], OMITTED_IF_EMPTY] = field(default_factory=list)
    private_reply: Annotated[PrivateReplyAttempt | None, OMITTED_IF_EMPTY] = None
    private_replies: Annotated[list[str], OMITTED_IF_EMPTY] = field(default_factory=list)
    watermarks: Annotated[dict[str, Instant], OMITTED_IF_EMPTY] = field(default_factory=dict)
    wrote_at: Annotated[dict[str, Instant], OMITTED_IF_EMPTY] = field(default_factory=dict)
    last_message: Annotated[str | None, OMITTED_IF_EMPTY] = None
    last_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    received: Annotated[int, OMITTED_IF_EMPTY] = 0
    last_answer: Annotated[str | None, OMITTED_IF_EMPTY] = None
    failed_answer: Annotated[str | None, OMITTED_IF_EMPTY] = None
    clocks: Annotated[dict[ClockMetric, OpenClock], OMITTED_IF_EMPTY] = field(default_factory=dict)
    inbox: Annotated[InboxKeys | None, OMITTED_IF_EMPTY] = None
    snoozed_until: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    wake_on_reply: Annotated[bool, OMITTED_IF_EMPTY] = False
    silent_since: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    silence_timer_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    offer: Annotated[ConversationOffer | None, OMITTED_IF_EMPTY] = None
    kept_by: Annotated[str | None, OMITTED_IF_EMPTY] = None
    mentioned: Annotated[dict[str, str], OMITTED_IF_EMPTY] = field(default_factory=dict)
    after_hours_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    active_call: Annotated[str | None, OMITTED_IF_EMPTY] = None
    erased_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None

    @property
    def offered_to(self) -> str | None:
        """The agent who is offered it now."""
        return self.offer.agent if self.offer is not None and is_offered(self.status) else None


def conversation_view(state: ConversationState) -> Conversation:
    """The conversation as REST and facts show it."""
    return Conversation(
        id=state.id,
        workspace=state.workspace,
        status=state.status,
        channel=state.channel,
        account=state.account,
        surface=state.surface,
        person=state.person,
        team=state.team,
        agent=state.agent,
        priority=state.priority,
        language=state.language,
        sentiment=state.sentiment,
        intent=state.intent,
        sensitive=state.sensitive,
        requirement=state.requirement,
        opened_at=state.opened_at,
        updated_at=state.updated_at,
        assigned_at=state.assigned_at,
        first_response_at=state.first_response_at,
        resolved_at=state.resolved_at,
        tags=state.tags,
        handoff=state.handoff,
        subject=state.subject,
        participants=state.participants,
        snoozed_until=state.snoozed_until,
        mentioned=sorted(state.mentioned),
        erased_at=state.erased_at,
        offer=state.offer if state.offered_to else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A customer as one account sees them. Its document id is the person key.

    `open` maps a thread ('' private) to its open conversation. `forwarded_to` is the conversation of another person that
    this one continues (a chat opened by a hand-off link). `linked_groups` are the ids of the groups that this channel is
    linked to: there it speaks for our own side. `identities` are the names by which the person may be known elsewhere;
    `email` and `phone` are the latest of their kind. `blocked`: the person blocked the account, which can reach them no
    more; `blocked_at` is when that was last decided. `unfiled` are automatic messages that came while no conversation was
    open. `consent` is whether they asked for our messages or asked us to stop, since `consent_at`; None: neither.
    `greeted_at` is when they were greeted, `seen_at` when their last activity arrived. `automatic_at` is when a message that no
    person wrote last went to them, on channels that limit these, and `wrote_since`: they have written since. `profile_until` is
    until when their platform lets us store their names; None: as long as we like. `customer` is the customer
    of several persons whom they are one of. `moved_at` is when they went on under another id, until somebody writes under this one.
    """

    key: str
    workspace: str
    person: str
    name: str | None = None
    language: str | None = None
    email: str | None = None
    phone: str | None = None
    blocked: bool = False
    blocked_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    consent: Annotated[Consent | None, OMITTED_IF_EMPTY] = None
    consent_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    identities: Annotated[list[PersonIdentity], OMITTED_IF_EMPTY] = field(default_factory=list)
    unfiled: Annotated[list[str], OMITTED_IF_EMPTY] = field(default_factory=list)
    open: dict[str, str] = field(default_factory=dict)
    forwarded_to: str | None = None
    linked_groups: list[str] = field(default_factory=list)
    greeted_at: Instant | None = None
    automatic_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    wrote_since: Annotated[bool, OMITTED_IF_EMPTY] = False
    customer: Annotated[str | None, OMITTED_IF_EMPTY] = None
    moved_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    seen_at: Instant
    profile_until: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
