"""Parses and enriches a body without any effect: the output of `pasokh parse`."""

from datetime import UTC, datetime

from schemas.activity import Activity
from schemas.configuration import AccountBody
from services.channels.port import Account, MalformedPayload, PartlyMalformed, Request
from services.channels.registry import channel
from services.ingest.enrichment import enrich
from services.platform.http.bodies import too_deep

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def preview_activities(channel_name: str, body: bytes, *, received_at: datetime = EPOCH) -> list[Activity]:
    """The activities of a body for an account `local/main` without credentials. Signatures are not verified.

    Raises LookupError for an unknown channel, MalformedPayload; PartlyMalformed with what can be read of a list.
    """
    adapter = channel(channel_name)
    if adapter is None:
        raise LookupError(f"there is no channel {channel_name!r}")
    if too_deep(body):
        raise MalformedPayload("the body nests deeper than any platform's")
    account = Account("local", channel_name, "main", AccountBody(credentials={}))
    request = Request("POST", f"/webhooks/{channel_name}/local/main", {}, {}, body, received_at)
    try:
        return [enrich(activity) for activity in adapter.parse(request, account)]
    except PartlyMalformed as part:
        raise PartlyMalformed([enrich(activity) for activity in part.activities], part.items) from part
