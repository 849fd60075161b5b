"""`pasokh parse` prints activities and nothing else."""

import json
from pathlib import Path

from tests.cli.conftest import Pasokh

UPDATE = {
    "update_id": 10,
    "message": {
        "message_id": 7,
        "date": 1795000000,
        "chat": {"id": 5, "type": "private", "first_name": "Neda"},
        "from": {"id": 5, "is_bot": False, "first_name": "Neda"},
        "text": "My card is 4111 1111 1111 1111",
    },
}


def test_each_line_is_one_activity_with_its_kind(pasokh: Pasokh, tmp_path: Path) -> None:
    body = tmp_path / "update.json"
    body.write_text(json.dumps(UPDATE))
    result = pasokh("parse", "telegram", str(body))
    assert result.exit_code == 0
    [activity] = [json.loads(line) for line in result.stdout.splitlines()]
    assert activity["kind"] == "message"
    assert activity["person"] == "telegram:main:5"
    assert "4111" not in result.stdout
    assert result.stderr == ""


def test_a_file_that_is_not_there_is_told_in_a_sentence(pasokh: Pasokh) -> None:
    result = pasokh("parse", "telegram", "no-such-file.json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot be read" in result.stderr


def test_an_unknown_channel_names_those_there_are(pasokh: Pasokh, tmp_path: Path) -> None:
    body = tmp_path / "update.json"
    body.write_text("{}")
    result = pasokh("parse", "pigeon", str(body))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "telegram" in result.stderr


def test_a_body_that_is_none_of_the_channel_is_told_in_a_sentence(pasokh: Pasokh, tmp_path: Path) -> None:
    body = tmp_path / "update.json"
    body.write_text("<html>")
    result = pasokh("parse", "telegram", str(body))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "is no body of telegram" in result.stderr


def test_of_a_list_the_good_items_are_printed_and_the_bad_ones_named(pasokh: Pasokh, tmp_path: Path) -> None:
    good = {"id": "1", "type": "message", "person": {"id": "p"}, "surface": "private", "text": "ok"}
    bad = {name: value for name, value in good.items() if name != "person"} | {"id": "2"}
    body = tmp_path / "body.json"
    body.write_text(json.dumps([good, bad]))
    result = pasokh("parse", "api", str(body))
    assert [json.loads(line)["kind"] for line in result.stdout.splitlines()] == ["message"]
    assert result.exit_code == 1
    assert "item 1: person" in result.stderr
