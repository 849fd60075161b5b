"""What every channel makes of a body that its platform never sent: a field is missing, or has another type or an odd value.

Each gives activities, or is refused as no body of the platform. Nothing else may be raised: an error of our own would be a
call that the platform repeats for hours, and nothing behind it would come through.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from schemas.values import Json
from services.channels.port import Account, Channel, InvalidPayload, PartlyInvalidPayload, Request
from services.ingest.enrichment import enrich
from tests.channels.test_every_channel import WITH_WEBHOOKS, account_for, authentic, cases_of
from tests.examples import SHARE

ODD_VALUES: tuple[Json, ...] = (
    None,
    {},
    "",
    0,
    -1,
    1e308,
    float("nan"),
    float("inf"),
    10**30,
    -(10**30),
    253_402_300_800,
    253_402_300_800_000,
    True,
    1.5,
    [None],
    [{}],
    [[[]]],
    ["a"],
    {"a": 1},
    "\ud800",
    "\x00",
    "\u202e\u200f",
    "۱۲۳۴۵۶۷۸۹۰",
    "9" * 400,
    "-5",
    "1e400",
    "2026-13-45T99:99:99Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "http://[::1",
    "https://shop.example:99999999/",
    "long " * 4_000,
)
OTHER_BODIES = (
    *(
        b"",
        b"null",
        b"[]",
        b"{}",
        b"1",
        b'"text"',
        b"NaN",
        b"[null]",
        b"[1]",
        b"[{}]",
        b"\xff\xfe",
        b'{"a": 1, "a": 2}',
    ),
    b"[" * 60 + b"]" * 60,
    b'{"a":' * 60 + b"1" + b"}" * 60,
)
"""Bodies of no platform: odd JSON, and what is no JSON at all."""


def other_bodies(request: Request) -> Iterator[tuple[str, bytes]]:
    """Bodies made of an authentic one, and what was changed: each field is left out, is a list, and has an odd value, in turn."""
    odd = cycle(ODD_VALUES)
    yield from (("another body", body) for body in OTHER_BODIES)
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        yield from _other_forms(parse_qsl(request.body.decode(), keep_blank_values=True))
        return
    try:
        document = json.loads(request.body)
    except ValueError:
        return
    for holder, place in list(_fields(document))[::SHARE]:
        genuine = holder[place]
        for value in ([], next(odd)):
            holder[place] = value
            yield f"{place} is {value!r:.40}", json.dumps(document).encode()
        holder[place] = genuine
        if isinstance(holder, dict):
            del holder[place]
            yield f"{place} is missing", json.dumps(document).encode()
            holder[place] = genuine


# Any: an object with a name, or an array with an index.
def _fields(value: Json) -> Iterator[tuple[Any, Any]]:
    """Every object and array, with each place in it, outer ones first."""
    if isinstance(value, dict):
        for name, inside in value.items():
            yield value, name
            yield from _fields(inside)
    elif isinstance(value, list):
        for index, inside in enumerate(value):
            yield value, index
            yield from _fields(inside)


def _other_forms(fields: list[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    odd = cycle(str(value).encode("utf-8", "replace") for value in ODD_VALUES)
    for at, (name, _) in enumerate(fields):
        before, after = fields[:at], fields[at + 1 :]
        yield f"{name} is missing", urlencode([*before, *after]).encode()
        yield f"{name} comes twice", urlencode([*fields, fields[at]]).encode()
        for value in (next(odd), next(odd)):
            yield f"{name} is {value!r:.40}", urlencode([*before, (name, value), *after]).encode()


def check_parsed(channel: Channel, request: Request, account: Account) -> None:
    """The call is refused as no body of the platform's, or gives activities that can be masked and stored."""
    try:
        found = channel.parse(request, account)
    except (PartlyInvalidPayload, InvalidPayload):
        return
    assert found
    assert len({activity.id for activity in found}) == len(found)
    for activity in found:
        assert activity.person.startswith(f"{channel.name}:{account.id}:")
        enrich(activity).model_dump_json()


@pytest.mark.parametrize("channel", WITH_WEBHOOKS, ids=lambda channel: channel.name)
def test_any_other_body_gives_activities_or_is_refused(channel: Channel, subtests: pytest.Subtests) -> None:
    cases = cases_of(channel)
    for path in sorted(cases.PAYLOADS.iterdir()):
        request, account = authentic(cases, path), account_for(cases, path)
        with subtests.test(path.name):
            for what, body in other_bodies(request):
                try:
                    check_parsed(channel, replace(request, body=body), account)
                except Exception as error:
                    error.add_note(what)
                    raise
