"""The admin key: from the settings, or generated once and stored in the data folder, readable only by its owner."""

import contextlib
import os
import secrets
from pathlib import Path

from services.platform.core.errors import Misconfigured
from services.platform.core.settings import Settings

MIN_LENGTH = 32
FILE_NAME = "admin.key"


def required_admin_key(settings: Settings) -> str:
    """The admin key of the settings. Raises Misconfigured if there is none, or if it is shorter than `MIN_LENGTH`."""
    if settings.admin_key is None:
        raise Misconfigured(
            "PASOKH_ADMIN_KEY is not set. Set it to at least 32 random characters, the same for every process"
            " (for example: openssl rand -hex 32)."
        )
    return _validate_length(settings.admin_key.get_secret_value(), "PASOKH_ADMIN_KEY")


def ensure_admin_key(settings: Settings) -> tuple[str, Path | None, bool]:
    """The admin key, its file (None: it is from the settings), and whether it was generated now.

    The file has mode 0600; processes that start at the same time use the same key. Raises Misconfigured for a key of
    less than 32 characters, or a file that others can read.
    """
    if settings.admin_key is not None:
        return required_admin_key(settings), None, False
    path = settings.data.absolute() / FILE_NAME
    created = not path.exists() and _create_key_file(path)
    return _read(path), path, created


def read_key_file(path: Path) -> str:
    """The admin key of a file that only its owner can read. Raises Misconfigured."""
    if not path.is_file():
        raise Misconfigured(f"{path} is no file; --admin-key-file names one that holds the admin key.")
    return _read(path)


def _create_key_file(path: Path) -> bool:
    """Write a new key to the file, unless another process does so first; returns whether this one did."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{FILE_NAME}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A hard link appears with its whole content or not at all, and never replaces an existing file.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
            return True
        return False
    finally:
        draft.unlink()


def _read(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        raise Misconfigured(f"{path} can be read by others. Run: chmod 600 {path}")
    return _validate_length(path.read_text().strip(), str(path))


def _validate_length(key: str, name: str) -> str:
    if len(key) < MIN_LENGTH:
        raise Misconfigured(f"{name} has {len(key)} characters; at least {MIN_LENGTH} random ones are needed.")
    return key
