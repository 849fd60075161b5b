"""The language in which an operator reads what is wrong: `Accept-Language`."""

from typing import Annotated, get_args

from fastapi import Depends, Header, Response

from schemas.values import AgentLanguage
from services.platform.http.languages import preferred_language
from services.rest.dependencies import ExistingWorkspace
from services.text.sentences import SentenceReader


def sentence_reader(
    configuration: ExistingWorkspace,
    response: Response,
    accept_language: Annotated[str | None, Header(max_length=1000)] = None,
) -> SentenceReader:
    """Who asks: their language, and the workspace's time zone, which stands behind each time."""
    language = preferred_language(accept_language, get_args(AgentLanguage))
    response.headers.update({"Content-Language": language, "Vary": "Accept-Language"})
    return SentenceReader(language, configuration.profile.body.timezone, names_zone=True)


SentenceReaderDep = Annotated[SentenceReader, Depends(sentence_reader)]
