"""An account. There are no fixtures: Eitaa calls nobody."""

from schemas.configuration import AccountBody
from services.channels.port import Account

TOKEN = "bot123456:a-secret-of-eitaa"
WITHOUT_PLACES = "nobody writes on a channel that only sends"


def account(**changes: object) -> Account:
    body = {"credentials": {"token": TOKEN}} | changes
    return Account("shop", "eitaa", "main", AccountBody.model_validate(body))
