"""The admin key: given or made once, never guessable, never readable by others."""

import threading
from pathlib import Path

import pytest

from services.platform.core.errors import Misconfigured
from services.platform.http.admin_key import ensure_admin_key
from tests.rest import ADMIN_KEY, settings_with


def test_a_given_key_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    assert ensure_admin_key(settings_with(data=tmp_path)) == (ADMIN_KEY, None, False)
    assert not list(tmp_path.iterdir())


def test_without_one_a_key_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    key, path, created = ensure_admin_key(settings_with(data=tmp_path / "var", admin_key=None))
    assert created
    assert path == tmp_path / "var" / "admin.key"
    assert path.read_text().strip() == key
    assert len(key) >= 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_the_next_start_finds_the_same_key(tmp_path: Path) -> None:
    settings = settings_with(data=tmp_path, admin_key=None)
    first, _, _ = ensure_admin_key(settings)
    again, _, created = ensure_admin_key(settings)
    assert (again, created) == (first, False)


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    settings = settings_with(data=tmp_path, admin_key=None)
    found: list[tuple[str, Path | None, bool]] = []
    threads = [threading.Thread(target=lambda: found.append(ensure_admin_key(settings))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({key for key, _, _ in found}) == 1
    assert sum(created for _, _, created in found) == 1


def test_a_key_file_that_others_can_read_stops_the_start_with_the_fix(tmp_path: Path) -> None:
    settings = settings_with(data=tmp_path, admin_key=None)
    ensure_admin_key(settings)
    (tmp_path / "admin.key").chmod(0o644)
    with pytest.raises(Misconfigured, match="chmod 600"):
        ensure_admin_key(settings)


@pytest.mark.parametrize("key", ["", "x" * 31])
def test_a_key_that_could_be_guessed_stops_the_start(key: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="at least 32"):
        ensure_admin_key(settings_with(data=tmp_path, admin_key=key))
