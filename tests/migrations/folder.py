"""Data folders as older versions wrote them, and what their REST answered.

`tests/fixtures/data_version_0.sql` is the dump of the SQLite file of `pasokh up` of that version: ten conversations on
Telegram (resolved, pending, with an agent, waiting, reopened, moved to a person and to a team, in hand-off), their
clocks (running, paused, fulfilled, breached, late), timers, queued calls to integrators, two dead letters, and on the
log one command that no processor has read. `data_version_0.json` is what REST and `/metrics` of that process answered.

`data_version_5.sql` is such a dump of the last version that wrote data of version 5: two conversations, an edit that
came too late, a group that moved, a channel that is linked to a group, an endpoint that fails, and a timer and dead
letters of timers of every kind that version 6 renames or drops. `data_version_5.json` is what its REST answered.
"""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.migrations import MIGRATIONS

FIXTURES = Path(__file__).parent.parent / "fixtures"
STOPPED_AT = datetime(2026, 11, 28, 7, 35, 45, tzinfo=UTC)
"""When the process of version 0 had just stopped."""
Documents = dict[str, dict[str, dict[str, Any]]]


def build_folder(folder: Path, version: int = 0) -> Path:
    """Write the data folder of a version of the data; returns its database."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = folder / "pasokh.db"
    database.touch(mode=0o600)
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript((FIXTURES / f"data_version_{version}.sql").read_text())
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


def left_collections() -> frozenset[str]:
    """Collections that documents move out of in some step: no service knows them any more."""
    return frozenset(one.collection for step in MIGRATIONS for one in step.rewrites if one.into)


def in_collections_of_now(documents: Documents) -> Documents:
    """The same documents by the collections that they rest in after every step."""
    moved = {one.collection: one.into for step in MIGRATIONS for one in step.rewrites if one.into}
    return {moved.get(name, name): found for name, found in documents.items() if found}


def expected_answers(version: int = 0) -> dict[str, Any]:
    """What the process of the fixture answered just before it stopped."""
    answers: dict[str, Any] = json.loads((FIXTURES / f"data_version_{version}.json").read_text())
    return answers


def known_fields(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was found, with the fields alone that the process of the fixture knew."""
    return [{name: one[name] for name in before} for one, before in zip(found, expected, strict=True)]
