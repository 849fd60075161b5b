"""Backups of the embedded engine. A backup is taken while the server runs and restored into an empty folder."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from services.platform.core.errors import Misconfigured
from services.platform.core.settings import Settings
from services.platform.core.version import installed_version
from services.platform.host.backup_file import Manifest, check_backup, describe_file, unpack_backup, write_backup
from services.platform.host.data_folder import LOCK, lock_data_folder
from services.platform.host.engine import sqlite_path
from services.platform.http.admin_key import FILE_NAME as ADMIN_KEY
from services.platform.sqlite.snapshot import LAYOUT, check_whole, copy_at_one_moment, flush

DRAFT = ".pasokh-draft-"
"""The prefix of temporary folders, in which files are written completely before they get their final names."""
DISTRIBUTED = (
    "Kafka and MongoDB are copied with their own tools, both while nothing writes: docs/operations.md, under Backup, has "
    "the commands. This command is for the embedded engine, SQLite."
)


def take_backup(settings: Settings, into: Path, now: datetime) -> Manifest:
    """Write a backup of everything that is committed now to a new file of mode 0600, and verify it by reading it.

    Raises Misconfigured if `into` exists, or there are no data, or the data are damaged; Unavailable if they cannot be
    copied now.
    """
    databases = _databases(settings)
    for path in databases.values():
        if not path.exists():
            raise Misconfigured(
                f"There is no data in {path.parent}. Name the installation's folder by PASOKH_DATA or --data."
            )
    _refuse_existing(into)
    key = settings.data.absolute() / ADMIN_KEY
    with _draft_beside(into) as draft:
        # Bus and store are copied at the same moment, also when they are two files: events and documents belong together.
        copy_at_one_moment({path: draft / name for name, path in databases.items()})
        for name in databases:
            check_whole(draft / name)
        if key.exists():
            shutil.copyfile(key, draft / key.name)
        files = [describe_file(draft / name) for name in (*databases, *([key.name] if key.exists() else []))]
        manifest = Manifest(version=installed_version(), layout=LAYOUT, taken_at=now, files=files)
        write_backup(draft / "packed", draft, manifest)
        check_backup(draft / "packed")
        _publish(draft / "packed", into)
    return manifest


def restore_backup(settings: Settings, path: Path) -> Manifest:
    """Restore all files of a backup to the paths of the settings, after all of them were verified.

    Raises Misconfigured if a server uses the folder, the folder is not empty, or the backup is damaged, of a later
    version, or of another number of databases than the settings name.
    """
    databases = _databases(settings)
    if not path.is_file():
        raise Misconfigured(f"There is no file {path}.")
    check_backup(path)
    with lock_data_folder(settings.data) as folder:
        targets = {**databases, ADMIN_KEY: folder / ADMIN_KEY}
        _refuse_data(folder, databases)
        with _draft_beside(folder / ADMIN_KEY) as draft:
            manifest = unpack_backup(path, draft)
            names = {file.name for file in manifest.files}
            if names - {ADMIN_KEY} != databases.keys():
                raise Misconfigured(
                    f"{path} holds {', '.join(sorted(names))}, and PASOKH_BUS and PASOKH_STORE name "
                    f"{len(databases)} database. Set them as they were where it was made."
                )
            for name in databases:
                check_whole(draft / name)
            if ADMIN_KEY in names and _has_same_key(targets[ADMIN_KEY], draft / ADMIN_KEY):
                names.remove(ADMIN_KEY)
            # The database comes last, so that a restore that was killed is recognised by its absence.
            for name in sorted(names, key=lambda name: name in databases):
                _publish(draft / name, targets[name])
    return manifest


def _databases(settings: Settings) -> Mapping[str, Path]:
    """Name in the backup → database file. Bus and store are usually one file."""
    store, bus = sqlite_path(settings.store_url), sqlite_path(settings.bus_url)
    if store is None or bus is None:
        raise Misconfigured(DISTRIBUTED)
    return {"pasokh.db": store} if store == bus else {"store.db": store, "bus.db": bus}


def _refuse_existing(path: Path) -> None:
    if os.path.lexists(path):
        raise Misconfigured(f"{path} exists and stays as it is. Name a new file.")
    if not path.absolute().parent.is_dir():
        raise Misconfigured(f"There is no folder {path.absolute().parent}. Make it, or name a file elsewhere.")


def _refuse_data(folder: Path, databases: Mapping[str, Path]) -> None:
    for left in folder.glob(f"{DRAFT}*"):  # left by a killed restore; the lock excludes a running one
        shutil.rmtree(left)
    # A key without a database is normal after a loss. `_has_same_key` compares it with the key of the backup.
    there = [one for one in folder.iterdir() if one.name not in (LOCK, ADMIN_KEY)]
    there += [path for path in databases.values() if path.exists()]
    if there:
        raise Misconfigured(
            f"{folder} is not empty ({there[0].name} is there), and stays as it is. Restore into a new folder: --data NEW. "
            "Then start with PASOKH_DATA=NEW, or move the folders when the server is stopped."
        )


def _has_same_key(key: Path, saved: Path) -> bool:
    """Whether the folder has the key of the backup already. Raises Misconfigured if it has another key."""
    if not key.exists():
        return False
    if key.read_text().strip() != saved.read_text().strip():
        raise Misconfigured(
            f"{key} is another key than the backup's. Move it away, or restore into a new folder: --data NEW."
        )
    return True


@contextmanager
def _draft_beside(path: Path) -> Iterator[Path]:
    """A private temporary folder on the same disk, deleted at the end.

    Raises Misconfigured, for example for a full disk.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=DRAFT, dir=path.absolute().parent) as draft:
            yield Path(draft)
    except OSError as error:
        place = error.filename or path.absolute().parent
        raise Misconfigured(f"{place} cannot be used ({error.strerror}). Nothing was changed.") from error


def _publish(draft: Path, path: Path) -> None:
    """Move a complete file to its final name, never over an existing file, and flush the name to the disk."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise Misconfigured(f"{path} exists and stays as it is.") from None
    except OSError:  # a file system without hard links, or another disk
        _refuse_existing(path)
        shutil.move(draft, path)
    flush(path)
    with suppress(OSError):  # some network file systems cannot flush folders
        flush(path.absolute().parent)
