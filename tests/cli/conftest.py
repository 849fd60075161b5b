"""The command line as a user has it: arguments in, an exit code and text out."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.__main__ import application
from services.composition import COLLECTIONS
from services.migrations import MIGRATIONS
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host import event_loop
from services.platform.host.engine import open_engine
from services.platform.store.migrations import migrate
from services.platform.store.port import Store

Pasokh = Callable[..., Result]


@pytest.fixture
def pasokh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pasokh:
    """Runs `pasokh` with a data folder of the test's own and nothing of the machine's settings."""
    for name in [name for name in os.environ if name.startswith("PASOKH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PASOKH_DATA", str(tmp_path))
    runner = CliRunner()

    def run(*arguments: str, **environment: str) -> Result:
        return runner.invoke(application(), list(arguments), env=environment)

    return run


async def up_to_date(store: Store) -> None:
    """Mark an empty store as of the version that this Pasokh writes."""
    await migrate(store, MIGRATIONS, SystemTimeSource(), "test")


@pytest.fixture
def data(tmp_path: Path) -> Settings:
    """The settings of an installation that has run once and is stopped."""
    settings = Settings(data=tmp_path)

    async def once() -> None:
        async with open_engine(settings, SystemTimeSource(), COLLECTIONS, ensure_version=up_to_date):
            pass

    event_loop.run(once())
    return settings
