"""How a message of ours goes out, or the problem why it does not: its surface, its address, its parts, its windows. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from schemas.activity import Address
from schemas.channel import Capabilities
from schemas.commands import Reply, WriteFirst
from schemas.configuration import WorkspaceConfiguration
from schemas.identity import PersonKey
from schemas.outbound import MessageTemplate, OutboundAttachment, SendWindow
from schemas.values import AgentLanguage, EncryptedText, Failure, Problem, Surface
from services.domain.channel_capabilities import ChannelCapabilities
from services.domain.conversation_state import Contact, ConversationState
from services.domain.outgoing_files import as_sent, caption_limit
from services.domain.refusal_phrases import to_failure, to_problem
from services.domain.sending_rules import (
    Allowed,
    AnsweredPost,
    Draft,
    Recipient,
    Refused,
    judge,
    recipient_for,
)
from services.router.conversations.domain.refusals import (
    refuse_files,
    refuse_files_of_private_reply,
    refuse_in_public,
    refuse_reply,
    refuse_without_address,
)
from services.text.sentences import SentenceReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A message that may go out. `answers_post` is the platform's id of the public post that it answers in private."""

    surface: Surface
    address: Address
    parts: list[EncryptedText]
    window: SendWindow | None = None
    is_first: bool = False
    language: AgentLanguage = "en"
    template: MessageTemplate | None = None
    files: list[OutboundAttachment] = field(default_factory=list)
    files_apart: bool = False
    answers_post: str | None = None
    files_first: bool = False

    @property
    def tag(self) -> str | None:
        """The mark of the narrowest window that is open."""
        return self.window.windows[0].tag if self.window else None


@dataclass(frozen=True, slots=True)
class Judge:
    """What a message is judged by: the abilities of its account (None: no such channel), the reader of refusals, the time."""

    channel: str
    capabilities: Capabilities | None
    reader: SentenceReader
    now: datetime

    @property
    def limits_automatic(self) -> bool:
        """Whether the channel limits how soon a message that no person wrote may answer again."""
        return self.capabilities is not None and self.capabilities.automatic_answer_seconds is not None

    def problem(self, refused: Refused) -> Problem:
        """The answer to a request that is refused."""
        return to_problem(refused, self.channel, self.reader, self.now)

    def caption_limit(self, files: Sequence[OutboundAttachment]) -> int | None:
        """The longest text beside these files, as the channel takes them; None: any text that it takes."""
        if self.capabilities is None:
            return None
        return caption_limit([file.kind for file in as_sent(files, self.capabilities)], self.capabilities)

    def failure(self, refused: Refused) -> Failure:
        """The failure of a message of ours that is refused."""
        return to_failure(refused, self.channel, self.reader, self.now)

    def plan(
        self, draft: Draft, recipient: Recipient, address: Address, template: MessageTemplate | None = None
    ) -> Plan | Refused:
        """The plan of a message to this address."""
        judged = Allowed() if self.capabilities is None else judge(draft, recipient, self.capabilities, self.now)
        if isinstance(judged, Refused):
            return judged
        return Plan(
            surface=draft.surface,
            address=address,
            parts=[EncryptedText(text=part) for part in judged.parts],
            files_first=bool(judged.parts) and draft.caption_limit is not None,
            window=_window(judged, recipient),
            is_first=draft.is_first,
            language=self.reader.language,
            template=template,
        )


def _window(judged: Allowed, recipient: Recipient) -> SendWindow | None:
    if not judged.windows or recipient.wrote_at is None:
        return None
    return SendWindow(since=recipient.wrote_at, windows=list(judged.windows))


def channel_of(case: ConversationState, side: Address | None) -> tuple[str, str]:
    """Channel and account of a side of a conversation: after a hand-off the private one may name its own."""
    return (side and side.channel) or case.channel, (side and side.account) or case.account


def rules_for(
    capabilities: ChannelCapabilities,
    channel: str,
    account: str,
    configuration: WorkspaceConfiguration | None,
    language: AgentLanguage,
    now: datetime,
) -> Judge:
    """The rules of an account at `now`. Without a configuration those of its channel, with times in UTC."""
    timezone = configuration.profile.body.timezone if configuration else "UTC"
    return Judge(
        channel, capabilities.of_account(channel, account, configuration), SentenceReader(language, timezone), now
    )


