"""What REST wrote, numbered per workspace, and the head that says which number is in force. Written by REST alone."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.configuration import WorkspaceConfiguration
from schemas.values import Instant
from services.platform.processing.reads import Documents
from services.platform.processing.unit_of_work import Reader, UnitOfWork
from services.platform.store.port import Collection, Document, Index, Key

MAX_CACHED = 512
FRESH_SECONDS = 1.0
"""How long a process may go by a configuration that it has read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationHead:
    """The version in force of a workspace. Its id is the workspace."""

    workspace: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """Routing rules that were written and that dispatch is still to be told of. Its id is the workspace.

    It is written in the commit of the rules, so that a crash before the telling loses nothing.
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
    """Reads configurations: heads on every call, the numbered documents (which never change) once."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, WorkspaceConfiguration] = OrderedDict()

    async def current(self, reader: Reader, workspaces: Iterable[str]) -> dict[str, WorkspaceConfiguration]:
        """The configuration in force per workspace; a workspace that does not exist is left out."""
        keys = [Key(CONFIGURATION_HEADS.name, w) for w in sorted(set(workspaces))]
        found = await reader.get_many(keys) if keys else {}
        return await self.version(reader, [CONFIGURATION_HEADS.decode(document) for document in found.values()])

    async def version(
        self, reader: Reader, heads: Iterable[ConfigurationHead | None]
    ) -> dict[str, WorkspaceConfiguration]:
        """The same for heads that were read already; None: a workspace that does not exist."""
        ids = sorted({version_id(head.workspace, head.version) for head in heads if head is not None})
        await self._hold(reader, [i for i in ids if i not in self._held])
        return {self._held[i].workspace: self._held[i] for i in ids}

    async def _hold(self, reader: Reader, ids: list[str]) -> None:
        found = await reader.get_many([Key(CONFIGURATIONS.name, i) for i in ids]) if ids else {}
        for key, document in found.items():
            self._held[key.id] = _parsed(document)
        while len(self._held) > MAX_CACHED:
            self._held.popitem(last=False)


def _parsed(document: Document) -> WorkspaceConfiguration:
    return CONFIGURATIONS.decode(document)


async def read_configuration(reader: Reader, workspace: str) -> WorkspaceConfiguration | None:
    """The configuration in force of a workspace; None when there is no such workspace. Raises Unavailable."""
    return (await Configurations().current(reader, [workspace])).get(workspace)


# -- the same for processors, which read all their documents at once ------------------------------------------------------


def numbered_configuration(work: UnitOfWork, workspace: str) -> Iterator[Documents]:
    """The second step: the numbered document that the head, read in the first one, names."""
    head = work.get(CONFIGURATION_HEADS, workspace)
    if head is not None:
        yield Documents(CONFIGURATIONS, [version_id(workspace, head.version)])


def configuration_in_force(work: UnitOfWork, workspace: str) -> WorkspaceConfiguration | None:
    """The configuration in force; None for a workspace that does not exist. Raises UndeclaredRead."""
    head = work.get(CONFIGURATION_HEADS, workspace)
    return work.get(CONFIGURATIONS, version_id(workspace, head.version)) if head is not None else None
