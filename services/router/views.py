"""Request bodies and views of conversations and agents that only the router's REST routes use."""

from typing import Annotated, Literal, Protocol, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator

from schemas.activity import PersonIdentity
from schemas.contact import Consent
from schemas.conversation import Status
from schemas.outbound import MessageTemplate
from schemas.routing import EndReason
from schemas.values import (
    OMITTED_IF_EMPTY,
    InputInstant,
    Instant,
    Priority,
    Problem,
    RequestModel,
    Slug,
    Surface,
)
from schemas.visible import Visible
from services.domain.conversation_state import Contact
from services.platform.http.acting_agent import ActingAgent, ActingBody
from services.platform.http.dependencies import PageParams
from services.records.offers import OfferRecord
from services.rest.uploads import FileIds, required_without_files, text_required_without
from services.router.phrases import Language

ReplyText = Annotated[str, Field(min_length=1, max_length=65_536, pattern=r"\S"), Visible]


TemplateParameter = Annotated[str, Field(max_length=1024)]


class TemplateBody(RequestModel):
    """A message that the platform has approved: its name, its language, and what fills its placeholders, in order."""

    name: Annotated[str, Field(min_length=1, max_length=512)]
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*$")]
    parameters: Annotated[list[TemplateParameter], Field(max_length=50)] = []


class OutgoingContent(Protocol):
    """What a message of ours says: a text, a template, or both."""

    @property
    def text(self) -> str | None: ...

    @property
    def template(self) -> TemplateBody | None: ...


def guarded_text(body: OutgoingContent) -> str:
    """All of a message that the guard reads: its text, and what fills the placeholders of its template."""
    parameters = body.template.parameters if body.template else []
    return "\n".join([*([body.text] if body.text else []), *parameters])


def message_template(body: OutgoingContent) -> MessageTemplate | None:
    """The template of a message, as it travels."""
    return MessageTemplate.model_validate(body.template.model_dump()) if body.template else None


TextOfMessage = Annotated[
    ReplyText | None,
    AfterValidator(text_required_without(attachments=[], template=None)),
    Field(validate_default=True),
]


class ReplyBody(ActingBody):
    """An agent's answer. Without `surface` it goes to the surface on which the customer wrote last.

    `attachments` are ids of uploaded files, in the order in which they go out; with them `text` may be left out. With a
    `template`, which the platform has approved, the platform words the message, and `text` is what agents read of it.

    `confirm`: send it although the guard took something in it for a secret; the audit log names the key that did.

    `after`: the id of the newest message that the agent has seen. Where the customer or a colleague has written since, the
    answer is 409 `newer_message`, with the id of the newest as `params.message`; sending again with that id is the consent.
    """

    # Before `text`, which may be absent where files or a template are named.
    attachments: FileIds = []
    template: TemplateBody | None = None
    text: TextOfMessage = None
    surface: Surface | None = None
    confirm: bool = False
    after: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="The id of the newest message that the agent has seen."
    )


class FirstMessageBody(RequestModel):
    """A message to a customer who need not have written: it continues their open private conversation, or opens one.

    Without an `agent` no person wrote it. The other fields are those of a reply.
    """

    person: Annotated[str, Field(max_length=512, pattern=r"^[^:/]+:[^:]+:[\s\S]*\S[\s\S]*$")]
    agent: ActingAgent | None = None
    # Before `text`, which may be absent where files or a template are named.
    attachments: FileIds = []
    template: TemplateBody | None = None
    text: TextOfMessage = None
    confirm: bool = False


class ResolveBody(RequestModel):
    """The agent who resolves the conversation. Without `agent` the assignee is overruled."""

    agent: ActingAgent | None = None


class ReopenBody(RequestModel):
    """The agent who reopens the conversation."""

    agent: ActingAgent | None = None


class CallBody(ActingBody):
    """The agent whose telephone rings first."""


