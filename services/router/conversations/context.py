"""What every handler of conversations is given beside its input."""

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

    def configuration(self, workspace: str) -> WorkspaceConfiguration | None:
        """The configuration in force; None for a workspace that does not exist. `reads` has to name it."""
        return configuration_in_force(self.work, workspace)
