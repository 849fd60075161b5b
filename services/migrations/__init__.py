"""The steps that bring stored data of an older version to the newest, one module each, and the list of them.

A step is a pure function from an old document to a new one. It writes names of collections and fields as texts and
imports no service, so that it does the same when services change again.
"""

from collections.abc import Sequence

from services.migrations import (
    m0001_partition_rows,
    m0002_event_types,
    m0003_response_tracking,
    m0004_metrics_state,
    m0005_stored_fields,
    m0006_stored_names,
    m0007_account_counts,
    m0010_collector,
    m0011_inbox,
    m0012_absent_agents,
    m0013_inbox_shelves,
    m0014_customers_and_storage_limits,
)
from services.platform.store.migration_steps import Migration

MIGRATIONS: Sequence[Migration] = (
    m0001_partition_rows.STEP,
    m0002_event_types.STEP,
    m0003_response_tracking.STEP,
    m0004_metrics_state.STEP,
    m0005_stored_fields.STEP,
    m0006_stored_names.STEP,
    m0007_account_counts.STEP,
    m0010_collector.STEP,
    m0011_inbox.STEP,
    m0012_absent_agents.STEP,
    m0013_inbox_shelves.STEP,
    m0014_customers_and_storage_limits.STEP,
)
"""Every step, by rising number. The number of a step that was released is never used again."""
