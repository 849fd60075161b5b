"""The health check of MongoDB makes the replica set and Pasokh's own user once, and takes no password by the command line."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy" / "mongo" / "ready.js"
MONGOSH = """
const state = JSON.parse(process.env.STATE);
const calls = [];
const database = (name) => ({
  getSiblingDB: database,
  auth: (user, password) => calls.push(["auth", name, user, password]),
  hello: () => ({ isWritablePrimary: state.primary }),
  getUser: (user) => (state.users.includes(`${name}.${user}`) ? {} : null),
  createUser: (body) => calls.push(["createUser", name, body]),
});
globalThis.db = database("test");
globalThis.rs = {
  status: () => { if (!state.initiated) throw new Error("no replset config"); },
  initiate: (body) => calls.push(["initiate", body._id, body.members.length]),
};
globalThis.quit = (code) => { console.log(JSON.stringify({ code, calls })); process.exit(code); };
"""
"""As much of mongosh as the script uses; it is a program on Node.js as well."""


def checked(folder: Path, **state: Any) -> tuple[int, list[list[Any]]]:
    """How it ends, and what it asks of the server."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    whole = folder / "check.js"
    whole.write_text(MONGOSH + SCRIPT.read_text())
    secrets = {
        "MONGO_INITDB_ROOT_USERNAME": "pasokh",
        "MONGO_INITDB_ROOT_PASSWORD": "root-secret",
        "PASOKH_MONGO_USER": "application",
        "PASOKH_MONGO_PASSWORD": "own-secret",
    }
    environment = {"PATH": os.environ["PATH"], "STATE": json.dumps(state), **secrets}
    done = subprocess.run([node, str(whole)], capture_output=True, text=True, check=False, env=environment)
    said = json.loads(done.stdout)
    assert done.returncode == said["code"]
    return said["code"], said["calls"]


def test_at_the_first_start_it_makes_the_replica_set_and_waits(tmp_path: Path) -> None:
    code, calls = checked(tmp_path, initiated=False, primary=False, users=[])
    assert code == 1
    assert calls == [["auth", "admin", "pasokh", "root-secret"], ["initiate", "rs0", 1]]


def test_then_it_makes_a_user_with_rights_on_one_database(tmp_path: Path) -> None:
    code, calls = checked(tmp_path, initiated=True, primary=True, users=[])
    assert code == 0
    roles = [{"role": "readWrite", "db": "pasokh"}]
    assert calls[1:] == [["createUser", "pasokh", {"user": "application", "pwd": "own-secret", "roles": roles}]]


def test_after_that_it_only_looks(tmp_path: Path) -> None:
    code, calls = checked(tmp_path, initiated=True, primary=True, users=["pasokh.application"])
    assert (code, calls[1:]) == (0, [])
