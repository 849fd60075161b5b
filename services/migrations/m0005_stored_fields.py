"""Fields of queues, decisions, configurations and calls to integrators under their names of now."""

from services.migrations.fields import rename_fields, rename_inside
from services.platform.store.migrations import Migration, Rewrite

STEP = Migration(
    number=5,
    name="stored fields",
    rewrites=(
        Rewrite("configurations", rename_fields({"itself": "profile"})),
        Rewrite("decisions", rename_inside("reason", {"drawn": "queue_pick"})),
        Rewrite("queues", rename_fields({"drawn": "pulled_since_reserve"})),
        Rewrite("send_queues", rename_fields({"behind": "pending"})),
        Rewrite("webhook_deliveries", rename_fields({"tries": "recent_attempts"})),
    ),
)
