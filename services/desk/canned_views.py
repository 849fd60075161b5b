"""Body and view of canned answers."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from schemas.configuration import Language, Name
from schemas.values import Instant, RequestModel, Slug
from schemas.visible import Visible
from services.domain.canned_answers import CannedAnswer, variables_of

MAX_TEXT = 10_000
Shortcut = Annotated[str, StringConstraints(pattern=r"^[^\s/{}]{1,40}$"), Visible]


class CannedBody(RequestModel):
    """A canned answer. A variable in the text is a name in braces: `{customer.name}`."""

    title: Name
    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT), Visible]
    language: Language | None = Field(default=None, description="The language of the text; null if it fits every one.")
    teams: list[Slug] = Field(
        default=[], max_length=100, description="The teams whose agents use it; without teams, all agents."
    )
    shortcut: Shortcut | None = Field(default=None, description="What an agent types to find it, without the slash.")


class CannedView(BaseModel):
    """A canned answer."""

    id: str
    title: str
    text: str
    language: str | None
    teams: list[str]
    shortcut: str | None = Field(description="What an agent types to find it, without the slash.")
    variables: list[str] = Field(description="The names in braces in the text, in the order in which they come first.")
    updated_at: Instant


class CannedQuery(RequestModel):
    """The query parameters of the list."""

    language: str | None = Field(
        default=None, max_length=40, description="Only answers of this language, and those that fit every one."
    )
    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=2000)


def canned_view(answer: CannedAnswer) -> CannedView:
    return CannedView(
        id=answer.id,
        title=answer.title,
        text=answer.text,
        language=answer.language,
        teams=answer.teams,
        shortcut=answer.shortcut,
        variables=variables_of(answer.text),
        updated_at=answer.updated_at,
    )
