"""One `pasokh up` at a time holds a data folder."""

import stat
from pathlib import Path

import pytest

from services.platform.core.errors import Misconfigured
from services.platform.host.data_folder import LOCK, create_database_file, lock_data_folder


def test_a_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    with lock_data_folder(tmp_path / "var") as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_second_holder_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    with lock_data_folder(tmp_path) as folder:
        holder = (folder / LOCK).read_text()
        with pytest.raises(Misconfigured, match=rf"process {holder}\).*PASOKH_DATA="), lock_data_folder(tmp_path):
            pass


def test_a_folder_that_was_left_can_be_held_again(tmp_path: Path) -> None:
    with lock_data_folder(tmp_path):
        pass
    with lock_data_folder(tmp_path):
        pass


def test_a_place_that_is_no_folder_is_told_with_the_fix(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="PASOKH_DATA"), lock_data_folder(tmp_path / "file"):
        pass


def test_a_lock_that_is_a_link_is_refused_and_what_it_leads_to_is_not_touched(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("precious")
    (tmp_path / LOCK).symlink_to(other)
    with pytest.raises(Misconfigured, match=r"is a link.*rm "), lock_data_folder(tmp_path):
        pass
    assert other.read_text() == "precious"


def test_a_key_whose_database_is_gone_is_told_instead_of_an_empty_start(tmp_path: Path) -> None:
    database, key = tmp_path / "pasokh.db", tmp_path / "admin.key"
    create_database_file(database, key, is_new=False)
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    key.write_text("k")
    create_database_file(database, key, is_new=False)
    database.unlink()
    with pytest.raises(Misconfigured, match=r"pasokh restore FILE.*PASOKH_DATA.*pasokh up --new"):
        create_database_file(database, key, is_new=False)
    assert not database.exists()
    create_database_file(database, key, is_new=True)
    assert database.exists()
