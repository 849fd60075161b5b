"""Hand-offs as the customer sees them: sensitive posts are hidden, and the customer is invited to a private place."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from schemas.activity import Activity
from schemas.channel import Capabilities
from schemas.commands import ContinueConversation
from schemas.configuration import WorkspaceConfiguration
from schemas.identity import PersonKey
from schemas.outbound import DeliverySent
from services.domain.channel_capabilities import ChannelCapabilities
from services.domain.conversation_state import ConversationState, PrivateReplyAttempt
from services.domain.sending_rules import Recipient
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, PERSONS, MessageRecord
from services.router.conversations.automatic import language_of_agents
from services.router.conversations.channel_actions import hide_post
from services.router.conversations.domain import handoff, invitations
from services.router.conversations.domain.handoff_texts import text_for
from services.router.conversations.domain.invitations import Invitation, PublicPost
from services.router.conversations.domain.plans import Judge, recipient_of, rules_for
from services.router.conversations.facts import put_conversation, record_fact
from services.router.conversations.identity_evidence import report_link
from services.router.conversations.notices import add_note, notify, reply_in_private

EXPIRY = "handoff/"
"""Prefix of the timer of an invitation that nobody followed; the id of the conversation follows."""


@dataclass(frozen=True, slots=True)
class HandoffService:
    """Starts hand-offs, with the installation's secret and address and with what each channel can do."""

    handoffs: handoff.Handoffs
    capabilities: ChannelCapabilities

    def protect(
        self,
        work: UnitOfWork,
        case: ConversationState,
        activity: Activity,
        message_id: str,
        configuration: WorkspaceConfiguration | None,
    ) -> None:
        """Hide a customer's activity when it is sensitive in public, and start a hand-off when none is on its way."""
        capabilities, language = self._capabilities(case, configuration), language_of_agents(configuration)
        # Where a hidden post takes no answer, the notice is sent first; a private reply answers hidden posts too.
        hides_first = capabilities is None or capabilities.answers_hidden
        if hides_first:
            case = hide_post(work, case, activity, message_id, capabilities, language)
        if handoff.needs_handoff(case, activity):
            self._start(work, case, activity, configuration)
        if not hides_first:
            hide_post(work, work.get(CONVERSATIONS, case.id) or case, activity, message_id, capabilities, language)

    def _start(
        self,
        work: UnitOfWork,
        case: ConversationState,
        activity: Activity,
        configuration: WorkspaceConfiguration | None,
    ) -> None:
        """Invite the customer to a private place without any detail, and set the timer of the invitation's expiry."""
        post, languages = invitations.post_of(activity), _languages(activity.language, case, configuration)
        capabilities = self._capabilities(case, configuration)
        may_write = invitations.may_write_by_itself(capabilities)
        invitation = invitations.by_agents(case, capabilities)
        if may_write:
            author = recipient_of(case, work.get(PERSONS, case.key))
            invitation = invitations.choose_invitation(
                case, configuration, capabilities, self.handoffs, post, author, work.now
            )
        after = handoff.started(case, handoff.handoff_reason(activity), invitation.method, invitation.channel, work.now)
        # The notice first: its fact shows the conversation on its way already, as `after` is what it stores.
        if not may_write:
            add_note(work, after, "ask_for_private_message", language_of_agents(configuration))
        elif invitation.method == "private_reply" and post is not None:
            after = _reply_in_private(work, after, post, languages, configuration)
        else:
            text = invitations.public_text(invitation, languages, configuration)
            notify(work, after, text, "public", self._rules(work, after, configuration))
        record_fact(work, "handoff_started", after, after.status)
        data = {"conversation": case.id, "key": case.key}
        work.set_timer(f"{EXPIRY}{case.id}", handoff.expires_at(case, configuration, work.now), data)

    def private_reply_sent(
        self,
        work: UnitOfWork,
        case: ConversationState,
        sent: DeliverySent,
        configuration: WorkspaceConfiguration | None,
    ) -> None:
        """The private reply reached the customer: in public stands only a notice, and their answer continues the case."""
        attempt = case.private_reply
        if attempt is None:
            return
        person = PersonKey(case.workspace, f"{case.channel}:{case.account}:{sent.person}") if sent.person else None
        after = handoff.reached(case, person, work.now)
        languages = _languages(attempt.language, case, configuration)
        text = invitations.public_text(Invitation("private_reply"), languages, configuration)
        is_invited = case.handoff is not None and case.handoff.state != "completed" and not attempt.by_agent
        if is_invited and _takes_notice(self._capabilities(case, configuration)):
            notify(work, after, text, "public", self._rules(work, after, configuration))
        else:
            put_conversation(work, after)
        # The customer in public is known in private under another id: the partition of that one has to know it.
        if person is not None and str(person) != case.key:
            command = ContinueConversation(conversation=case.id, since=attempt.accepted_at)
            work.emit("pasokh.command.continue_conversation", str(person), command)
            report_link(work, case.key, person, "handoff", attempt.accepted_at, case.id)

    def private_reply_failed(
        self, work: UnitOfWork, case: ConversationState, configuration: WorkspaceConfiguration | None
    ) -> None:
        """The private reply did not reach the customer: the next way there is takes its place, by a public notice."""
        attempt = case.private_reply
        if attempt is None:
            return
        after = handoff.reached(case, None, work.now)
        if case.handoff is None or case.handoff.state != "started" or attempt.by_agent:
            put_conversation(work, after)
            return
        capabilities = self._capabilities(case, configuration)
        if not _takes_notice(capabilities):
            put_conversation(work, after)
            add_note(work, after, "private_reply_failed", language_of_agents(configuration))
            return
        # The post has had its private reply: whom it would reach no longer counts.
        invitation = invitations.choose_invitation(
            after, configuration, capabilities, self.handoffs, None, Recipient(), work.now
        )
        changed = {"method": invitation.method, "private_channel": invitation.channel}
        after = replace(after, handoff=case.handoff.model_copy(update=changed))
        languages = _languages(attempt.language, case, configuration)
        text = invitations.public_text(invitation, languages, configuration)
        notify(work, after, text, "public", self._rules(work, after, configuration))

    def _capabilities(
        self, case: ConversationState, configuration: WorkspaceConfiguration | None
    ) -> Capabilities | None:
        return self.capabilities.of_account(case.channel, case.account, configuration)

    def _rules(self, work: UnitOfWork, case: ConversationState, configuration: WorkspaceConfiguration | None) -> Judge:
        """The rules of the public side of a conversation."""
        language = language_of_agents(configuration)
        return rules_for(self.capabilities, case.channel, case.account, configuration, language, work.now)

    def conversation_of_token(self, activity: Activity) -> str | None:
        """The id of the conversation that the hand-off token of an activity opens; None without a valid token."""
        return handoff.token_in(activity, self.handoffs)


