"""The configurations of workspaces: numbered documents, and a head that names the number in force. Only REST writes them."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass

from schemas.configuration import WorkspaceConfiguration
from schemas.values import Instant
from services.platform.processing.reads import Documents
from services.platform.processing.unit_of_work import Reader, UnitOfWork
from services.platform.store.all_pages import all_pages
from services.platform.store.port import Collection, Index, Key, Query

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
        """The same for heads that are read already, in their order; None stands for a workspace that does not exist."""
        ids = list(dict.fromkeys(version_id(head.workspace, head.version) for head in heads if head is not None))
        # Taken out before anything is loaded: what is loaded may push them out of the cache.
        known = {i: self._cached[i] for i in ids if i in self._cached}
        known |= await self._load(reader, [i for i in ids if i not in known])
        return {known[i].workspace: known[i] for i in ids if i in known}

    async def every(self, reader: Reader) -> AsyncIterator[WorkspaceConfiguration]:
        """The configuration in force of every workspace, in the order of their names. Raises Unavailable."""
        async for page in all_pages(reader, Query(CONFIGURATION_HEADS.name, "workspace")):
            heads = [CONFIGURATION_HEADS.decode(document) for _, document in page]
            for configuration in (await self.for_heads(reader, heads)).values():
                yield configuration

    async def _load(self, reader: Reader, ids: list[str]) -> dict[str, WorkspaceConfiguration]:
        """The numbered documents that are still there: those of a workspace that is being deleted are not."""
        found = await reader.get_many([Key(CONFIGURATIONS.name, i) for i in ids]) if ids else {}
        loaded = {key.id: CONFIGURATIONS.decode(document) for key, document in found.items()}
        self._cached |= loaded
        while len(self._cached) > MAX_CACHED:
            self._cached.popitem(last=False)
        return loaded


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
