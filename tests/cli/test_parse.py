"""`pasokh parse` prints activities and nothing else."""

import json
from pathlib import Path

import pytest

from schemas.activity import Activity
from services.channels.port import Account, Request
from services.channels.telegram import Telegram
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


def test_the_rest_of_a_call_is_told_by_options(pasokh: Pasokh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Request, Account]] = []

    def parse(_: Telegram, request: Request, account: Account) -> list[Activity]:
        seen.append((request, account))
        return []

    monkeypatch.setattr(Telegram, "parse", parse)
    body, account = tmp_path / "mail.eml", tmp_path / "account.json"
    body.write_bytes(b"Subject: x\r\n\r\nhello")
    account.write_text('{"credentials": {"bot_token": "123456:ABC"}, "settings": {"username": "shop_bot"}}')
    options = ["--header", "X-One: 1", "--header", "x-one: 2", "--content-type", "message/rfc822"]
    result = pasokh(
        "parse", "telegram", str(body), *options, "--account", str(account), "--path", "s3cret/mime?a=1&a=2"
    )
    assert (result.exit_code, result.stdout) == (0, "")
    [(request, parsed_for)] = seen
    assert request.headers == {"x-one": "1, 2", "content-type": "message/rfc822"}
    assert (request.path, request.subpath) == ("/webhooks/telegram/local/main/s3cret/mime", "s3cret/mime")
    assert (request.raw_query, request.query) == ("a=1&a=2", {"a": "2"})
    assert request.body == body.read_bytes()
    assert parsed_for.token("bot_token") == "123456:ABC"
    assert parsed_for.body.settings == {"username": "shop_bot"}


@pytest.mark.parametrize(
    ("option", "content", "sentence"),
    [
        ("--account", '{"credentials": "s3cret"}', "is no account: /credentials"),
        ("--account", '{"credentials": {"a/b~": 1}}', "is no account: /credentials/a~1b~0"),
        ("--account", "s3cret", "is no account: /: "),
        ("--header", None, "'name: value'"),
    ],
)
def test_an_option_that_cannot_be_read_is_told_without_its_content(
    pasokh: Pasokh, tmp_path: Path, option: str, content: str | None, sentence: str
) -> None:
    body, account = tmp_path / "update.json", tmp_path / "account.json"
    body.write_text(json.dumps(UPDATE))
    account.write_text(content or "")
    result = pasokh("parse", "telegram", str(body), option, str(account) if content else "s3cret")
    assert (result.exit_code, result.stdout) == (1, "")
    assert sentence in " ".join(result.stderr.split())
    assert "s3cret" not in result.stderr