class SnoozeBody(RequestModel):
    """How long the conversation rests: exactly one of `until` and `for_seconds`. With `wake_on_reply` the customer's word ends it."""

    agent: ActingAgent | None = None
    until: InputInstant | None = None
    for_seconds: Annotated[float, Field(ge=1, le=366 * 86400)] | None = None
    wake_on_reply: bool = True

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.until is None) == (self.for_seconds is None):
            raise ValueError("give exactly one of until and for_seconds")
        return self


class UnsnoozeBody(RequestModel):
    """The agent who ends the snooze."""

    agent: ActingAgent | None = None


FROM = "Who has the conversation that is taken over; null for one that waits."


class ClaimBody(ActingBody):
    """The agent who takes the conversation. `from` is who has it, null for one that nobody has.

    With `over_capacity` a lead takes it without a free unit.
    """

    taken_from: Slug | None = Field(default=None, alias="from", description=FROM)
    over_capacity: bool = False


class TransferBody(RequestModel):
    """The target of a transfer: exactly one of `to_agent` and `to_team`. `agent` is who transfers.

    `note` is added as a note, for who gets the conversation.
    """

    agent: ActingAgent | None = None
    to_agent: Slug | None = None
    to_team: Slug | None = None
    note: ReplyText | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.to_agent is None) == (self.to_team is None):
            raise ValueError("give exactly one of to_agent and to_team")
        return self


class PriorityBody(RequestModel):
    """The new priority, and the agent who sets it."""

    agent: ActingAgent | None = None
    priority: Priority


class ReapplyBody(RequestModel):
    """The agent who requests it."""

    agent: ActingAgent | None = None


def _each_once(agents: list[str]) -> list[str]:
    if len(set(agents)) < len(agents):
        raise ValueError("an agent is named twice")
    return agents


class NoteBody(RequestModel):
    """A note for colleagues; the customer never sees it, nor its files. `attachments` are as those of a reply."""

    agent: ActingAgent | None = None
    # Before `text`, which may be absent where files are named.
    attachments: FileIds = []
    text: Annotated[ReplyText | None, AfterValidator(required_without_files), Field(validate_default=True)] = None
    mentions: Annotated[list[Slug], Field(max_length=20), AfterValidator(_each_once)] = Field(
        default=[], description="Agents whom the note calls to the conversation; only those who may see it."
    )


class ClearHandoffBody(RequestModel):
    """The agent who allows public answers again."""

    agent: ActingAgent | None = None


class ConfirmHandoffBody(RequestModel):
    """The person, of those who followed the link of the hand-off, who is the customer: `channel:account:external_id`."""

    agent: ActingAgent | None = None
    person: Annotated[str, Field(min_length=1, max_length=512)]


class EditBody(ActingBody):
    """The new text of one of our messages. `confirm` as in a reply."""

    text: ReplyText
    confirm: bool = False


class MessageActionBody(ActingBody):
    """The agent who does it."""


Emoji = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^\S+$"), Visible]


class ReactBody(ActingBody):
    """The emoji of the reaction; null, or left out, takes back the one that is there."""

    emoji: Emoji | None = None


Sort = Literal["opened_at", "-opened_at", "updated_at", "-updated_at", "queued_at", "-queued_at"]
Names = Annotated[list[Annotated[str, Field(max_length=400)]], Field(max_length=50)]


class ConversationQuery(PageParams):
    """Filters of the list. A conversation must match all of them; one that is repeated matches any of its values."""

    status: list[Status] | None = Field(default=None, max_length=50, description="In any of these.")
    channel: Names | None = Field(default=None, description="On any of these channels.")
    surface: list[Surface] | None = Field(default=None, max_length=50, description="Opened there.")
    team: Names | None = Field(default=None, description="With any of these teams.")
    agent: Names | None = Field(default=None, description="With any of these agents.")
    person: Names | None = Field(default=None, description="Of any of these customers, `channel:account:external_id`.")
    sensitive: list[bool] | None = Field(default=None, max_length=2, description="Whether something had to be masked.")
    updated_since: InputInstant | None = Field(
        default=None, description="Changed at this moment or later; 1970 to 2100."
    )
    q: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S"), Visible] | None = Field(
        default=None,
        description="Words that one of its messages holds, as texts rest: masked. Case and spelling do not matter.",
    )
    sort: Sort = Field(
        default="-opened_at",
        description="`-` is newest first. `queued_at`: the longest waiting first, best with `status=waiting`. To follow "
        "changes, read by `updated_at`: what changes meanwhile comes again, and nothing is missed.",
    )


