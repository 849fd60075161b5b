"""Parses a webhook: entries, each with changes, each with lists of items; a table from the list to what its items are.

Nothing is lost: what is not known here, or concerns the business account and no number, becomes kind `unknown`.
"""

import re
from collections.abc import Callable, Iterator, Mapping

import orjson

from schemas.activity import Activity
from schemas.values import Json
from services.channels.account_scope import AccountScope, scope_of
from services.channels.json_access import as_dict, as_id_str, as_str, dicts, drop_none
from services.channels.meta.entry import own_id
from services.channels.meta.webhook import instant, read_entries
from services.channels.meta.whatsapp.messages import parse_echo, parse_message
from services.channels.meta.whatsapp.people import WhatsappUser, read_contacts
from services.channels.meta.whatsapp.reports import parse_call, parse_error, parse_preference, parse_status
from services.channels.meta.whatsapp.scope import NumberChange
from services.channels.port import Account, Request

ItemParser = Callable[[NumberChange, dict[str, Json]], list[Activity]]
MAX_VALUE_BYTES = 4_000
"""The longest value of a change of the business account that is stored."""
NOT_DIGITS = re.compile(r"\D")

LISTS: Mapping[str, ItemParser] = {
    "messages": parse_message,
    "message_echoes": parse_echo,
    "statuses": parse_status,
    "calls": parse_call,
    "user_preferences": parse_preference,
    "errors": parse_error,
}
"""The lists of a change's value → what their items are."""


def parse(request: Request, account: Account) -> list[Activity]:
    """The activities of a webhook that are about the account, in their order, each once. Raises InvalidPayload."""
    own = own_id(account.body, "phone_number_id")
    found: dict[str, Activity] = {}
    for entry, change in _changes(request):
        number = number_of(change)
        if own is None or number is None or number == own:
            for activity in _parse_change(scope_of(account, number or own), entry, change, request):
                # A body may say one thing twice.
                found.setdefault(activity.id, activity)
    return list(found.values()) or [_nothing(scope_of(account, own), request)]


def addressees(request: Request) -> list[str]:
    """The ids of the phone numbers that a webhook is about, in order. Raises InvalidPayload."""
    numbers = (number_of(change) for _, change in _changes(request))
    return list(dict.fromkeys(number for number in numbers if number is not None))


def number_of(change: Mapping[str, Json]) -> str | None:
    """The id of the phone number that a change is about; None: it is about the business account."""
    number = as_dict(as_dict(change.get("value")).get("metadata")).get("phone_number_id")
    return as_str(number) or as_id_str(number)


def _changes(request: Request) -> Iterator[tuple[dict[str, Json], dict[str, Json]]]:
    _, entries = read_entries(request)
    for entry in entries:
        for change in dicts(entry.get("changes")):
            yield entry, change


def _parse_change(
    scope: AccountScope, entry: dict[str, Json], change: dict[str, Json], request: Request
) -> Iterator[Activity]:
    value, field = as_dict(change.get("value")), (as_str(change.get("field")) or "none")[:64]
    phone = NOT_DIGITS.sub("", as_str(as_dict(value.get("metadata")).get("display_phone_number")) or "")
    raw: Json = [entry.get("time"), change]
    context = NumberChange(scope, field, request.received_at, read_contacts(value), phone or None, raw)
    is_empty = True
    for name, parse_item in LISTS.items():
        for item in dicts(value.get(name)):
            is_empty = False
            yield from parse_item(context, item)
    if is_empty:
        yield _without_items(context, entry, change)


def _without_items(context: NumberChange, entry: Mapping[str, Json], change: Mapping[str, Json]) -> Activity:
    """A change of the business account (the status of a template, a limit, a quality), or of a kind that is not known.

    The former is Meta's own words. The latter may hold what customers wrote, and keeps its name alone.
    """
    content = as_dict(change.get("value")) if number_of(change) is None else {}
    details = drop_none(
        raw=context.field,
        waba_id=as_str(entry.get("id")),
        value=content if len(orjson.dumps(content)) <= MAX_VALUE_BYTES else None,
    )
    return context.activity(
        "unknown", WhatsappUser(), context.digest, sent_at=instant(entry.get("time")), details=details
    )


def _nothing(scope: AccountScope, request: Request) -> Activity:
    """A body without any change, or with changes of other numbers alone."""
    change = NumberChange(scope, "none", request.received_at, (), None, request.body.hex())
    return change.activity("unknown", WhatsappUser(), change.digest, details={"raw": "none"})
