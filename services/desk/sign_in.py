"""One-time codes: an admin makes one for an agent, who signs in by it."""

import secrets
from collections.abc import Sequence
from datetime import datetime

import segno

from schemas.configuration import Scope
from services.domain.session_lifetime import CODE_LASTS
from services.platform.core.errors import Fenced
from services.platform.http.problems import Unauthorized
from services.platform.store.port import Changes, Condition, Key, Put, Store
from services.platform.store.read_one import read_one
from services.records.agents import AgentRecord
from services.records.desk import SIGN_IN_CODES, SignInCode
from services.records.keys import new_secret, secret_digest

PAGE = "/desk"


def new_code(agent: AgentRecord, scopes: Sequence[Scope], now: datetime) -> tuple[str, SignInCode]:
    """A code of 256 random bits for an agent, and its record."""
    record = SignInCode(
        workspace=agent.workspace,
        agent=agent.id,
        generation=agent.generation,
        scopes=list(dict.fromkeys(scopes)),
        created_at=now,
        expires_at=now + CODE_LASTS,
    )
    return new_secret(), record


async def store_code(store: Store, code: str, record: SignInCode) -> None:
    """Store a code by its hash. Raises Unavailable."""
    key = Key(SIGN_IN_CODES.name, secret_digest(code))
    await store.commit(Changes(conditions=[Condition(key)], puts=[Put(key, record)]))


def sign_in_url(base: str, code: str) -> str:
    """The address of the page that signs in by the code. What follows `#` is sent to no server and stands in no log."""
    return f"{base.rstrip('/')}{PAGE}#code={code}"


def qr_rows(text: str) -> list[str]:
    """A QR code (ISO/IEC 18004) of a text, without its quiet zone: a text per row, 1 for dark."""
    code = segno.make(text, error="m", micro=False)
    return ["".join("1" if module else "0" for module in row) for row in code.matrix]


async def read_code(store: Store, code: str, now: datetime) -> tuple[Key, SignInCode]:
    """A code that is valid now, with its document. Raises Unauthorized, Unavailable."""
    key = Key(SIGN_IN_CODES.name, secret_digest(code))
    record = await read_one(store, SIGN_IN_CODES, key.id)
    if record is None or now >= record.expires_at:
        raise unknown_code()
    return key, record


async def spend_code(store: Store, key: Key, record: SignInCode, puts: Sequence[Put]) -> None:
    """Use a code up, in one commit with what it is used for. Raises Unauthorized if another request did, and Unavailable."""
    unspent = Condition(key, "agent", record.agent)
    try:
        await store.commit(Changes(conditions=[unspent], puts=puts, deletes=[key]))
    except Fenced as error:
        raise unknown_code() from error


def unknown_code() -> Unauthorized:
    """The refusal of a code that does not exist, was used or has expired: the three look alike."""
    return Unauthorized("This link does not work any more: it works once, for 15 minutes. Ask for a new one.")


def new_session_secret() -> tuple[str, str]:
    """The id and the secret of a new session."""
    return secrets.token_hex(16), new_secret()
