"""`make audit` says what was looked up, and never calls well what was not."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "audit"
FINE = {"name": "orjson", "version": "3.13", "vulns": []}
HOLE = {"name": "motor", "version": "3.7", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": []}]}
SKIPPED = {"name": "rich", "skip_reason": "Dependency not found on PyPI and could not be audited: rich (15.0)"}
OURS = {"name": "pasokh", "skip_reason": "Dependency not found on PyPI and could not be audited: pasokh (0.1.0)"}


def audited(folder: Path, said: str) -> "subprocess.CompletedProcess[str]":
    """The script beside a pip-audit that says this and, as the real one does, ends with 0."""
    python, pip_audit = folder / "python", folder / "pip-audit"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (folder / "said").write_text(said)
    pip_audit.write_text(f"#!/bin/sh\ncat {folder / 'said'}\n")
    pip_audit.chmod(0o755)
    script = folder / "audit"
    text = SCRIPT.read_text().replace("Path(sys.executable).with_name", f"Path({str(python)!r}).with_name")
    script.write_text(text)
    return subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("dependencies", "code", "words"),
    [
        ([FINE, OURS], 0, "1 packages, 0 known holes"),
        ([FINE, HOLE, OURS], 1, "motor 3.7: PYSEC-2026-1"),
        ([FINE, SKIPPED, OURS], 2, "1 of 2 packages were not audited (rich: "),
        ([SKIPPED, OURS], 2, "https://pypi.org"),
        ([HOLE, SKIPPED], 1, "not audited"),
        ([OURS], 2, "not audited"),
    ],
)
def test_what_was_skipped_is_not_called_audited(
    tmp_path: Path, dependencies: list[dict[str, Any]], code: int, words: str
) -> None:
    done = audited(tmp_path, json.dumps({"dependencies": dependencies, "fixes": []}))
    assert done.returncode == code
    assert words in done.stdout + done.stderr


def test_a_report_that_is_none_is_not_called_audited(tmp_path: Path) -> None:
    done = audited(tmp_path, "connection refused")
    assert done.returncode == 2
    assert "nothing was audited" in done.stderr


def test_the_script_can_be_started() -> None:
    assert shutil.which(str(SCRIPT)) is not None
