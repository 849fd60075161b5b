"""The data folder: one `pasokh up` at a time may run on it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.runtime.errors import Misconfigured

LOCK = "pasokh.lock"


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """The folder, made when it is missing, ours until the context is left; a killed process holds it no longer.

    Raises Misconfigured when another process holds it, or when it cannot be written.
    """
    folder = folder.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Misconfigured(
            f"The data folder {folder} cannot be used ({error.strerror}). Make it writable, or set PASOKH_DATA to another one."
        ) from error
    try:
        _take(lock, folder)
        yield folder
    finally:
        os.close(lock)


def _take(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise Misconfigured(
            f"The data folder {folder} is in use by another `pasokh up`{_holder(lock)}. Stop that one, or give this one a "
            "folder of its own, for example PASOKH_DATA=./var2 (and another PASOKH_PORT)."
        ) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)


def _holder(lock: int) -> str:
    said = os.pread(lock, 20, 0).decode(errors="replace").strip()
    return f" (process {said})" if said.isdigit() else ""
