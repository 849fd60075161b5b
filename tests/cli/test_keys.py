"""`pasokh keys` works on the store: a key is shown once, known to REST, and gone after it was revoked."""

import json
from pathlib import Path

from services.composition import COLLECTIONS
from services.platform.core.settings import Settings
from services.platform.host import event_loop
from services.platform.host.engine import open_store
from services.platform.http.auth import Principal
from services.records.keys import ApiKeyAuthenticator
from tests.cli.conftest import Pasokh


def test_a_made_key_is_the_one_that_rest_knows(pasokh: Pasokh, data: Settings) -> None:
    made = json.loads(pasokh("keys", "create", "desk", "--scope", "write", "--json").stdout)
    caller = event_loop.run(_caller(data, made["secret"]))
    assert caller is not None
    assert (caller.key, caller.workspace, caller.scopes) == (made["id"], None, frozenset({"write"}))


async def _caller(settings: Settings, secret: str) -> Principal | None:
    async with open_store(settings, COLLECTIONS) as store:
        return await ApiKeyAuthenticator(store).find(secret)


def test_the_list_shows_every_key_and_no_secret(pasokh: Pasokh, data: Settings) -> None:
    made = [json.loads(pasokh("keys", "create", n, "--scope", "read", "--json").stdout) for n in ("one", "two")]
    listed = pasokh("keys", "list", "--json")
    shown = json.loads(listed.stdout)
    assert [item["name"] for item in shown["items"]] == ["two", "one"]
    assert shown["next"] is None
    assert not any(key["secret"].split("_", 2)[2] in listed.stdout for key in made)
    assert "digest" not in listed.stdout


def test_a_revoked_key_is_no_key(pasokh: Pasokh, data: Settings) -> None:
    made = json.loads(pasokh("keys", "create", "desk", "--scope", "admin", "--json").stdout)
    assert pasokh("keys", "revoke", made["id"]).exit_code == 0
    assert event_loop.run(_caller(data, made["secret"])) is None
    again = pasokh("keys", "revoke", made["id"])
    assert (again.exit_code, again.stdout) == (1, "")
    assert f"there is no key {made['id']}" in again.stderr


def test_a_key_for_a_workspace_that_does_not_exist_is_refused(pasokh: Pasokh, data: Settings) -> None:
    result = pasokh("keys", "create", "desk", "--scope", "read", "--workspace", "nowhere")
    assert result.exit_code == 1
    assert "there is no workspace 'nowhere'" in result.stderr


def test_a_question_about_data_that_is_not_there_makes_none(pasokh: Pasokh, tmp_path: Path) -> None:
    result = pasokh("keys", "list")
    assert result.exit_code == 1
    assert "there is no data in" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_key_for_an_agent_names_the_workspace(pasokh: Pasokh, data: Settings) -> None:
    result = pasokh("keys", "create", "desk", "--scope", "desk", "--agent", "sara")
    assert (result.exit_code, "--workspace" in result.stderr) == (1, True)
