"""Fields of queues, decisions, configurations, calls to integrators and dead letters under their names of now."""

from services.migrations.fields import rename_fields, rename_inside
from services.platform.store.migration_steps import Migration, Rewrite
from services.platform.store.port import Document

DEAD_LETTERS = {"wake_up": "timer", "performed": "effect"}
"""`event_type` of what was no event: old → new."""


def change_dead_letter(letter: Document) -> Document:
    """The dead letter of a timer or an effect under the word of now."""
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
