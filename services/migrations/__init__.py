"""The steps that bring stored data of an older version to this one: one module a step, and the list of all of them.

A step is a pure function from an old document to a new one. It names its collections and fields by text, as they are
stored, and imports nothing of the services: it stays as it is when they change again.
"""

from collections.abc import Sequence

from services.migrations import (
    m0001_partition_rows,
    m0002_event_types,
    m0003_response_tracking,
    m0004_metrics_state,
    m0005_stored_fields,
    m0006_stored_names,
)
from services.platform.store.migration_steps import Migration

MIGRATIONS: Sequence[Migration] = (
    m0001_partition_rows.STEP,
    m0002_event_types.STEP,
    m0003_response_tracking.STEP,
    m0004_metrics_state.STEP,
    m0005_stored_fields.STEP,
    m0006_stored_names.STEP,
)
"""Every step, by rising number. A number that a release has had is never given again."""
