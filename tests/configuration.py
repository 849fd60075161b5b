"""Writes the configuration of a workspace into a store as REST does."""

from schemas.configuration import WorkspaceConfiguration
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS, ConfigurationHead, version_id
from tests.fakes import MemoryStore


def configure(store: MemoryStore, configuration: WorkspaceConfiguration) -> None:
    """Write this version and make it the current one."""
    workspace, version = configuration.workspace, configuration.version
    store.insert(CONFIGURATIONS, version_id(workspace, version), configuration)
    store.insert(CONFIGURATION_HEADS, workspace, ConfigurationHead(workspace=workspace, version=version))
