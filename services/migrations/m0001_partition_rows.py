"""Partition rows: `seen` becomes `dedupe_vector`, `now` becomes `decided_at`. Earlier versions cannot read such a row."""

from services.migrations.fields import rename_fields
from services.platform.store.migration_steps import Migration, Rewrite

STEP = Migration(
    number=1,
    name="partition rows",
    rewrites=(Rewrite("rows", rename_fields({"seen": "dedupe_vector", "now": "decided_at"})),),
)