class PersonsQuery(PageParams):
    """Which customers."""

    q: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S"), Visible] | None = Field(
        default=None,
        description="In the name, the e-mail address, the telephone number, another name, or the person itself. Case, the "
        "Arabic or Persian form of a letter or digit, and what stands between the digits of a number do not matter.",
    )


class MessagesQuery(PageParams):
    """The page of messages."""

    albums: bool = Field(default=False, description="Show files that were sent together as one message.")
    order: Literal["asc", "desc"] = Field(default="asc", description="`asc`: oldest first. `desc`: newest first.")
    before: str | None = Field(default=None, max_length=512, description="Those older than this message of it alone.")
    after: str | None = Field(default=None, max_length=512, description="Those newer than this message of it alone.")


class EventsQuery(PageParams):
    """The page of events."""

    order: Literal["asc", "desc"] = Field(default="asc", description="`asc`: oldest first. `desc`: newest first.")


class DecisionsQuery(PageParams):
    """The page of decisions, and the language of their sentences."""

    lang: Language | None = Field(default=None, description="The language of the sentences, before `Accept-Language`.")


class AcceptBody(ActingBody):
    """The agent who accepts the offer."""


class DeclineBody(ActingBody):
    """The agent who declines the offer, and perhaps why. A decline with a reason does not count as a missed offer."""

    reason: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S"), Visible] | None = None


class OfferView(BaseModel):
    """An offer of a conversation to an agent."""

    id: str
    conversation: str
    agent: str
    made_at: Instant
    expires_at: Instant
    ended_at: Instant | None
    outcome: EndReason | None = Field(description="How it ended; null while it is open.")
    reason: str | None = Field(description="The words of the agent who declined it.")


def offer_view(record: OfferRecord) -> OfferView:
    """The offer as REST shows it."""
    return OfferView(
        id=record.id,
        conversation=record.conversation,
        agent=record.agent,
        made_at=record.made_at,
        expires_at=record.expires_at,
        ended_at=record.ended_at,
        outcome=record.why,
        reason=record.reason,
    )


class PersonView(BaseModel):
    """A customer as one account sees them. `email` and `phone` are given where the channel tells them."""

    person: str = Field(description="`channel:account:external_id`, as conversations name their customer.")
    name: str | None = Field(description="As the platform calls them.")
    language: str | None = Field(description="The language they wrote in last, as a language tag.")
    email: str | None = Field(description="Their e-mail address.")
    phone: str | None = Field(description="Their telephone number.")
    blocked: bool = Field(description="Whether they blocked the account.")
    consent: Annotated[
        Consent | None, Field(description="Whether they asked for messages, or asked us to stop."), OMITTED_IF_EMPTY
    ] = None
    consent_at: Annotated[Instant | None, Field(description="Since when."), OMITTED_IF_EMPTY] = None
    identities: Annotated[
        list[PersonIdentity], Field(description="Other names by which they may be known."), OMITTED_IF_EMPTY
    ] = []
    customer_id: str | None = Field(description="The customer of several persons whom they are one of.")
    seen_at: Instant = Field(description="When their last activity arrived.")


class CommandView(BaseModel):
    """The status of a command; `problem` says why it was refused."""

    status: Literal["pending", "applied", "refused"]
    problem: Problem | None = None


def person_view(contact: Contact) -> PersonView:
    return PersonView(
        person=contact.person,
        name=contact.name,
        language=contact.language,
        email=contact.email,
        phone=contact.phone,
        blocked=contact.blocked,
        consent=contact.consent,
        consent_at=contact.consent_at,
        identities=contact.identities,
        customer_id=contact.customer,
        seen_at=contact.seen_at,
    )
