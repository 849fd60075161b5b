"""Commands of agents over REST: a refusal is read in the language of whoever asked (`Accept-Language`)."""

from typing import Annotated, get_args

from fastapi import Depends, Header

from schemas.commands import CommandResult
from schemas.values import AgentLanguage
from services.platform.http.command_gateway import Command, Precheck
from services.platform.http.dependencies import CommandsDep
from services.platform.http.languages import preferred_language
from services.platform.http.problems import CommandRejected
from services.router.conversations.domain.command_phrases import in_language

AcceptLanguage = Annotated[str | None, Header(max_length=1000)]


def agent_language(accept_language: AcceptLanguage = None) -> AgentLanguage:
    """The language of sentences for the agent who asks."""
    return preferred_language(accept_language, get_args(AgentLanguage))


AgentLanguageDep = Annotated[AgentLanguage, Depends(agent_language)]


class AgentCommands:
    """The gateway of commands for one request. `language` is that of the agent."""

    def __init__(self, commands: CommandsDep, language: AgentLanguageDep) -> None:
        self._commands, self.language = commands, language

    async def execute(self, command: Command, wait: float, admit: Precheck | None = None) -> CommandResult | None:
        """As `CommandGateway.execute`."""
        try:
            return await self._commands.execute(command, wait, admit)
        except CommandRejected as rejected:
            raise CommandRejected(in_language(rejected.problem, self.language)) from None


AgentCommandsDep = Annotated[AgentCommands, Depends()]
