"""Settings come from the environment, and a flag of the same name wins; what is not acceptable is told in a sentence."""

import logging
from pathlib import Path
from typing import get_args

import pytest

from services.cli.flags import ADMIN_KEY_FILE, FLAGS, settings_from_flags
from services.platform.core.settings import Settings
from tests.cli.conftest import Pasokh


def test_a_flag_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASOKH_PORT", "9001")
    assert settings_from_flags({"port": None}).port == 9001
    assert settings_from_flags({"port": 9002}).port == 9002


def test_every_flag_is_a_setting_of_that_name() -> None:
    assert {flag.name for flag in FLAGS} - {ADMIN_KEY_FILE} <= set(Settings.model_fields)
    assert all(type(None) in get_args(flag.kind) for flag in FLAGS)


def test_an_admin_key_comes_from_a_file_that_others_cannot_read(tmp_path: Path, pasokh: Pasokh) -> None:
    file = tmp_path / "key"
    file.write_text("k" * 40 + "\n")
    file.chmod(0o600)
    key = settings_from_flags({"admin_key_file": file}).admin_key
    assert key is not None
    assert key.get_secret_value() == "k" * 40
    file.chmod(0o644)
    for wrong in (file, tmp_path / "missing"):
        said = pasokh("up", "--admin-key-file", str(wrong))
        assert said.exit_code == 1
        assert str(wrong) in said.stderr
        assert "Traceback" not in said.stderr


def test_an_admin_key_on_the_command_line_is_taken_with_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    assert settings_from_flags({"admin_key": "k" * 40}).admin_key is not None
    assert "--admin-key-file" in capsys.readouterr().err
    assert settings_from_flags({}).admin_key is None
    assert capsys.readouterr().err == ""


def test_a_setting_that_is_not_acceptable_is_named_without_a_traceback(pasokh: Pasokh) -> None:
    result = pasokh("up", PASOKH_PORT="eighty")
    assert result.exit_code == 1
    assert result.stderr.startswith("pasokh: PASOKH_PORT is not acceptable")
    assert "Traceback" not in result.output


@pytest.mark.parametrize(("given", "level"), [({}, "INFO"), ({"PASOKH_LOG_LEVEL": "debug"}, "DEBUG")])
def test_the_log_is_as_fine_as_the_setting_says(pasokh: Pasokh, given: dict[str, str], level: str) -> None:
    root = logging.getLogger()
    before, handlers = root.level, root.handlers[:]
    try:
        assert pasokh("up", PASOKH_HOST="no such host", **given).exit_code == 1
        assert logging.getLevelName(root.level) == level
    finally:
        root.setLevel(before)
        root.handlers[:] = handlers


def test_a_level_that_does_not_exist_is_named(pasokh: Pasokh) -> None:
    result = pasokh("up", PASOKH_LOG_LEVEL="loud")
    assert result.exit_code == 1
    assert result.stderr.startswith("pasokh: PASOKH_LOG_LEVEL is not acceptable")


def test_serve_without_an_admin_key_stops_with_the_fix(pasokh: Pasokh) -> None:
    result = pasokh("serve", "router")
    assert result.exit_code == 1
    assert "PASOKH_ADMIN_KEY is not set" in result.stderr
    assert "openssl rand -hex 32" in result.stderr


@pytest.mark.parametrize("command", [("up",), ("serve", "router")])
def test_an_admin_key_that_could_be_guessed_is_refused_and_not_printed(
    pasokh: Pasokh, command: tuple[str, ...]
) -> None:
    result = pasokh(*command, PASOKH_ADMIN_KEY="s3cret-but-short")
    assert result.exit_code == 1
    assert "at least 32" in result.stderr
    assert "s3cret-but-short" not in result.output


def test_serve_of_an_unknown_service_names_those_there_are(pasokh: Pasokh) -> None:
    result = pasokh("serve", "everything")
    assert result.exit_code == 1
    assert "ingest, router, sla, delivery, metrics" in result.stderr
