"""A forked `pasokh` is a process like the installed command: its output, its ends, its environment."""

import os
from pathlib import Path

import pytest

from services.platform.core.version import installed_version
from tests.live.installation import Running
from tests.live_servers.server import free_ports

pytestmark = pytest.mark.parametrize("is_executed", [True, False])


def started(folder: Path, is_executed: bool, *arguments: str) -> Running:
    running = Running(folder, arguments, free_ports(1)[0], is_executed=is_executed)
    running.start()
    return running


def test_it_writes_to_its_log_and_ends_with_its_code(tmp_path: Path, is_executed: bool) -> None:
    told = started(tmp_path / "told", is_executed, "--version")
    assert (told.wait_end(), told.log) == (0, f"pasokh {installed_version()}\n")
    refused = started(tmp_path / "refused", is_executed, "rout")
    assert refused.wait_end() == 2
    assert "No such command 'rout'" in refused.log


def test_it_gets_no_setting_of_the_tests_and_leaves_them_theirs(
    tmp_path: Path, is_executed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASOKH_STORE", "nonsense://")
    before = dict(os.environ)
    running = started(tmp_path, is_executed, "up")
    running.wait_ready()
    assert os.environ == before
    assert running.process.pid is not None
    assert os.getsid(running.process.pid) == running.process.pid
    assert Path(f"/proc/{running.process.pid}/cwd").resolve() == tmp_path.resolve()
    ended, _ = running.stop()
    assert ended == 0


def test_it_can_be_killed_and_started_again(tmp_path: Path, is_executed: bool) -> None:
    running = started(tmp_path, is_executed, "up")
    running.wait_ready()
    running.kill()
    assert running.process.returncode == -9
    running.start()
    running.wait_ready()
    assert running.stop()[0] == 0
