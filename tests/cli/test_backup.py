"""`pasokh backup` and `pasokh restore`: what comes back, and everything that is refused. Under load: tests/live/test_backup.py."""

import io
import json
import stat
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest

from schemas.values import Json
from services.cli import doctor
from services.composition import COLLECTIONS
from services.platform.core.errors import Misconfigured
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host import event_loop
from services.platform.host.backup import DRAFT
from services.platform.host.backup_file import check_backup
from services.platform.host.data_folder import lock_data_folder
from services.platform.host.engine import open_engine
from services.platform.store.port import Changes, Key, Put
from services.records.configuration import CONFIGURATIONS
from tests.cli.conftest import Pasokh

KEY = "k" * 43
KEPT = Key(CONFIGURATIONS.name, "kept")


async def write(settings: Settings, note: Json) -> None:
    async with open_engine(settings, SystemTimeSource(), COLLECTIONS) as (store, _):
        await store.commit(Changes(puts=[Put(KEPT, {"note": note})]))


async def read(settings: Settings) -> Json:
    async with open_engine(settings, SystemTimeSource(), COLLECTIONS) as (store, _):
        return dict((await store.get_many([KEPT]))[KEPT])["note"]


@pytest.fixture
def lived(data: Settings) -> Settings:
    """An installation with a document and an admin key."""
    event_loop.run(write(data, "first"))
    key = data.data / "admin.key"
    key.write_text(KEY + "\n")
    key.chmod(0o600)
    return data


