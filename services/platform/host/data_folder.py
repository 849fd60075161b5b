"""The data folder. Only one `pasokh up` may use it at a time."""

import errno
import fcntl
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from services.platform.core.errors import Misconfigured

LOCK = "pasokh.lock"
OTHERS = stat.S_IRWXG | stat.S_IRWXO
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@contextmanager
def lock_data_folder(folder: Path) -> Iterator[Path]:
    """Create the folder if needed and lock it until the context is left. The lock of a killed process is released.

    Raises Misconfigured if another process has the lock, or if the folder cannot be written.
    """
    folder = folder.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Misconfigured(
                f"{folder / LOCK} is a link, so that another file would be written to. Look who made it, then: rm {folder / LOCK}"
            ) from error
        raise Misconfigured(
            f"The data folder {folder} cannot be used ({error.strerror}). Make it writable, or set PASOKH_DATA to another one."
        ) from error
    try:
        _acquire(lock, folder)
        yield folder
    finally:
        os.close(lock)


def create_database_file(database: Path, key: Path, *, is_new: bool) -> None:
    """Create the database file before the first admin key, so that a key without a database means lost data.

    Raises Misconfigured for a key without a database, unless `is_new` requests an empty one.
    """
    if key.exists() and not database.exists() and not is_new:
        raise Misconfigured(
            f"{key} is there, and the database {database} is not: its data was moved or deleted. Put it back (pasokh restore "
            "FILE), name its folder with PASOKH_DATA, or start with an empty one: pasokh up --new."
        )
    # If the file cannot be created, the code that opens it reports the error.
    with suppress(OSError):
        database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(database, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


def wrong_modes(folder: Path, databases: Iterable[Path]) -> list[str]:
    """A sentence with the fix for each file of an installation that others than its owner could read or change.

    The files are the folder, its lock, and the databases with the files that SQLite writes beside them; missing ones
    are skipped. (The code that reads the admin key checks its mode.) Raises OSError.
    """
    beside = [
        database.with_name(database.name + end) for database in databases for end in ("", "-wal", "-shm", "-journal")
    ]
    lock = folder / LOCK
    found = [f"{path} can be read by others. Run: chmod 600 {path}" for path in beside if _mode(path) & OTHERS]
    if _mode(lock) & OTHERS_WRITE:
        found.append(f"{lock} can be changed by others. Run: chmod 600 {lock}")
    if lock.is_symlink():
        found.append(f"{lock} is a link, so that another file is written to. Stop Pasokh and run: rm {lock}")
    if _mode(folder) & OTHERS_WRITE:
        found.append(f"{folder} can be changed by others. Run: chmod 700 {folder}")
    return found


def _mode(path: Path) -> int:
    return path.stat().st_mode if path.exists() else 0


def _acquire(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise Misconfigured(
            f"The data folder {folder} is in use by another `pasokh up`{_lock_owner(lock)}. Stop that one, or give this one a "
            "folder of its own, for example PASOKH_DATA=./var2 (and another PASOKH_PORT)."
        ) from error
    # The lock is the flock, not the file: the file stays, and the number in it only names the owner in an error message.
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)


def _lock_owner(lock: int) -> str:
    said = os.pread(lock, 20, 0).decode(errors="replace").strip()
    return f" (process {said})" if said.isdigit() else ""
