"""Parses a body into activities: of a webhook, of a poll, or of a file (`pasokh parse`)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from schemas.activity import Activity
from schemas.configuration import AccountBody
from services.channels.port import Account, Channel, InvalidPayload, ItemVerdict, PartlyInvalidPayload, Request
from services.channels.registry import channel
from services.ingest.enrichment import enrich
from services.platform.http.bodies import MAX_DEPTH, too_deep

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NestedTooDeep(InvalidPayload):
    """The body nests deeper than any platform's: 400 on every channel, because no repeat of a platform is at stake."""


@dataclass(frozen=True, slots=True)
class ParsedBody:
    """The activities of a body, and a verdict on each item of a list of which some were refused; else no verdicts."""

    activities: list[Activity]
    verdicts: list[ItemVerdict] = field(default_factory=list)


def parse_body(channel: Channel, account: Account, request: Request) -> ParsedBody:
    """The activities of an authentic body. Raises InvalidPayload, NestedTooDeep.

    The depth is checked first, in linear time: a JSON decoder may recurse once per level.
    """
    if too_deep(request.body):
        raise NestedTooDeep(f"the body nests arrays and objects deeper than {MAX_DEPTH}")
    try:
        return ParsedBody(channel.parse(request, account))
    except PartlyInvalidPayload as part:
        return ParsedBody(part.activities, part.items)


def preview_activities(channel_name: str, body: bytes, *, received_at: datetime = EPOCH) -> list[Activity]:
    """The enriched activities of a body for an account `local/main` without credentials. Signatures are not verified.

    Raises LookupError for an unknown channel, InvalidPayload; PartlyInvalidPayload with what can be read of a list.
    """
    adapter = channel(channel_name)
    if adapter is None:
        raise LookupError(f"there is no channel {channel_name!r}")
    account = Account("local", channel_name, "main", AccountBody(credentials={}))
    request = Request("POST", f"/webhooks/{channel_name}/local/main", {}, {}, body, received_at)
    parsed = parse_body(adapter, account, request)
    activities = [enrich(activity) for activity in parsed.activities]
    if parsed.verdicts:
        raise PartlyInvalidPayload(activities, parsed.verdicts)
    return activities
