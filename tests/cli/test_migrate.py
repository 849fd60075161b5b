"""`pasokh migrate` brings the data of an older version up; the other commands refuse data of any version but their own."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli import doctor
from services.composition import COLLECTIONS
from services.migrations import MIGRATIONS
from services.platform.core.settings import Settings
from services.platform.host import event_loop
from services.platform.host.engine import open_store
from services.platform.store.migration_steps import latest_version
from services.platform.store.migrations import PROGRESS_KEY, Progress
from services.platform.store.port import Changes, Put
from tests.cli.conftest import Pasokh
from tests.migrations.folder import build_folder, read_documents
from tests.plain_logs import use_plain_logs


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """The command configures the log of its process, which here is that of all tests."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    use_plain_logs()


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a server runs is looked at in tests/live."""
    monkeypatch.delitem(doctor.CHECKS, "server")


LATEST = latest_version(MIGRATIONS)


def test_an_older_folder_is_refused_shown_and_migrated(pasokh: Pasokh, tmp_path: Path) -> None:
    database = build_folder(tmp_path)
    refused = pasokh("dead-letters", "list")
    assert refused.exit_code == 1
    assert f"of version 0, and this version of Pasokh works on version {LATEST}" in refused.stderr
    assert data_version(pasokh)["ok"] is False

    shown = json.loads(pasokh("migrate", "--dry-run", "--json").stdout)
    assert (shown["version"], shown["latest"], shown["migrated"]) == (0, LATEST, False)
    assert shown["documents"]["rows"] == len(read_documents(database)["rows"])
    assert json.loads(pasokh("migrate", "--json").stdout)["migrated"] is True
    assert json.loads(pasokh("migrate", "--json").stdout)["migrated"] is False
    assert [one["id"] for one in json.loads(pasokh("dead-letters", "list", "--json").stdout)["items"]] != []


@pytest.mark.parametrize("command", [("keys", "list"), ("migrate",), ("migrate", "--dry-run")])
def test_a_newer_folder_is_refused_in_one_sentence(pasokh: Pasokh, data: Settings, command: tuple[str, ...]) -> None:
    async def age() -> None:
        newer = Progress(version=LATEST + 1, target=LATEST + 1, revision=1)
        async with open_store(data, COLLECTIONS) as store:
            await store.commit(Changes(puts=[Put(PROGRESS_KEY, newer)]))

    event_loop.run(age())
    refused = pasokh(*command)
    assert refused.exit_code == 1
    assert f"of version {LATEST + 1}, and this version of Pasokh knows {LATEST} at most" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_new_folder_has_nothing_to_migrate(pasokh: Pasokh, data: Settings) -> None:
    assert "There is nothing to do." in pasokh("migrate").stdout
    assert data_version(pasokh) == {
        "name": "data version",
        "ok": True,
        "detail": f"the data are of version {LATEST}, as this Pasokh writes them",
    }


def data_version(pasokh: Pasokh) -> dict[str, object]:
    """What `pasokh doctor` says of it."""
    items: list[dict[str, object]] = json.loads(pasokh("doctor", "--json").stdout)["items"]
    return next(one for one in items if one["name"] == "data version")
