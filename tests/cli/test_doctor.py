"""`pasokh doctor` names what fails and how to mend it. The running server is looked at in tests/live."""

import json
from pathlib import Path

import pytest

from schemas.configuration import AccountBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from services.cli import doctor
from services.composition import COLLECTIONS
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host import event_loop
from services.platform.host.engine import open_engine
from services.platform.http.admin_key import FILE_NAME
from services.platform.store.port import Changes, Key, Put
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS, ConfigurationHead, version_id
from tests.cli.conftest import Pasokh, up_to_date


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The look at the port needs sockets, which unit tests have not."""
    monkeypatch.delitem(doctor.CHECKS, "server")


def findings(settings: Settings) -> dict[str, doctor.DoctorFinding]:
    return {finding.name: finding for finding in event_loop.run(doctor.run_checks(settings))}


def test_before_the_first_start_all_is_well_and_nothing_is_made(pasokh: Pasokh, tmp_path: Path) -> None:
    result = pasokh("doctor", "--json")
    assert result.exit_code == 0
    assert all(item["ok"] for item in json.loads(result.stdout)["items"])
    assert list(tmp_path.iterdir()) == []


def test_data_that_was_made_is_opened_and_checked(data: Settings) -> None:
    found = findings(data)
    assert found["store"].ok
    assert "takes commits" in found["store"].detail
    assert "2 partitions" in found["bus"].detail


def test_another_partition_count_than_the_data_has_is_told_with_the_fix(data: Settings) -> None:
    found = findings(data.model_copy(update={"partitions": 7}))
    assert not found["bus"].ok
    assert "PASOKH_PARTITIONS" in found["bus"].detail


def test_a_key_file_that_others_can_read_is_told_with_the_fix(pasokh: Pasokh, tmp_path: Path) -> None:
    key = tmp_path / FILE_NAME
    key.write_text("k" * 40)
    key.chmod(0o644)
    result = pasokh("doctor")
    assert result.exit_code == 1
    assert f"FAIL  admin key: {key} can be read by others. Run: chmod 600 {key}" in result.stdout
    assert "not in order: admin key" in result.stderr


def test_data_files_that_others_can_read_or_change_are_named_with_the_fix(data: Settings) -> None:
    assert findings(data)["data files"].ok
    folder, database, lock = data.data, data.database, data.data / "pasokh.lock"
    database.chmod(0o666)
    folder.chmod(0o777)
    lock.symlink_to(folder.parent / f"{folder.name}-elsewhere")
    found = findings(data)["data files"]
    assert not found.ok
    assert f"{database} can be read by others. Run: chmod 600 {database}." in found.detail
    assert f"{folder} can be changed by others. Run: chmod 700 {folder}." in found.detail
    assert f"{lock} is a link" in found.detail


def test_a_folder_that_others_may_look_into_is_no_fault_while_its_files_are_closed(data: Settings) -> None:
    data.data.chmod(0o755)
    assert findings(data)["data files"].ok


def test_a_database_elsewhere_is_looked_at_too(data: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    elsewhere.touch(0o640)
    assert str(elsewhere) in findings(data.model_copy(update={"store": f"sqlite:///{elsewhere}"}))["data files"].detail


def test_a_bus_of_no_known_kind_is_told_with_what_is_known(pasokh: Pasokh) -> None:
    result = pasokh("doctor", PASOKH_BUS="rabbit://here")
    assert result.exit_code == 1
    assert "PASOKH_BUS must be sqlite:////absolute/path or kafka://" in result.stdout


def test_a_password_in_an_address_is_not_shown() -> None:
    shown = doctor._without_secrets("mongodb://user:s3cret@host:27017/pasokh")
    assert shown == "mongodb://host:27017/pasokh"


def test_a_key_without_its_database_and_a_guessable_secret_are_named(pasokh: Pasokh, tmp_path: Path) -> None:
    (tmp_path / "admin.key").write_text("k" * 40)
    (tmp_path / "admin.key").chmod(0o600)
    result = pasokh("doctor", "--json")
    findings = {one["name"]: one for one in json.loads(result.stdout)["items"]}
    assert not findings["admin key"]["ok"]
    assert "pasokh restore" in findings["admin key"]["detail"]
    refused = pasokh("up", "--port", "0")
    assert refused.exit_code == 1
    assert "pasokh up --new" in refused.stderr
    assert not (tmp_path / "pasokh.db").exists()


def test_stored_accounts_that_would_be_refused_today_are_named_without_their_values(data: Settings) -> None:
    assert findings(data)["account settings"].ok
    accounts = {
        "telegram/main": AccountBody(credentials={"bot_token": "no-token-of-any-bot"}),
        "pager/old": AccountBody(credentials={}),
    }
    now = SystemTimeSource().now()
    configuration = WorkspaceConfiguration(
        workspace="shop",
        version=1,
        profile=Versioned(body=WorkspaceBody(name="Shop"), version=1, at=now),
        accounts={name: Versioned(body=body, version=1, at=now) for name, body in accounts.items()},
    )

    async def write() -> None:
        async with open_engine(data, SystemTimeSource(), COLLECTIONS, ensure_version=up_to_date) as (store, _):
            head = ConfigurationHead(workspace="shop", version=1)
            puts = [
                Put(Key(CONFIGURATIONS.name, version_id("shop", 1)), configuration.model_dump(mode="json")),
                Put(Key(CONFIGURATION_HEADS.name, "shop"), head),
            ]
            await store.commit(Changes(puts=puts))

    event_loop.run(write())
    found = findings(data)["account settings"]
    assert not found.ok
    assert "shop/telegram/main: credentials/bot_token: bot_token is not valid: the token BotFather gave" in found.detail
    assert "shop/telegram/main: credentials/secret_token: secret_token is required" in found.detail
    assert "shop/pager/old: this Pasokh has no channel pager." in found.detail
    assert "no-token-of-any-bot" not in found.detail
