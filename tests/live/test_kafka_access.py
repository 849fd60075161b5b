"""Kafka as docker-compose.yml sets it up lets in who has its password, and nobody else. On the real broker, as a process."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.cli.env import VARIABLE
from services.composition import COLLECTIONS
from services.platform.bus.port import ProducerRecord
from services.platform.core.errors import Unavailable
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host.engine import open_engine
from tests.live.topology import ROOT, compose
from tests.live_servers.fixtures import absence
from tests.live_servers.jars import kafka_jars
from tests.live_servers.kafka import LocalKafka
from tests.live_servers.server import Unavailable as NoServer
from tests.live_servers.server import free_ports

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
PASSWORD = "a-password-of-sixty-four-characters"
EXAMPLE = dict(VARIABLE.findall((ROOT / ".env.example").read_text()))
KAFKA = compose({name: value or PASSWORD for name, value in EXAMPLE.items()})["services"]["kafka"]["environment"]
OF_THE_IMAGE = ("KAFKA_HEAP_OPTS", "KAFKA_LOG_DIRS", "KAFKA_CONTROLLER_QUORUM_VOTERS")
"""What a process is told otherwise."""


def property_of(variable: str) -> str:
    """The property that Kafka's image makes of a variable."""
    name = variable.removeprefix("KAFKA_").lower()
    return name.replace("___", "-").replace("__", "\0").replace("_", ".").replace("\0", "_")


class Access(LocalKafka):
    """The broker of the compose file. `clients` is the port on which it asks who one is."""

    def __init__(self, jars: Path) -> None:
        [self.clients] = free_ports(1)
        super().__init__(jars, 1, self._as_composed)
        self.url = f"kafka://127.0.0.1:{self.clients}"

    def _as_composed(self, broker: int, controller: int) -> Mapping[str, object]:
        places = {"9092": self.clients, "9093": controller, "9094": broker}

        def placed(value: str) -> str:
            return re.sub(r"(?:0\.0\.0\.0|127\.0\.0\.1|kafka):(909[234])", lambda m: f"127.0.0.1:{places[m[1]]}", value)

        return {
            property_of(name): placed(value)
            for name, value in KAFKA.items()
            if name.startswith("KAFKA_") and name not in OF_THE_IMAGE
        }


@pytest.fixture(scope="module")
def kafka() -> Iterator[Access]:
    try:
        jars = kafka_jars()
    except NoServer as error:
        raise absence(str(error)) from None
    kafka = Access(jars)
    try:
        kafka.start()
        yield kafka
    finally:
        kafka.close()


def settings(kafka: Access, folder: Path, user: str | None, password: str | None) -> Settings:
    secret = SecretStr(password) if password else None
    return Settings(
        data=folder, bus=kafka.url, partitions=1, namespace="access", kafka_username=user, kafka_password=secret
    )


async def test_who_has_the_password_publishes_and_reads(kafka: Access, tmp_path: Path) -> None:
    known = settings(kafka, tmp_path, "pasokh", PASSWORD)
    async with (
        open_engine(known, SystemTimeSource(), COLLECTIONS) as (_, bus),
        bus.consume("g", ["inbound"]) as consumer,
    ):
        await bus.publish([ProducerRecord("inbound", 0, "k", b"word")])
        await bus.check()
        await consumer.assignment({})
        await consumer.seek(0, {})
        [record] = await consumer.poll(0, wait=20)
        assert record.value == b"word"
        assert await bus.end_offsets(["inbound"], 0) == {"inbound": 1}
        async with bus.tail(["inbound"]) as tail:
            await bus.publish([ProducerRecord("inbound", 0, "k", b"more")])
            assert [one.value for one in await tail.poll(wait=20)] == [b"more"]


@pytest.mark.parametrize(("user", "password"), [(None, None), ("pasokh", "guessed")])
async def test_nobody_else_is_let_in(kafka: Access, tmp_path: Path, user: str | None, password: str | None) -> None:
    with pytest.raises(Unavailable, match="Kafka"):
        async with open_engine(settings(kafka, tmp_path, user, password), SystemTimeSource(), COLLECTIONS):
            pass
