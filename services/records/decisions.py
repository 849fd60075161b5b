"""Why each task went to an agent, or waits. Kept for ever; written by `dispatch` alone."""

from schemas.routing import Decision, Reason
from services.platform.store.port import Collection, Index


class DecisionRecord(Decision):
    """A decision with its workspace and the person key of its conversation. Its document id is the decision's.

    `reason` is what its sentence is made of; None: it was made before reasons were recorded, and `summary` is written.
    """

    workspace: str
    key: str
    reason: Reason | None = None

    def public_view(self) -> Decision:
        """Without what REST does not show."""
        return Decision(**{name: getattr(self, name) for name in Decision.model_fields})


DECISIONS = Collection(
    "decisions",
    DecisionRecord,
    writer="dispatch",
    indexes=(Index("conversation", ("workspace", "conversation", "at")),),
)
