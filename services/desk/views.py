"""Bodies and views of signing in."""

from typing import Annotated, Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from schemas.configuration import Scope
from schemas.values import Instant, RequestModel, Slug
from services.records.desk import DeskSession

Secret = Annotated[SecretStr, Field(min_length=1, max_length=200)]


class SignInBody(RequestModel):
    """What the agent who signs in by the link may do: by default what an agent's page does."""

    scopes: list[Scope] = Field(default=["desk"], min_length=1)


class SignInLink(BaseModel):
    """A link by which the agent signs in once. Whoever has it is the agent."""

    url: str = Field(description="The page, with the code behind `#`, which no server sees.")
    expires_at: Instant = Field(description="Until then the link works, once.")
    qr: list[str] = Field(
        default=[],
        description="The link as a QR code, to be drawn: a text per row, in it 1 for each dark module and 0 for each light one.",
    )


class DeskSessionBody(RequestModel):
    """What an agent signs in by: exactly one of `key`, which is bound to them, and `code`, of a sign-in link."""

    key: Secret | None = None
    code: Secret | None = None
    shared_computer: bool = False

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.key is None) == (self.code is None):
            raise ValueError("give exactly one of key and code")
        return self


class DeskSessionOpened(BaseModel):
    """The agent who is signed in. The session itself is in the cookie."""

    workspace: str
    agent: str
    expires_at: Instant = Field(description="When the agent has to sign in again, however much the session is used.")


class FirstRunBody(RequestModel):
    """The code of a first-run link, and the id of the workspace that is to be set up; it must not exist yet."""

    code: Secret
    workspace: Slug


class FirstRunOpened(BaseModel):
    """The workspace that the session may set up. The session itself is in the cookie."""

    workspace: str
    expires_at: Instant = Field(description="Until then an agent must have signed in; the session ends.")


class DeskSessionView(BaseModel):
    """A session of an agent in a browser."""

    id: str
    workspace: str
    agent: str
    scopes: list[Scope] = Field(description="What the session may do.")
    created_at: Instant
    used_at: Instant = Field(description="When it was last used, exact to an hour.")
    expires_at: Instant = Field(description="When it ends, at the latest; after seven days without use it ends too.")
    shared_computer: bool
    device: str = Field(description="What the browser said it is.")
    current: bool = Field(description="Whether it is the session of this request.")


def session_view(session: DeskSession, current: str | None) -> DeskSessionView:
    """`current` is the id of the caller's session."""
    return DeskSessionView(
        id=session.id,
        workspace=session.workspace,
        agent=session.agent,
        scopes=session.scopes,
        created_at=session.created_at,
        used_at=session.used_at,
        expires_at=session.expires_at,
        shared_computer=session.shared_computer,
        device=session.device,
        current=session.id == current,
    )
