"""A data folder as the last version before there were migrations wrote it, and what its REST said of it.

`tests/fixtures/data_version_0.sql` is the dump of the SQLite file of `pasokh up` of that version: ten conversations on
Telegram (resolved, pending, with an agent, waiting, reopened, moved to a person and to a team, in hand-off), their
clocks (running, paused, fulfilled, breached, late), timers, queued calls to integrators, two dead letters, and on the
log one command that nobody has read. `data_version_0.json` is what REST and `/metrics` of that process answered.
"""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parent.parent / "fixtures"
STOPPED_AT = datetime(2026, 11, 28, 7, 35, 45, tzinfo=UTC)
"""When the process of the fixture had just stopped."""
Documents = dict[str, dict[str, dict[str, Any]]]


def build_folder(folder: Path) -> Path:
    """Write the data folder; its database."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = folder / "pasokh.db"
    database.touch(mode=0o600)
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript((FIXTURES / "data_version_0.sql").read_text())
        connection.execute("PRAGMA user_version = 1")
    return database


def read_documents(database: Path) -> Documents:
    """Collection → id → document, of every collection that the file has."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'doc!_%' ESCAPE '!'"
        )
        return {
            name.removeprefix("doc_"): {
                identity: json.loads(text)
                for identity, text in connection.execute(f'SELECT id, doc FROM "{name}" ORDER BY id')  # noqa: S608 - the names are those of the fixture's own tables
            }
            for (name,) in tables.fetchall()
        }


def expected_answers() -> dict[str, Any]:
    """What the process of the fixture answered just before it stopped."""
    answers: dict[str, Any] = json.loads((FIXTURES / "data_version_0.json").read_text())
    return answers
