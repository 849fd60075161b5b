"""A client of MongoDB: how it is made, what its errors mean, and what pymongo's own asynchronous client does differently."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession, AsyncIOMotorCollection
from pymongo.errors import ConfigurationError, InvalidURI, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from services.platform.core.errors import Misconfigured, Unavailable

SELECTION_SECONDS = 2.5
READ_SECONDS = 5.0

Raw = dict[str, Any]
Client = AsyncIOMotorClient[Raw]
Session = AsyncIOMotorClientSession
Documents = AsyncIOMotorCollection[Raw]


def require_replica_set(hello: Mapping[str, Any]) -> None:
    """Raises Misconfigured when the answer to `hello` is that of a server without transactions."""
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise Misconfigured(
            "PASOKH_STORE: this MongoDB runs alone and has no transactions. Make it a replica set of one: start it "
            "with `--replSet pasokh`, run `rs.initiate()` in mongosh once, and add `?replicaSet=pasokh` to the URL"
        )


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise Unavailable for errors of the driver."""
    try:
        yield
    except PyMongoError as error:
        raise Unavailable(f"MongoDB: {error!r}") from error


# What `pymongo.AsyncMongoClient` does differently: it is made the same way, `start_session` is not awaited there, and
# `start_transaction` and `close` are.


def connect(url: str) -> Client:
    """A client, which connects on first use. Raises Misconfigured for a text that is no URL of MongoDB."""
    try:
        return AsyncIOMotorClient(
            url,
            appname="pasokh",
            serverSelectionTimeoutMS=int(SELECTION_SECONDS * 1000),
            connectTimeoutMS=int(SELECTION_SECONDS * 1000),
            # The default of 10 s would be how long a new primary goes unnoticed.
            heartbeatFrequencyMS=500,
            waitQueueTimeoutMS=int(READ_SECONDS * 1000),
        )
    except (ConfigurationError, InvalidURI, ValueError) as error:
        raise Misconfigured(f"PASOKH_STORE must be like mongodb://host:27017/?replicaSet=name: {error}") from error


def has_primary(client: Any) -> bool:
    # Any: motor's types call this property a method.
    return bool(client.topology_description.has_writable_server())


async def start_session(client: Client) -> Session:
    return await client.start_session()


async def begin(session: Session) -> None:
    session.start_transaction(read_concern=ReadConcern("majority"), write_concern=WriteConcern("majority"))


async def close(client: Client) -> None:
    client.close()
