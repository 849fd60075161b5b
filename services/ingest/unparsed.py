"""What is published of an authentic body on which our own code failed: that it came, and nothing of its content."""

import traceback

from schemas.activity import Activity
from services.channels.port import Account, Request
from services.platform.core.identifiers import hashed_id


def unparsed_activity(account: Account, request: Request, error: Exception) -> Activity:
    """An activity of kind `unknown` that names the error's class. A repeat of the body gives the same id."""
    # The credentials are part of the hash, so that the content of a short body cannot be guessed from the id.
    secrets = [secret for name in sorted(account.body.credentials) for secret in account.secrets(name)]
    return Activity(
        id=hashed_id(account.workspace, account.channel, account.id, "not understood", *secrets, request.body.hex()),
        workspace=account.workspace,
        channel=account.channel,
        account=account.id,
        kind="unknown",
        surface="private",
        # No person is known, so all of an account's go to one partition and open no conversation.
        person=f"{account.channel}:{account.id}:none",
        received_at=request.received_at,
        details={"raw": "not_understood", "error": type(error).__name__},
    )


def error_location(error: Exception) -> dict[str, str]:
    """The error's class and the line that raised it. Its message may quote a customer, so it is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    return {"error": type(error).__name__, "where": f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""}
