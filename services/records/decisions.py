"""Why each task went to an agent, or waits. Kept for ever; written by `dispatch` alone."""

from schemas.routing import Decision
from services.runtime.store.port import Collection, Index


class DecisionRecord(Decision):
    """A decision with its workspace and the person key of its conversation. Its document id is the decision's."""

    workspace: str
    key: str

    def shown(self) -> Decision:
        """As REST shows it."""
        return self.narrowed(Decision)


DECISIONS = Collection(
    "decisions",
    DecisionRecord,
    writer="dispatch",
    indexes=(Index("conversation", ("workspace", "conversation", "at")),),
)