@pytest.fixture
def copy(pasokh: Pasokh, lived: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of it."""
    file = tmp_path_factory.mktemp("copies") / "shop.backup"
    result = pasokh("backup", str(file))
    assert result.exit_code == 0, result.stderr
    return file


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def rewritten(copy: Path, **changes: Json) -> Path:
    """The backup with another manifest, sealed as it should be."""
    content = io.BytesIO()
    with tarfile.open(copy) as old, tarfile.open(fileobj=content, mode="w:gz") as new:
        for entry in old:
            held = old.extractfile(entry)
            assert held is not None
            value = held.read()
            if entry.name == "manifest.json":
                value = json.dumps({**json.loads(value), **changes}).encode()
            entry.size = len(value)
            new.addfile(entry, io.BytesIO(value))
    packed = content.getvalue()
    seal = b"\x1f\x8b\x08\x10" + bytes(5) + b"\xffsha256:%s\0\x03\0" % sha256(packed).hexdigest().encode() + bytes(8)
    changed = copy.with_name("changed.backup")
    changed.write_bytes(packed + seal)
    return changed


def test_what_was_saved_comes_back_with_its_key_and_modes(pasokh: Pasokh, copy: Path, lived: Settings) -> None:
    event_loop.run(write(lived, "later"))
    new = copy.parent / "new"
    result = pasokh("restore", str(copy), "--data", str(new))
    assert result.exit_code == 0, result.stderr
    assert f"pasokh up --data {new}" in result.stdout
    assert event_loop.run(read(Settings(data=new))) == "first"
    assert event_loop.run(read(lived)) == "later"
    assert (new / "admin.key").read_text().strip() == KEY
    assert [mode(path) for path in (copy, new, new / "pasokh.db", new / "admin.key")] == [0o600, 0o700, 0o600, 0o600]
    assert sorted(path.name for path in copy.parent.iterdir()) == ["new", "shop.backup"]
    assert not list(new.glob(f"{DRAFT}*"))


def test_any_tar_opens_it_and_finds_what_the_manifest_names(copy: Path) -> None:
    with tarfile.open(copy) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        names = [one["name"] for one in json.load(manifest)["files"]]
        assert archive.getnames() == ["manifest.json", *names] == ["manifest.json", "pasokh.db", "admin.key"]


def test_a_file_that_is_there_is_never_written_over(pasokh: Pasokh, lived: Settings, copy: Path) -> None:
    before = copy.read_bytes()
    for there in (copy, copy.parent, copy.with_name("dangling")):
        if not there.exists():
            there.symlink_to("nowhere")
        result = pasokh("backup", str(there))
        assert result.exit_code == 1
        assert f"{there} exists and stays as it is" in result.stderr
    assert copy.read_bytes() == before


def test_a_folder_with_anything_in_it_is_never_restored_over(pasokh: Pasokh, lived: Settings, copy: Path) -> None:
    event_loop.run(write(lived, "later"))
    result = pasokh("restore", str(copy))
    assert result.exit_code == 1
    assert "is not empty" in result.stderr
    assert "--data NEW" in result.stderr
    assert event_loop.run(read(lived)) == "later"


def test_a_database_that_was_lost_comes_back_beside_its_key(pasokh: Pasokh, lived: Settings, copy: Path) -> None:
    for path in lived.data.glob("pasokh.db*"):
        path.unlink()
    assert "pasokh restore" in pasokh("up").stderr
    result = pasokh("restore", str(copy))
    assert result.exit_code == 0, result.stderr
    assert event_loop.run(read(lived)) == "first"


def test_another_key_than_the_backups_is_left_alone(pasokh: Pasokh, copy: Path) -> None:
    new = copy.parent / "new"
    new.mkdir(mode=0o700)
    (new / "admin.key").write_text("o" * 43)
    (new / "admin.key").chmod(0o600)
    result = pasokh("restore", str(copy), "--data", str(new))
    assert result.exit_code == 1
    assert "is another key than the backup's" in result.stderr
    assert not (new / "pasokh.db").exists()


def test_a_server_that_runs_there_refuses_a_restore(pasokh: Pasokh, copy: Path) -> None:
    folder = copy.parent / "running"
    with lock_data_folder(folder):
        result = pasokh("restore", str(copy), "--data", str(folder))
    assert result.exit_code == 1
    assert "is in use by another `pasokh up`" in result.stderr


def test_a_file_that_lost_or_changed_any_byte_is_refused(copy: Path) -> None:
    whole = copy.read_bytes()
    length = len(whole)
    cut = [whole[:at] for at in (0, 1, 9, length // 4, length // 2, length - 9, length - 1)]
    turned = [whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :] for at in range(0, length, 7)]
    damaged = copy.with_name("damaged")
    for value in [*cut, *turned, b"words of a letter", whole + b"more", whole + whole]:
        damaged.write_bytes(value)
        with pytest.raises(Misconfigured, match="is damaged, or is no backup of Pasokh"):
            check_backup(damaged)


def test_a_refused_file_leaves_nothing_behind(pasokh: Pasokh, copy: Path) -> None:
    copy.write_bytes(copy.read_bytes()[:-100])
    result = pasokh("restore", str(copy), "--data", str(copy.parent / "new"))
    assert result.exit_code == 1
    assert "is damaged" in result.stderr
    assert list(copy.parent.iterdir()) == [copy]


@pytest.mark.parametrize("newer", [{"version": "99.0.0"}, {"format": 2}, {"layout": 7}])
def test_a_backup_of_a_later_version_is_refused_with_what_to_do(
    pasokh: Pasokh, copy: Path, newer: dict[str, Json]
) -> None:
    result = pasokh("restore", str(rewritten(copy, **newer)), "--data", str(copy.parent / "new"))
    assert result.exit_code == 1
    assert "Restore it with" in result.stderr
    assert not (copy.parent / "new").exists()


def test_a_manifest_that_lies_about_its_files_is_refused(pasokh: Pasokh, copy: Path) -> None:
    file: Json = {"name": "pasokh.db", "bytes": 3, "sha256": "0" * 64}
    outside: Json = {"name": "../evil.db", "bytes": 3, "sha256": "0" * 64}
    lies: list[Json] = [[file], [outside], None]
    for lie in lies:
        result = pasokh("restore", str(rewritten(copy, files=lie)), "--data", str(copy.parent / "new"))
        assert result.exit_code == 1
        assert "is damaged" in result.stderr
    assert not (copy.parent / "new").exists()


def test_data_that_are_damaged_are_not_saved_as_if_they_were_whole(pasokh: Pasokh, lived: Settings, copy: Path) -> None:
    content = bytearray(lived.database.read_bytes())
    content[8 * 4096 : 9 * 4096] = b"\x05" * 4096
    lived.database.write_bytes(content)
    again = copy.with_name("again.backup")
    result = pasokh("backup", str(again))
    assert result.exit_code == 1
    assert "is damaged" in result.stderr
    assert not again.exists()
    assert sorted(path.name for path in copy.parent.iterdir()) == [copy.name]


def test_bus_and_store_in_two_files_are_saved_at_one_moment_and_go_back_into_two(
    pasokh: Pasokh, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def apart(folder: Path) -> Settings:
        return Settings(data=folder, store=f"sqlite:///{folder}/store.db", bus=f"sqlite:///{folder}/log.db")

    old, new = apart(tmp_path), apart(tmp_path_factory.mktemp("new"))
    event_loop.run(write(old, "in two files"))
    file = tmp_path_factory.mktemp("copies") / "two"
    assert old.store
    assert old.bus
    assert pasokh("backup", str(file), PASOKH_STORE=old.store, PASOKH_BUS=old.bus).exit_code == 0
    refused = pasokh("restore", str(file), "--data", str(tmp_path_factory.mktemp("one")))
    assert refused.exit_code == 1
    assert "PASOKH_BUS and PASOKH_STORE" in refused.stderr
    assert new.store
    assert new.bus
    result = pasokh("restore", str(file), "--data", str(new.data), PASOKH_STORE=new.store, PASOKH_BUS=new.bus)
    assert result.exit_code == 0, result.stderr
    assert event_loop.run(read(new)) == "in two files"


def test_kafka_and_mongodb_are_told_where_their_way_is_described(pasokh: Pasokh, tmp_path: Path) -> None:
    for name, url in (("PASOKH_STORE", "mongodb://host/pasokh"), ("PASOKH_BUS", "kafka://host:9092")):
        for command in ("backup", "restore"):
            result = pasokh(command, str(tmp_path / "file"), **{name: url})
            assert result.exit_code == 1
            assert "docs/operations.md" in result.stderr


def test_a_folder_without_data_or_for_the_copy_is_told(pasokh: Pasokh, tmp_path: Path) -> None:
    assert "There is no data in" in pasokh("backup", str(tmp_path / "file")).stderr
    assert "There is no file" in pasokh("restore", str(tmp_path / "file")).stderr


def test_a_place_that_is_not_there_is_told(pasokh: Pasokh, lived: Settings, tmp_path: Path) -> None:
    result = pasokh("backup", str(tmp_path / "nowhere" / "file"))
    assert result.exit_code == 1
    assert "There is no folder" in result.stderr


def test_without_a_key_file_the_key_is_said_to_be_elsewhere(pasokh: Pasokh, data: Settings, tmp_path: Path) -> None:
    result = pasokh("backup", str(tmp_path / "file"))
    assert result.exit_code == 0
    assert "keep PASOKH_ADMIN_KEY as well" in result.stdout


def test_doctor_finds_a_restored_installation_in_order(
    pasokh: Pasokh, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(doctor.CHECKS, "server")  # it looks at the port, which needs sockets
    assert pasokh("restore", str(copy), "--data", str(copy.parent / "new")).exit_code == 0
    assert pasokh("doctor", "--data", str(copy.parent / "new")).exit_code == 0
