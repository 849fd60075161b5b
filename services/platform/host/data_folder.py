"""The data folder: one `pasokh up` at a time may run on it."""

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
    """The folder, made when it is missing, ours until the context is left; a killed process holds it no longer.

    Raises Misconfigured when another process holds it, or when it cannot be written.
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


def claim(database: Path, key: Path, *, is_new: bool) -> None:
    """Make the database's file before the first key is made, so that a key without it says that the data is gone.

    Raises Misconfigured then, unless `is_new` says that an empty database is meant.
    """
    if key.exists() and not database.exists() and not is_new:
        raise Misconfigured(
            f"{key} is there, and the database {database} is not: its data was moved or deleted. Put it back (pasokh restore "
            "FILE), name its folder with PASOKH_DATA, or start with an empty one: pasokh up --new."
        )
    # What cannot be made is told by who opens it.
    with suppress(OSError):
        database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(database, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


def wrong_modes(folder: Path, databases: Iterable[Path]) -> list[str]:
    """A sentence with the fix for each of an installation's files that others than their owner could read or change.

    These are the folder, the lock in it, and the databases with what SQLite keeps beside them; what is missing is passed
    over. (The admin key is judged where it is read.) Raises OSError.
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
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)


def _lock_owner(lock: int) -> str:
    said = os.pread(lock, 20, 0).decode(errors="replace").strip()
    return f" (process {said})" if said.isdigit() else ""
