"""The system of docker-compose.yml as processes of this machine: its commands, environment and configuration files.

Nothing about the services is written here. What the file says is taken over, and only places are changed:

- an address `NAME:PORT` of the compose network becomes 127.0.0.1 and a free port, `0.0.0.0:PORT` the same;
- a replica is a process of its own: a name that stands for several becomes several servers or targets;
- Kafka and MongoDB are the servers of the test run (another name, no user and no password: those of Kafka are tested in
  test_kafka_access.py);
- the address of the proxy, who alone is believed about its clients, is 127.0.0.1;
- a mounted folder is copied and changed in the same way; other paths of containers become folders of the test;
- Prometheus scrapes each second, so that a test need not wait for minutes.
"""

import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import yaml

from services.cli.env import VARIABLE, write_missing
from services.platform.core.settings import Settings
from tests.live_servers.fixtures import absence
from tests.live_servers.forked import PASOKH, launch_of
from tests.live_servers.process import Process
from tests.live_servers.server import START_SECONDS, Unavailable, free_ports

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
IMAGE = "pasokh"
SCRAPE_SECONDS = 1
PARTITIONS = "4"
"""The 24 that are the default are for more processes than one machine has."""
TEMPORARY = "/tmp/"  # noqa: S108 - of a container, and replaced
PROGRAMS = {"alertmanager": "prometheus-alertmanager"}
"""Names that Debian gives otherwise."""
STORE = re.compile(r"^mongodb://[^@/]*@?[^/@]+/(?P<database>[^?]+)\?.*$")


