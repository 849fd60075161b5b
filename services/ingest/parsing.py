"""Parses a body into activities: of a webhook, of a poll, or of a file (`pasokh parse`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import unquote

from schemas.activity import Activity
from schemas.channel import Capabilities
from schemas.configuration import AccountBody
from services.channels.port import (
    Account,
    Channel,
    InvalidPayload,
    ItemVerdict,
    PartlyInvalidPayload,
    Request,
    query_parameters,
)
from services.channels.registry import ABILITIES, channel
from services.ingest.enrichment import enrich
from services.platform.http.bodies import MAX_DEPTH, too_deep

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
READ_AT = datetime(2100, 12, 30, tzinfo=UTC)
"""When a file is read, for all that is judged by the time of receipt: after every time that a platform states."""


class NestedTooDeep(InvalidPayload):
    """The body nests deeper than any platform's: 400 on every channel, because no repeat of a platform is at stake."""


@dataclass(frozen=True, slots=True)
class ParsedBody:
    """The activities of a body, and a verdict on each item of a list of which some were refused; else no verdicts."""

    activities: list[Activity]
    verdicts: list[ItemVerdict] = field(default_factory=list)


def check_depth(request: Request, capabilities: Capabilities) -> None:
    """Raises NestedTooDeep for JSON that a decoder may not survive, because it may recurse once per level; in linear time."""
    if capabilities.json_bodies and too_deep(request.body):
        raise NestedTooDeep(f"the body nests arrays and objects deeper than {MAX_DEPTH}")


def parse_body(channel: Channel, account: Account, request: Request) -> ParsedBody:
    """The activities of an authentic body of a depth that was checked. Raises InvalidPayload."""
    try:
        return ParsedBody(channel.parse(request, account))
    except PartlyInvalidPayload as part:
        return ParsedBody(part.activities, part.items)


def preview_activities(
    channel_name: str,
    body: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    subpath: str = "",
    account_body: AccountBody | None = None,
) -> list[Activity]:
    """The enriched activities of a call to the account `local/main`, which has no credentials without `account_body`.

    `subpath` follows the account in the path and may have a query. Signatures are not verified. Raises LookupError for an
    unknown channel, InvalidPayload; PartlyInvalidPayload with what can be read of a list. `received_at` is the epoch, because
    nobody received it: the same file gives the same lines.
    """
    adapter = channel(channel_name)
    if adapter is None:
        raise LookupError(f"there is no channel {channel_name!r}")
    account = Account("local", channel_name, "main", account_body or AccountBody(credentials={}))
    subpath, _, query = subpath.removeprefix("/").partition("?")
    request = Request(
        "POST",
        f"/webhooks/{channel_name}/local/main" + (f"/{subpath}" if subpath else ""),
        dict(query_parameters(query)),
        {name.lower(): value for name, value in (headers or {}).items()},
        body,
        READ_AT,
        unquote(subpath),
        query,
    )
    check_depth(request, ABILITIES.capabilities_of(adapter, account.body))
    parsed = parse_body(adapter, account, request)
    activities = [enrich(one).model_copy(update={"received_at": EPOCH}) for one in parsed.activities]
    if parsed.verdicts:
        raise PartlyInvalidPayload(activities, parsed.verdicts)
    return activities
