"""The version before customers and storage limits does not open data of this one."""

import pytest

from services.migrations import MIGRATIONS, m0014_customers_and_storage_limits
from services.platform.core.errors import Misconfigured
from services.platform.store.migrations import migrate
from tests.fakes import ManualTimeSource, MemoryStore
from tests.migrations.harness import EVERY

BEFORE = [step for step in MIGRATIONS if step.number < m0014_customers_and_storage_limits.STEP.number]


async def test_the_version_before_refuses_the_data_and_says_what_to_do() -> None:
    store = MemoryStore()
    await store.prepare(EVERY)
    await migrate(store, BEFORE, ManualTimeSource(), "older")
    await migrate(store, MIGRATIONS, ManualTimeSource(), "newer")
    with pytest.raises(Misconfigured, match="restore a backup"):
        await migrate(store, BEFORE, ManualTimeSource(), "older")
