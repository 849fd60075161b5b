"""The configurations of workspaces: numbered documents, and a head that names the number in force. Only REST writes them."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.configuration import WorkspaceConfiguration
from schemas.values import Instant
from services.platform.processing.reads import Documents
from services.platform.processing.unit_of_work import Reader, UnitOfWork
from services.platform.store.port import Collection, Index, Key

MAX_CACHED = 512
FRESH_SECONDS = 1.0
"""How long, in seconds, a process may use a configuration since it read the head."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationHead:
    """The version of the configuration in force. The document's id is the workspace."""

    workspace: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """Routing rules whose announcement to dispatch is not published yet. The document's id is the workspace.

    It is written in the commit of the rules, so that a crash before the announcement loses nothing.
    """

    workspace: str
    version: int
    at: Instant


ANNOUNCEMENTS = Collection("announcements", Announcement, writer="rest", indexes=(Index("at", ("at",)),))
CONFIGURATION_HEADS = Collection(
    "configuration_heads", ConfigurationHead, writer="rest", indexes=(Index("workspace", ("workspace",)),)
)
CONFIGURATIONS = Collection("configurations", WorkspaceConfiguration, writer="rest", immutable=True)


def version_id(workspace: str, version: int) -> str:
    """The id of one numbered configuration."""
    return f"{workspace}/{version}"


class Configurations:
    """Reads configurations: the heads at every call, the numbered documents once, because these never change."""

    def __init__(self) -> None:
        self._cached: OrderedDict[str, WorkspaceConfiguration] = OrderedDict()

    async def current(self, reader: Reader, workspaces: Iterable[str]) -> dict[str, WorkspaceConfiguration]:
        """The configuration in force of each workspace; without the workspaces that do not exist. Raises Unavailable."""
        keys = [Key(CONFIGURATION_HEADS.name, w) for w in sorted(set(workspaces))]
        found = await reader.get_many(keys) if keys else {}
        return await self.for_heads(reader, [CONFIGURATION_HEADS.decode(document) for document in found.values()])

    async def for_heads(
        self, reader: Reader, heads: Iterable[ConfigurationHead | None]
    ) -> dict[str, WorkspaceConfiguration]:
        """The same for heads that are read already; None stands for a workspace that does not exist."""
        ids = sorted({version_id(head.workspace, head.version) for head in heads if head is not None})
        await self._load(reader, [i for i in ids if i not in self._cached])
        return {self._cached[i].workspace: self._cached[i] for i in ids}

    async def _load(self, reader: Reader, ids: list[str]) -> None:
        found = await reader.get_many([Key(CONFIGURATIONS.name, i) for i in ids]) if ids else {}
        for key, document in found.items():
            self._cached[key.id] = CONFIGURATIONS.decode(document)
        while len(self._cached) > MAX_CACHED:
            self._cached.popitem(last=False)


async def read_configuration(reader: Reader, workspace: str) -> WorkspaceConfiguration | None:
    """The configuration in force of a workspace; None when there is no such workspace. Raises Unavailable."""
    return (await Configurations().current(reader, [workspace])).get(workspace)


# -- the same for processors, which declare their reads ------------------------------------------------------


def numbered_configuration(work: UnitOfWork, workspace: str) -> Iterator[Documents]:
    """The second step of the reads: the numbered document that the head names. The first step must have read the head."""
    head = work.get(CONFIGURATION_HEADS, workspace)
    if head is not None:
        yield Documents(CONFIGURATIONS, [version_id(workspace, head.version)])


def configuration_in_force(work: UnitOfWork, workspace: str) -> WorkspaceConfiguration | None:
    """The configuration in force; None for a workspace that does not exist. Raises UndeclaredRead."""
    head = work.get(CONFIGURATION_HEADS, workspace)
    return work.get(CONFIGURATIONS, version_id(workspace, head.version)) if head is not None else None
