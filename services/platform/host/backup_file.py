"""The format of a backup file: a gzipped tar of a manifest, the databases and the admin key, followed by a seal.

The seal is the checksum of all bytes before it, in the comment of an empty gzip member: any tar program opens the file,
and every changed byte is found. Unpacked files are also compared with the manifest.
"""

import gzip
import hashlib
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Annotated

from pydantic import Field, ValidationError

from schemas.values import Contract, Instant
from services.platform.core.errors import Misconfigured
from services.platform.core.version import installed_version
from services.platform.sqlite.snapshot import LAYOUT

FORMAT = 1
MANIFEST = "manifest.json"
MANIFEST_BYTES = 100_000
MODE = 0o600
CHUNK_BYTES = 1_048_576
# JSON text shrinks to a sixth at this level; higher levels take several times as long and save little.
COMPRESSION = 3
DAMAGED = (EOFError, OSError, tarfile.TarError, zlib.error)


class BackupFile(Contract):
    """One file of a backup.

    The pattern of `name` excludes paths, so that no file is written outside the target folder.
    """

    name: Annotated[str, Field(pattern=r"^[a-z]+\.(db|key)$")]
    bytes: int
    sha256: str


class Manifest(Contract):
    """The content of a backup and the version of Pasokh that wrote it. `layout` is the version of the database tables.

    A pydantic contract, because it is read from a file that may come from elsewhere.
    """

    format: int = FORMAT
    version: str
    layout: int
    taken_at: Instant
    files: list[BackupFile]


def describe_file(path: Path) -> BackupFile:
    """Describe a file by name, size and checksum. Raises OSError."""
    size = path.stat().st_size
    return BackupFile(name=path.name, bytes=size, sha256=_digest(path, size))


def write_backup(into: Path, folder: Path, manifest: Manifest) -> None:
    """Write the manifest and its files, which are in `folder`, to a new file of mode 0600, down to the disk.

    Raises OSError.
    """
    descriptor = os.open(into, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, MODE)
    with os.fdopen(descriptor, "wb") as file:
        with (
            gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=COMPRESSION) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
        ):
            _add(archive, MANIFEST, BytesIO(manifest.model_dump_json(indent=2).encode()), manifest)
            for entry in manifest.files:
                with (folder / entry.name).open("rb") as content:
                    _add(archive, entry.name, content, manifest)
        file.flush()
        os.fsync(file.fileno())
    digest = _digest(into, into.stat().st_size)
    with into.open("ab") as file:
        file.write(_seal(digest))
        file.flush()
        os.fsync(file.fileno())


def _seal(digest: str) -> bytes:
    """An empty gzip member (RFC 1952): no time, the digest as comment, no bytes; checksum and length are 0."""
    return b"\x1f\x8b\x08\x10\0\0\0\0\0\xff" + f"sha256:{digest}".encode() + b"\0" + b"\x03\0" + bytes(8)


def _digest(path: Path, size: int) -> str:
    """The SHA-256 of the first `size` bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size > 0 and (chunk := file.read(min(CHUNK_BYTES, size))):
            digest.update(chunk)
            size -= len(chunk)
    return digest.hexdigest()


def _check_seal(path: Path) -> None:
    size = path.stat().st_size - len(_seal(_digest(path, 0)))
    with path.open("rb") as file:
        found = file.read() if size < 0 else file.seek(size) and file.read()
    if found != _seal(_digest(path, size)):
        raise Misconfigured(f"{path} is damaged, or is no backup of Pasokh. Nothing was restored; take another file.")


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], manifest: Manifest) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = content.seek(0, os.SEEK_END)
    content.seek(0)
    entry.mode, entry.mtime = MODE, int(manifest.taken_at.timestamp())
    archive.addfile(entry, content)


def check_backup(path: Path) -> Manifest:
    """Verify a backup by reading all of it. Raises as `unpack_backup` does."""
    return _read_backup(path, lambda _: Path(os.devnull))


def unpack_backup(path: Path, into: Path) -> Manifest:
    """Write the files of a backup to a folder, with mode 0600 and down to the disk, and check each byte.

    Raises Misconfigured if the file is damaged, is no backup, or was written by a later version; OSError if it cannot
    be read, or if the folder cannot be written.
    """
    return _read_backup(path, lambda name: into / name)


def _read_backup(path: Path, place: Callable[[str], Path]) -> Manifest:
    _check_seal(path)
    with _open_archive(path) as entries:
        manifest = _read_manifest(path, entries)
        for entry in manifest.files:
            name, content = next(entries, ("", BytesIO()))
            if name != entry.name:
                raise _damaged(path, f"{entry.name} is missing")
            _unpack(path, entry, content, place(name))
    return manifest


Entries = Iterator[tuple[str, IO[bytes]]]


@contextmanager
def _open_archive(path: Path) -> Iterator[Entries]:
    """The files of a backup as a stream: each must be read before the next one."""
    with path.open("rb") as file, gzip.GzipFile(fileobj=file) as packed:
        yield _entries(path, packed)


def _entries(path: Path, packed: gzip.GzipFile) -> Entries:
    try:
        with tarfile.open(fileobj=packed, mode="r|") as archive:
            for entry in archive:
                content = archive.extractfile(entry)
                if content is None:
                    raise _damaged(path, f"{entry.name} is no file")
                yield entry.name, content
    except DAMAGED as error:
        raise _damaged(path, str(error) or type(error).__name__) from error


def _read_manifest(path: Path, entries: Entries) -> Manifest:
    name, content = next(entries, ("", BytesIO()))
    if name != MANIFEST:
        raise Misconfigured(f"{path} is no backup of Pasokh.")
    try:
        manifest = Manifest.model_validate_json(content.read(MANIFEST_BYTES))
    except ValidationError as error:
        raise _damaged(path, "its manifest cannot be read") from error
    if (
        manifest.format > FORMAT
        or manifest.layout > LAYOUT
        or _numbers(manifest.version) > _numbers(installed_version())
    ):
        raise Misconfigured(
            f"{path} was made by Pasokh {manifest.version}, and this is {installed_version()}. Restore it with "
            f"{manifest.version} or later."
        )
    return manifest


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)[:3]]


def _unpack(path: Path, entry: BackupFile, content: IO[bytes], into: Path) -> None:
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(into, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, MODE)
    with os.fdopen(descriptor, "wb") as file:
        while chunk := _read(path, content):
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
        if into.is_file():
            file.flush()
            os.fsync(file.fileno())
    if (size, digest.hexdigest()) != (entry.bytes, entry.sha256):
        raise _damaged(path, f"{entry.name} is not what was saved")


def _read(path: Path, content: IO[bytes]) -> bytes:
    try:
        return content.read(CHUNK_BYTES)
    except DAMAGED as error:
        raise _damaged(path, str(error) or type(error).__name__) from error


def _damaged(path: Path, what: str) -> Misconfigured:
    return Misconfigured(f"{path} is damaged: {what}. Nothing was restored; take another backup file.")
