"""What every handler of conversations receives beside its input."""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.channel import Capabilities
from schemas.configuration import WorkspaceConfiguration
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.configuration import configuration_in_force
from services.router.conversations.domain.handoff import Handoffs
from services.router.conversations.handoff_notices import HandoffService


@dataclass(frozen=True, slots=True)
class ConversationsDependencies:
    """What conversations need of their process. `capabilities`: channel name → what the channel can do."""

    capabilities: Mapping[str, Capabilities]
    handoffs: Handoffs


Configuration = WorkspaceConfiguration | None
"""The configuration in force; None once the workspace does not exist any more."""


@dataclass(frozen=True, slots=True)
class ActivityContext:
    """What an activity is decided by, beside the documents."""

    configuration: Configuration
    handoffs: HandoffService


@dataclass(frozen=True, slots=True)
class ConversationsContext:
    """One batch of conversations."""

    work: UnitOfWork
    capabilities: Mapping[str, Capabilities]
    handoffs: HandoffService

    @classmethod
    def of(cls, work: UnitOfWork, memory: None, dependencies: ConversationsDependencies) -> "ConversationsContext":
        """The context of a batch; conversations keep nothing in memory between batches."""
        capabilities = dependencies.capabilities
        return cls(work, capabilities, HandoffService(dependencies.handoffs, capabilities))

    def configuration(self, workspace: str) -> Configuration:
        """The configuration in force. The handler's `reads` must declare it."""
        return configuration_in_force(self.work, workspace)

    def for_activity(self, workspace: str) -> ActivityContext:
        """The context of one activity of a workspace."""
        return ActivityContext(self.configuration(workspace), self.handoffs)