def other_recipient(case: ConversationState) -> PersonKey | None:
    """Whom private messages of a conversation reach where that is not its customer in public: after a hand-off.

    Their contact belongs to another partition, so that only the sender reads it.
    """
    return case.private_person if str(case.private_person) != case.key else None


def recipient_of(case: ConversationState, person: Contact | None) -> Recipient:
    """Whom a private message of a conversation reaches. `person` is the contact of its customer."""
    is_customer = other_recipient(case) is None
    return recipient_for(person if is_customer else None, case.wrote_at.get("private"))


def plan_reply(
    case: ConversationState, reply: Reply, person: Contact | None, rules: Judge, *, has_answer: bool = False
) -> Plan | Problem:
    """How an agent's answer goes out, or why not. `rules` are those of the channel on whose side it goes out.

    `has_answer`: the last answer stands, and the customer waits for no other.
    """
    refused = refuse_reply(case, reply.agent)
    if refused is not None:
        return refused
    surface = reply.surface or case.last_surface
    if surface not in case.addresses:
        private_reply = _plan_private_reply(case, reply, person, rules) if surface == "private" else None
        return private_reply or refuse_without_address(surface)
    refused = refuse_in_public(case, reply) if surface == "public" else None
    if refused is not None:
        return refused
    draft = Draft(
        surface=surface,
        text=reply.text.text,
        has_template=reply.template is not None,
        caption_limit=rules.caption_limit(reply.attachments),
        has_answer=has_answer,
    )
    planned = rules.plan(draft, recipient_of(case, person), case.addresses[surface], reply.template)
    return _with_files(planned, reply, rules)


def _plan_private_reply(
    case: ConversationState, reply: Reply, person: Contact | None, rules: Judge
) -> Plan | Problem | None:
    """How an agent answers the customer's latest public post in private; None where the channel has no private replies."""
    address, at = case.addresses.get("public"), case.wrote_at.get("public")
    stated = rules.capabilities.private_reply if rules.capabilities else None
    if stated is None or address is None or address.reply_to is None or at is None:
        return None
    if reply.attachments:
        return refuse_files_of_private_reply()
    attempt = case.private_reply.post if case.private_reply else None
    post = AnsweredPost(at, has_reply=address.reply_to in {attempt, *case.private_replies})
    draft = Draft(surface="private", text=reply.text.text, has_template=reply.template is not None, post=post)
    planned = rules.plan(draft, recipient_of(case, person), address, reply.template)
    return rules.problem(planned) if isinstance(planned, Refused) else replace(planned, answers_post=address.reply_to)


def _with_files(plan: Plan | Refused, message: Reply | WriteFirst, rules: Judge) -> Plan | Problem:
    """The plan with the files of a message, each as the channel takes it, or why it does not go out."""
    if isinstance(plan, Refused):
        return rules.problem(plan)
    if rules.capabilities is None:
        return replace(plan, files=message.attachments)
    on_surface = rules.capabilities.with_media_of(plan.surface)
    problem = refuse_files(message.attachments, rules.channel, on_surface)
    if problem is not None:
        return problem
    planned = replace(plan, files=as_sent(message.attachments, on_surface))
    return _files_apart(planned, message.text) if rules.capabilities.files_apart else planned


def _files_apart(plan: Plan, text: EncryptedText) -> Plan:
    """The plan with a part for each file, after those of the text."""
    parts = [*(plan.parts or [text] * bool(text.text)), *[EncryptedText(text="")] * len(plan.files)]
    return replace(plan, parts=parts, files_apart=True) if plan.files and len(parts) > 1 else plan


def plan_first(command: WriteFirst, recipient: Recipient, address: Address, rules: Judge) -> Plan | Problem:
    """How a message that we write first goes out, or why not."""
    draft = Draft(
        surface="private",
        text=command.text.text,
        has_template=command.template is not None,
        is_automatic=command.agent is None,
        is_first=True,
        caption_limit=rules.caption_limit(command.attachments),
    )
    planned = rules.plan(draft, recipient, address, command.template)
    return _with_files(planned, command, rules)