def interpolated(text: str, values: Mapping[str, str]) -> str:
    """`${NAME}`, `${NAME:-default}`, `${NAME:?message}` and `$$`, as compose reads them. Raises KeyError with the message."""

    def one(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        value = values.get(match["name"], "")
        if not value and match["how"] == ":?":
            raise KeyError(f"{match['name']}: {match['rest']}")
        return value or (match["rest"] or "")

    return re.sub(r"\$\$|\$\{(?P<name>[A-Z_]+)(?:(?P<how>:[-?])(?P<rest>[^}]*))?\}", one, text)


# Any: a YAML document.
def compose(values: Mapping[str, str]) -> dict[str, Any]:
    """The compose file with its variables filled in."""
    whole: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    filled: dict[str, Any] = _filled(whole, values)
    return filled


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return interpolated(value, values)
    if isinstance(value, list):
        return [_filled(one, values) for one in value]
    return {k: _filled(v, values) for k, v in value.items()} if isinstance(value, dict) else value


def program(name: str) -> str:
    """Where a program is on this machine. Raises Unavailable."""
    if name == "pasokh":
        return PASOKH
    places = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    found = shutil.which(PROGRAMS.get(name, name), path=places)
    if found is None:
        raise Unavailable(f"needs {PROGRAMS.get(name, name)} on the path; .ci/run installs it on Debian")
    return found


@dataclass
class Replica:
    """One process of a service of the compose file."""

    service: str
    port: int
    process: Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass
class Topology:
    """What runs where. `names` are those of the compose file."""

    folder: Path
    values: Mapping[str, str]
    bus: str
    store: str
    overrides: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.services: dict[str, dict[str, Any]] = compose(self.values)["services"]
        self.ports = {(name, i): port for (name, i), port in zip(self._places, self._free, strict=True)}
        self.replicas: list[Replica] = []

    @property
    def _places(self) -> list[tuple[str, int]]:
        return [(name, i) for name, service in self.services.items() for i in range(self.count(service))]

    @cached_property
    def _free(self) -> list[int]:
        return free_ports(len(self._places))

    @staticmethod
    def count(service: Mapping[str, Any]) -> int:
        """How many replicas a service has."""
        return int(service.get("deploy", {}).get("replicas", 1))

    def own(self) -> list[str]:
        """The services that run from our image."""
        return [name for name, one in self.services.items() if one["image"].partition(":")[0] == IMAGE]

    def ports_of(self, name: str) -> list[int]:
        """One port per replica."""
        return [port for (service, _), port in self.ports.items() if service == name]

    def of(self, name: str) -> list[Replica]:
        """The running replicas of a service."""
        return [one for one in self.replicas if one.service == name]

    def url(self, name: str) -> str:
        """Of the first replica."""
        return self.of(name)[0].url

    # -- processes -----------------------------------------------------------------------------------------------------

    @contextmanager
    def running(self, *names: str) -> Iterator[None]:
        """Start all replicas of these services and end them at the end."""
        with ExitStack() as stack:
            for name in names:
                for index, port in enumerate(self.ports_of(name)):
                    replica = self._replica(name, index, port)
                    self.replicas.append(replica)
                    replica.process.start()
                    stack.callback(replica.process.stop)
            yield
            for replica in self.replicas:
                replica.process.signal()

    def _replica(self, name: str, index: int, port: int) -> Replica:
        folder = self.folder / f"{name}-{index}"
        folder.mkdir(parents=True)
        service = self.services[name]
        mounts = self._mounted(service, folder, port)
        command = [self._placed(word, mounts, port) for word in self._words(service)]
        environment = self._environment(service, port)
        return Replica(name, port, Process(command, folder, environment, launch_of(command)))

    def _words(self, service: Mapping[str, Any]) -> list[str]:
        entrypoint = service.get("entrypoint", ["pasokh"])
        return [program(entrypoint[0]), *entrypoint[1:], *service["command"]]

    def _environment(self, service: Mapping[str, Any], port: int) -> dict[str, str]:
        given: dict[str, str] = dict(service.get("environment", {}))
        if "PASOKH_BUS" in given:
            changed = {"PASOKH_HOST": "127.0.0.1", "PASOKH_PORT": str(port), "PASOKH_BUS": self.bus}
            given = {name: value for name, value in given.items() if not name.startswith("PASOKH_KAFKA_")}
            given = {**given, **changed, "PASOKH_STORE": self._store(given["PASOKH_STORE"]), **self.overrides}
            given["PASOKH_TRUSTED_PROXIES"] = given["PASOKH_TRUSTED_PROXIES"].replace(self._proxy, "127.0.0.1")
        return given

    @property
    def _proxy(self) -> str:
        """Its address in the compose network."""
        return str(self.services["proxy"]["networks"]["front"]["ipv4_address"])

    def _store(self, named: str) -> str:
        """A MongoDB gets a database of the test's own; one SQLite file is for all."""
        if self.store.startswith("sqlite:"):
            return self.store
        database = STORE.fullmatch(named)
        assert database is not None
        address, _, options = self.store.partition("?")
        return f"{address.rstrip('/')}/{self.overrides['PASOKH_NAMESPACE']}-{database['database']}?{options}"

    def settings(self) -> Settings:
        """Those of every service, for who looks at their data from beside them."""
        store = self._store(self.services["router"]["environment"]["PASOKH_STORE"])
        return Settings(
            bus=self.bus,
            store=store,
            namespace=self.overrides["PASOKH_NAMESPACE"],
            partitions=int(self.overrides["PASOKH_PARTITIONS"]),
        )

    # -- files ---------------------------------------------------------------------------------------------------------

    def _mounted(self, service: Mapping[str, Any], folder: Path, port: int) -> dict[str, str]:
        """Path in the container → folder of the test."""
        found = {}
        for number, mount in enumerate(service.get("volumes", ())):
            source, target, *_ = mount.split(":")
            place = folder / f"mount-{number}"
            if source.startswith("."):
                shutil.copytree(ROOT / source, place)
                for path in place.rglob("*.*"):
                    path.write_text(self._changed(path, folder, port))
            else:
                place.mkdir()
            found[target] = str(place)
        return found

    def _changed(self, path: Path, folder: Path, port: int) -> str:
        text = path.read_text()
        text = re.sub(r"^(\s*)server (\w+):\d+ (.*)resolve;$", self._servers, text, flags=re.MULTILINE)
        text = text.replace(TEMPORARY, f"{folder}/")
        text = text.replace("scrape_interval: 10s", f"scrape_interval: {SCRAPE_SECONDS}s")
        if path.suffix == ".yaml" and "dns_sd_configs" in text:
            text = self._targets(text)
        return self._addressed(text, port)

    def _servers(self, line: re.Match[str]) -> str:
        return "\n".join(f"{line[1]}server 127.0.0.1:{port} {line[3]};" for port in self.ports_of(line[2]))

    def _targets(self, text: str) -> str:
        """What the name server would have said, and the label that a relabelling makes of the name."""
        document = yaml.safe_load(text)
        for job in document["scrape_configs"]:
            for lookup in job.pop("dns_sd_configs", ()):
                job["static_configs"] = [
                    {"targets": [f"127.0.0.1:{p}" for p in self.ports_of(name)], "labels": {"__meta_dns_name": name}}
                    for name in lookup["names"]
                ]
        return str(yaml.safe_dump(document))

    def _addressed(self, text: str, port: int) -> str:
        text = re.sub(r"\b0\.0\.0\.0:\d+\b", f"127.0.0.1:{port}", text)
        for name in self.services:
            text = re.sub(rf"\b{name}:\d{{4,5}}\b", f"127.0.0.1:{self.ports_of(name)[0]}", text)
        return text

    def _placed(self, word: str, mounts: Mapping[str, str], port: int) -> str:
        for target, place in mounts.items():
            word = re.sub(rf"(^|=){re.escape(target)}(?=/|$)", rf"\g<1>{place}", word)
        return self._addressed(word, port)


@contextmanager
def whole(folder: Path, bus: str, store: str, stand_in_port: int) -> Iterator[Topology]:
    """All of the compose file but Grafana, ready; replies may go to a stand-in on that port of 127.0.0.1.

    Raises Unavailable without one of its programs, TimeoutError when something does not come up.
    """
    topology = _composed(folder, bus, store, json.dumps([f"127.0.0.1:{stand_in_port}"]))
    with topology.running(*topology.own(), "proxy", "alertmanager", "prometheus"):
        _wait_for_services(topology)
        wait_for(topology.of("prometheus"), "/-/ready")
        yield topology


@contextmanager
def services_at_one_address(folder: Path, bus: str, store: str, targets: str, **settings: str) -> Iterator[Topology]:
    """The services behind the proxy, ready; replies may go to `targets`, as PASOKH_ALLOWED_TARGETS has them.

    Skips the test without the proxy's program.
    """
    topology = _composed(folder, bus, store, targets, **settings)
    try:
        with topology.running(*topology.own(), "proxy"):
            _wait_for_services(topology)
            yield topology
    except Unavailable as error:
        raise absence(str(error)) from None


def _composed(folder: Path, bus: str, store: str, targets: str, **settings: str) -> Topology:
    write_missing((ROOT / ".env.example").read_text(), folder / "env")
    values = dict(VARIABLE.findall((folder / "env").read_text()))
    values["PASOKH_ALLOWED_TARGETS"] = targets
    overrides = {"PASOKH_NAMESPACE": f"compose-{uuid4().hex[:8]}", "PASOKH_PARTITIONS": PARTITIONS, **settings}
    return Topology(folder, values, bus, store, overrides)


def _wait_for_services(topology: Topology) -> None:
    wait_for([one for name in topology.own() for one in topology.of(name)], "/readyz")
    wait_for(topology.of("proxy"), "/livez")


def answers(url: str) -> bool:
    """Whether an address answers 200."""
    try:
        return httpx2.get(url, timeout=3, trust_env=False).status_code == 200
    except httpx2.HTTPError:
        return False


def wait_for(replicas: Sequence[Replica], path: str, seconds: float = START_SECONDS) -> None:
    """Until all answer 200 on a path. Raises TimeoutError with the last words of one that does not."""
    until = time.monotonic() + seconds
    for replica in replicas:
        while not answers(replica.url + path):
            if time.monotonic() > until or not replica.process.running:
                raise TimeoutError(replica.process.last_words())
            time.sleep(0.1)
