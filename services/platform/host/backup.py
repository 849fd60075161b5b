"""Backups of the embedded engine: taken while the server runs, restored where nothing is yet."""

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
from services.platform.host.backup_file import Manifest, check_backup, described, unpack_backup, write_backup
from services.platform.host.data_folder import LOCK, lock_data_folder
from services.platform.host.engine import sqlite_path
from services.platform.http.admin_key import FILE_NAME as ADMIN_KEY
from services.platform.sqlite.snapshot import LAYOUT, check_whole, copy_at_one_moment, flush

DRAFT = ".pasokh-draft-"
"""How the name of a folder begins in which a backup, or what it holds, waits until it is whole."""
DISTRIBUTED = (
    "Kafka and MongoDB are copied with their own tools, both while nothing writes: docs/operations.md, under Backup, has "
    "the commands. This command is for the embedded engine, SQLite."
)


def take_backup(settings: Settings, into: Path, now: datetime) -> Manifest:
    """Write a backup of everything that is committed now to a new file of mode 0600, and prove it by reading it again.

    Raises Misconfigured when `into` exists, or there is nothing to save, or the data are damaged; Unavailable when they
    cannot be copied now.
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
        copy_at_one_moment({path: draft / name for name, path in databases.items()})
        for name in databases:
            check_whole(draft / name)
        if key.exists():
            shutil.copyfile(key, draft / key.name)
        files = [described(draft / name) for name in (*databases, *([key.name] if key.exists() else []))]
        manifest = Manifest(version=installed_version(), layout=LAYOUT, taken_at=now, files=files)
        write_backup(draft / "packed", draft, manifest)
        check_backup(draft / "packed")
        _publish(draft / "packed", into)
    return manifest


def restore_backup(settings: Settings, path: Path) -> Manifest:
    """Put everything a backup holds where the settings say; nothing appears there before all of it was proven whole.

    Raises Misconfigured when a server runs there, anything is there already, or the backup is damaged, later than this
    version, or made of another number of databases than the settings name.
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
            if ADMIN_KEY in names and _is_there(targets[ADMIN_KEY], draft / ADMIN_KEY):
                names.remove(ADMIN_KEY)
            # The database last: where it is, everything is.
            for name in sorted(names, key=lambda name: name in databases):
                _publish(draft / name, targets[name])
    return manifest


def _databases(settings: Settings) -> Mapping[str, Path]:
    """Name in the backup → file. Bus and store are one, unless the settings name two."""
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
    for left in folder.glob(f"{DRAFT}*"):  # of a restore that was killed; the lock says that none runs now
        shutil.rmtree(left)
    # A key alone is what is left when a database was lost; whether it is the backup's own is seen later.
    there = [one for one in folder.iterdir() if one.name not in (LOCK, ADMIN_KEY)]
    there += [path for path in databases.values() if path.exists()]
    if there:
        raise Misconfigured(
            f"{folder} is not empty ({there[0].name} is there), and stays as it is. Restore into a new folder: --data NEW. "
            "Then start with PASOKH_DATA=NEW, or move the folders when the server is stopped."
        )


def _is_there(key: Path, saved: Path) -> bool:
    """Whether the key is there already. Raises Misconfigured when another one is."""
    if not key.exists():
        return False
    if key.read_text().strip() != saved.read_text().strip():
        raise Misconfigured(
            f"{key} is another key than the backup's. Move it away, or restore into a new folder: --data NEW."
        )
    return True


@contextmanager
def _draft_beside(path: Path) -> Iterator[Path]:
    """A folder for its owner alone, on the same disk; nothing of it is left. Raises Misconfigured for a full disk or the like."""
    try:
        with tempfile.TemporaryDirectory(prefix=DRAFT, dir=path.absolute().parent) as draft:
            yield Path(draft)
    except OSError as error:
        place = error.filename or path.absolute().parent
        raise Misconfigured(f"{place} cannot be used ({error.strerror}). Nothing was changed.") from error


def _publish(draft: Path, path: Path) -> None:
    """Give a whole file its name, never over another one, and bring the name to the disk."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise Misconfigured(f"{path} exists and stays as it is.") from None
    except OSError:  # a file system without links, or another disk
        _refuse_existing(path)
        shutil.move(draft, path)
    flush(path)
    with suppress(OSError):  # some network file systems cannot for folders
        flush(path.absolute().parent)
