"""A MongoDB to test against: by address, by Docker, or SecantusDB (the same protocol) as a local process."""

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.live_servers.docker import Containerised, Image, docker_answers
from tests.live_servers.process import Process
from tests.live_servers.server import Given, Server, Unavailable, free_ports, wait_until

ADDRESS = "PASOKH_TEST_MONGO"
IMAGE = "mongo:8.2"
WAYS = f"needs MongoDB: set {ADDRESS} to an address, start Docker, or install the dependency group `live`"


def open_mongo() -> Server:
    """The first of: `PASOKH_TEST_MONGO` (mongodb://... of a replica set), Docker, a local process. Raises Unavailable."""
    address = os.environ.get(ADDRESS)
    if address:
        return Given(address if "://" in address else f"mongodb://{address}")
    return _in_docker() if docker_answers() else open_local_mongo()


def open_local_mongo() -> "LocalMongo":
    """A process that answers. Raises Unavailable where SecantusDB is not installed (it has no wheel everywhere)."""
    beside = Path(sys.executable).parent
    command = shutil.which("secantusd-py", path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
    if command is None:
        raise Unavailable(f"{WAYS} (SecantusDB has no wheel for every platform)")
    mongo = LocalMongo(command)
    try:
        mongo.start()
    except BaseException:
        mongo.close()
        raise
    return mongo


class LocalMongo:
    """SecantusDB as a one-node replica set on a free port of 127.0.0.1. For correctness only; it is slower than MongoDB."""

    def __init__(self, command: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="pasokh-mongo-"))
        [self._port] = free_ports(1)
        self.url = f"mongodb://127.0.0.1:{self._port}/?replicaSet=secantus"
        place = ["--host", "127.0.0.1", "--port", str(self._port), "--storage-path", str(self._folder / "data")]
        # Without --sync-on-commit a kill loses commits.
        self.process = Process([command, *place, "--cache-size", "256M", "--sync-on-commit"], self._folder)

    def start(self) -> None:
        self.process.start()
        wait_until(
            lambda: bool(_hello(self._port).get("isWritablePrimary")),
            self.process.last_words,
            running=lambda: self.process.running,
        )

    def stop(self) -> None:
        self.process.stop()

    def kill(self) -> None:
        self.process.kill()

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


def _in_docker() -> Containerised:
    [port] = free_ports(1)
    image = Image(IMAGE, port, command=f"mongod --replSet pasokh --bind_ip_all --port {port}")
    return Containerised(image, f"mongodb://127.0.0.1:{port}/?replicaSet=pasokh", lambda: _primary(port))


def _primary(port: int) -> bool:
    """Whether the server is a primary; one that has no replica set yet is given its own."""
    hello = _hello(port)
    if hello.get("isreplicaset"):
        member = {"_id": 0, "host": f"127.0.0.1:{port}"}
        _command(port, {"replSetInitiate": {"_id": "pasokh", "members": [member]}})
    return bool(hello.get("isWritablePrimary"))


def _hello(port: int) -> Mapping[str, Any]:
    return _command(port, {"hello": 1})


def _command(port: int, command: dict[str, object]) -> Mapping[str, Any]:
    """The answer of the server at 127.0.0.1:`port`; empty when it has none."""
    # Imported here so that a run without MongoDB does not wait for it.
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    client: MongoClient[dict[str, Any]]
    with MongoClient("127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=2_000) as client:
        try:
            return client.admin.command(command)
        except PyMongoError:
            return {}
