"""Messages that no person wrote and the channel does not take are held back. The log says so."""

from typing import get_args

import structlog

from schemas.configuration import WorkspaceConfiguration
from schemas.values import AgentLanguage
from services.domain.sending_rules import Refused

_log = structlog.get_logger(__name__)


def language_of_agents(configuration: WorkspaceConfiguration | None) -> AgentLanguage:
    """The first language of the workspace in which there are sentences for agents."""
    spoken = configuration.profile.body.languages if configuration else []
    known: tuple[AgentLanguage, ...] = get_args(AgentLanguage)
    return next((one for language in spoken for one in known if one == language.split("-")[0]), known[0])


def log_held_back(workspace: str, channel: str, refused: Refused) -> None:
    """Log that an automatic message did not go out."""
    _log.warning("automatic_message_held_back", workspace=workspace, channel=channel, reason=refused.reason)
