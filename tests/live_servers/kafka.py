"""A Kafka to test against: by address, by Docker, or Apache Kafka (KRaft) as local processes."""

import os
import shutil
import socket
import struct
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.live_servers.docker import Containerised, Image, docker_answers
from tests.live_servers.jars import kafka_jars, kafka_version
from tests.live_servers.process import Process
from tests.live_servers.server import Given, Server, Unavailable, free_ports, wait_until

ADDRESS = "PASOKH_TEST_KAFKA"
# Any 16 bytes in base64; a cluster of tests meets no other.
CLUSTER_ID = "cGFzb2toLXRlc3RzLTAwMQ"
# A killed node may come back only when its session is over: 9 s unless told.
ALONE = {"broker.session.timeout.ms": 3000, "broker.heartbeat.interval.ms": 500}


def open_kafka() -> Server:
    """The first of: `PASOKH_TEST_KAFKA` (host:port,...), Docker, a local process. Raises Unavailable."""
    address = os.environ.get(ADDRESS)
    if address:
        return Given(f"kafka://{address.removeprefix('kafka://')}")
    return _in_docker() if docker_answers() else open_local_kafka()


def open_local_kafka(nodes: int = 1) -> "LocalKafka":
    """A cluster of `nodes` processes that answers. Raises Unavailable without Java or the jars."""
    try:
        jars = kafka_jars()
    except Unavailable as error:
        raise Unavailable(f"needs Kafka: set {ADDRESS} to an address, start Docker, or: {error}") from error
    kafka = LocalKafka(jars, nodes)
    try:
        kafka.start()
    except BaseException:
        kafka.close()
        raise
    return kafka


def _nothing(_: int, __: int) -> Mapping[str, object]:
    return {}


class LocalKafka:
    """Apache Kafka in KRaft mode on free ports of 127.0.0.1, every node broker and controller.

    `changed`: properties beside the usual ones, by the ports of a node's broker and controller.
    """

    def __init__(self, jars: Path, count: int, changed: Callable[[int, int], Mapping[str, object]] = _nothing) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="pasokh-kafka-"))
        ports = free_ports(2 * count)
        brokers, controllers = ports[:count], ports[count:]
        voters = ",".join(f"{i + 1}@127.0.0.1:{port}" for i, port in enumerate(controllers))
        pairs = zip(brokers, controllers, strict=True)
        self.nodes = [
            Node(jars, self._folder, i + 1, pair, voters, count, changed(*pair)) for i, pair in enumerate(pairs)
        ]
        self.url = "kafka://" + ",".join(f"127.0.0.1:{port}" for port in brokers)

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        wait_until(
            self._answers,
            lambda: "\n".join(n.process.last_words() for n in self.nodes),
            running=lambda: all(node.process.running for node in self.nodes),
        )

    def configure(self, changed: Mapping[str, object]) -> None:
        """Properties beside the usual ones from the next start on, in place of those that were given before."""
        for node in self.nodes:
            node.configure(changed)

    @property
    def logs(self) -> Path:
        """Where the log directories of all nodes are."""
        return self._folder

    def stop(self) -> None:
        for node in self.nodes:
            node.process.stop()

    def kill(self) -> None:
        for node in self.nodes:
            node.process.kill()

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        return all(live_brokers(node.port) == len(self.nodes) for node in self.nodes)


class Node:
    """One node of a cluster: `process` to stop or kill it, `start` to bring it back without waiting for it."""

    def __init__(
        self,
        jars: Path,
        folder: Path,
        node_id: int,
        ports: tuple[int, int],
        voters: str,
        count: int,
        changed: Mapping[str, object] | None = None,
    ) -> None:
        self.port = ports[0]
        self._folder = folder / str(node_id)
        self._folder.mkdir()
        self._properties = self._folder / "server.properties"
        self._usual = _properties(node_id, ports, voters, self._folder / "data", count)
        self.configure(changed or {})
        self._classpath = f"{jars}/*"
        heap = "-Xmx384m" if count == 1 else "-Xmx256m"
        self.process = Process(self._java("kafka.Kafka", str(self._properties), options=[heap]), self._folder)

    def configure(self, changed: Mapping[str, object]) -> None:
        """See `LocalKafka.configure`."""
        lines = {**self._usual, **changed}
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))

    def start(self) -> None:
        if not (self._folder / "data").exists():
            format_storage = ["format", "-t", CLUSTER_ID, "-c", str(self._properties)]
            subprocess.run(self._java("kafka.tools.StorageTool", *format_storage), check=True, capture_output=True)
        self.process.start()

    def _java(self, main: str, *arguments: str, options: list[str] | None = None) -> list[str]:
        flags = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *(options or [])]
        return ["java", *flags, "-cp", self._classpath, main, *arguments]


def _properties(node_id: int, ports: tuple[int, int], voters: str, data: Path, count: int) -> dict[str, object]:
    broker, controller = ports
    return {
        "process.roles": "broker,controller",
        "node.id": node_id,
        "controller.quorum.voters": voters,
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{broker}",
        "log.dirs": data,
        **(ALONE if count == 1 else {}),
        **_replication(count),
    }


def _replication(count: int) -> dict[str, object]:
    """Settings of every Kafka here, in Docker or not; of three nodes, two must have a record."""
    in_sync = min(2, count)
    return {
        "default.replication.factor": count,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": count,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": count,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": count,
        "share.coordinator.state.topic.min.isr": in_sync,
        "group.initial.rebalance.delay.ms": 0,
        "auto.create.topics.enable": "false",
    }


def _in_docker() -> Containerised:
    [port] = free_ports(1)
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": "1@127.0.0.1:29093",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listeners": f"PLAINTEXT://0.0.0.0:{port},CONTROLLER://127.0.0.1:29093",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        **_replication(1),
    }
    environment = {f"KAFKA_{name.upper().replace('.', '_')}": str(value) for name, value in settings.items()}
    image = Image(f"apache/kafka:{kafka_version()}", port, environment=environment | {"CLUSTER_ID": CLUSTER_ID})
    return Containerised(image, f"kafka://127.0.0.1:{port}", lambda: live_brokers(port) == 1)


def live_brokers(port: int) -> int:
    """How many brokers the one at 127.0.0.1:`port` knows to be alive; 0 when it does not answer.

    A Metadata request, version 1, for no topics (https://kafka.apache.org/protocol): an open port alone says too little.
    """
    request = struct.pack(">hhihi", 3, 1, 0, -1, 0)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = connection.recv(12, socket.MSG_WAITALL)
    except OSError:
        return 0
    return int(struct.unpack(">iii", answer)[2]) if len(answer) == 12 else 0
