"""What an account of a bot says on every platform that has bots: how the bot is found, how its updates come in, what it greets with."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.configuration import AccountBody
from services.channels.account_settings import ChosenSecret, HandoffSettings

MAX_TEXT = 4096
"""The characters of a text that a bot sends at once."""
GreetingText = Annotated[str, StringConstraints(pattern=r"\S", max_length=MAX_TEXT)]
PathSecret = Annotated[ChosenSecret, StringConstraints(pattern=r"^[A-Za-z0-9._~-]{8,256}$")]
"""The end of the address of a platform that signs nothing: whoever knows it is the platform to us."""
PATH_CHARACTERS = "A-Z a-z 0-9 . _ ~ -"


class BotSettings(HandoffSettings):
    """How the bot is found, and how its updates come in."""

    username: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{2,63}$")] | None = Field(
        None, description="the bot's username without @, like example_shop_bot"
    )
    receive: Literal["webhook", "poll"] = Field(
        "webhook", description='how updates come in: "webhook", or "poll" where the platform cannot reach us'
    )
    greeting: GreetingText | Annotated[dict[str, GreetingText], Field(min_length=1)] | None = Field(
        None, description=f"a text, or a text per language; each has at most {MAX_TEXT} characters"
    )


def is_polled(body: AccountBody) -> bool:
    """Whether the account polls updates instead of receiving webhooks."""
    return body.settings.get("receive") == "poll"


def missing_proof(body: AccountBody, name: str, alphabet: str) -> list[tuple[str, str]]:
    """What an account lacks that receives webhooks without the credential `name`, which proves them. See `conflicts`."""
    if is_polled(body) or name in body.credentials:
        return []
    return [(f"/credentials/{name}", f"{name} is required: 8-256 characters of {alphabet}")]
