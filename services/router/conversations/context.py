"""What every handler of conversations receives beside its input."""

from dataclasses import dataclass

from schemas.activity import Address
from schemas.configuration import WorkspaceConfiguration
from schemas.values import AgentLanguage
from services.domain.channel_capabilities import ChannelCapabilities
from services.domain.conversation_state import ConversationState
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.configuration import configuration_in_force
from services.router.conversations.domain.handoff import Handoffs
from services.router.conversations.domain.plans import Judge, channel_of, rules_for
from services.router.conversations.handoff_notices import HandoffService


@dataclass(frozen=True, slots=True)
class ConversationsDependencies:
    """What conversations need of their process."""

    capabilities: ChannelCapabilities
    handoffs: Handoffs


Configuration = WorkspaceConfiguration | None
"""The configuration in force; None once the workspace does not exist any more."""


@dataclass(frozen=True, slots=True)
class ActivityContext:
    """What an activity is decided by, beside the documents."""

    configuration: Configuration
    handoffs: HandoffService
    capabilities: ChannelCapabilities


@dataclass(frozen=True, slots=True)
class ConversationsContext:
    """One batch of conversations."""

    work: UnitOfWork
    capabilities: ChannelCapabilities
    handoffs: HandoffService

    @classmethod
    def of(cls, work: UnitOfWork, memory: None, dependencies: ConversationsDependencies) -> "ConversationsContext":
        """The context of a batch; conversations keep nothing in memory between batches."""
        capabilities = dependencies.capabilities
        return cls(work, capabilities, HandoffService(dependencies.handoffs, capabilities))

    def configuration(self, workspace: str) -> Configuration:
        """The configuration in force. The handler's `reads` must declare it."""
        return configuration_in_force(self.work, workspace)

    def account_configuration(self, case: ConversationState, channel: str) -> Configuration:
        """The configuration where the abilities of the channel's accounts depend on it; None where they do not."""
        return self.configuration(case.workspace) if self.capabilities.needs_configuration(channel) else None

    def rules(self, case: ConversationState, side: Address | None, language: AgentLanguage) -> Judge:
        """The rules for a message of a conversation to this side of it. `reads.reply` must be declared."""
        channel, account = channel_of(case, side)
        configuration = self.account_configuration(case, channel)
        return rules_for(self.capabilities, channel, account, configuration, language, self.work.now)

    def for_activity(self, workspace: str) -> ActivityContext:
        """The context of one activity of a workspace."""
        return ActivityContext(self.configuration(workspace), self.handoffs, self.capabilities)
