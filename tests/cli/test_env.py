"""`pasokh env` makes the secrets of a distributed installation, once."""

import stat
from pathlib import Path

from tests.cli.conftest import Pasokh

EXAMPLE = "# Secrets.\nADMIN=\nMONGO=\n\n# Places.\nADDRESS=127.0.0.1:8800\n"


def values_of(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if line)


def run(pasokh: Pasokh, folder: Path, example: str = EXAMPLE) -> str:
    (folder / "example").write_text(example)
    result = pasokh("env", "--example", str(folder / "example"), "--into", str(folder / "filled"))
    assert result.exit_code == 0, result.output
    return str(result.output)


def test_every_empty_value_becomes_a_secret_of_its_own_and_nobody_else_can_read_them(
    pasokh: Pasokh, tmp_path: Path
) -> None:
    shown = run(pasokh, tmp_path)
    values = values_of(tmp_path / "filled")
    assert list(values) == ["ADMIN", "MONGO", "ADDRESS"]
    assert values["ADDRESS"] == "127.0.0.1:8800"
    assert len({values["ADMIN"], values["MONGO"]}) == 2
    assert min(len(values["ADMIN"]), len(values["MONGO"])) == 64
    assert stat.S_IMODE((tmp_path / "filled").stat().st_mode) == 0o600
    assert values["ADMIN"] not in shown


def test_a_second_time_changes_nothing(pasokh: Pasokh, tmp_path: Path) -> None:
    run(pasokh, tmp_path)
    before = (tmp_path / "filled").read_text()
    assert "nothing was changed" in run(pasokh, tmp_path)
    assert (tmp_path / "filled").read_text() == before


def test_what_is_there_stays_and_what_is_new_is_added(pasokh: Pasokh, tmp_path: Path) -> None:
    filled = tmp_path / "filled"
    filled.write_text("ADMIN=chosen-by-hand\nMINE=1")
    filled.chmod(0o644)
    run(pasokh, tmp_path)
    assert filled.read_text().startswith("ADMIN=chosen-by-hand\nMINE=1\nMONGO=")
    assert stat.S_IMODE(filled.stat().st_mode) == 0o600


def test_a_link_is_refused_for_its_target_could_be_anywhere(pasokh: Pasokh, tmp_path: Path) -> None:
    (tmp_path / "example").write_text(EXAMPLE)
    (tmp_path / "filled").symlink_to(tmp_path / "elsewhere")
    result = pasokh("env", "--example", str(tmp_path / "example"), "--into", str(tmp_path / "filled"))
    assert result.exit_code == 1
    assert not (tmp_path / "elsewhere").exists()


def test_without_an_example_it_says_where_to_run_it(pasokh: Pasokh, tmp_path: Path) -> None:
    result = pasokh("env", "--example", str(tmp_path / "none"), "--into", str(tmp_path / "filled"))
    assert result.exit_code == 1
    assert not (tmp_path / "filled").exists()