def private_reply_of(work: UnitOfWork, message: MessageRecord) -> ConversationState | None:
    """The conversation of a message that is its private reply on the way; None of any other message."""
    case = work.get(CONVERSATIONS, message.conversation)
    return case if case is not None and case.private_reply and case.private_reply.message == message.id else None


def _reply_in_private(
    work: UnitOfWork,
    case: ConversationState,
    post: PublicPost,
    languages: Sequence[str | None],
    configuration: WorkspaceConfiguration | None,
) -> ConversationState:
    """Answer the post in private. The public notice follows once the platform has the reply."""
    attempt = PrivateReplyAttempt(
        message=work.new_id("notice"), post=post.platform_id, accepted_at=work.now, language=languages[0]
    )
    after = replace(case, private_reply=attempt)
    text = text_for("private_reply", languages, configuration)
    reply_in_private(work, after, attempt.message, text, post.platform_id, language_of_agents(configuration))
    return after


def _takes_notice(capabilities: Capabilities | None) -> bool:
    """Whether a notice can be written below a sensitive post, which was hidden where that is possible."""
    return capabilities is None or capabilities.answers_hidden or "hide" not in capabilities.actions_on("public")


def _languages(
    written: str | None, case: ConversationState, configuration: WorkspaceConfiguration | None
) -> list[str | None]:
    """The languages of a notice: of what was written, of the conversation, of the workspace."""
    return [written, case.language, *(configuration.profile.body.languages if configuration else [])]
