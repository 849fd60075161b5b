"""Standard names for fields of queues, decisions, configurations, webhook deliveries and dead letters."""

from services.migrations.fields import rename_fields, rename_inside
from services.platform.store.migration_steps import Migration, Rewrite
from services.platform.store.port import Document

DEAD_LETTERS = {"wake_up": "timer", "performed": "effect"}
"""The `event_type` of dead letters that hold no event: old → new."""


def change_dead_letter(letter: Document) -> Document:
    """The dead letter of a timer or an effect with its new `event_type`."""
    kind = letter["event_type"]
    return {**letter, "event_type": DEAD_LETTERS.get(kind, kind)} if isinstance(kind, str) else letter


STEP = Migration(
    number=5,
    name="stored fields",
    rewrites=(
        Rewrite("configurations", rename_fields({"itself": "profile"})),
        Rewrite("dead_letters", change_dead_letter),
        Rewrite("decisions", rename_inside("reason", {"drawn": "queue_pick"})),
        Rewrite("queues", rename_fields({"drawn": "pulled_since_reserve"})),
        Rewrite("send_queues", rename_fields({"behind": "pending"})),
        Rewrite("webhook_deliveries", rename_fields({"tries": "recent_attempts"})),
    ),
)
