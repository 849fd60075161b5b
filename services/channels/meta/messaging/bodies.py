"""Bodies of Messenger and Instagram: their entries, and what each of them holds. Pure.

An entry comes in three shapes (developers.facebook.com/docs/instagram-platform/webhooks/examples): `messaging[]` or `standby[]`,
`changes[]`, and `field` with `value` on the entry itself. Each is read for every type of login.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from schemas.activity import Activity
from schemas.values import Json
from services.channels.json_access import as_dict, as_str, dicts
from services.channels.meta.entry import EntryContext
from services.channels.meta.messaging import messages, people, referrals, states
from services.channels.meta.messaging.event import MessagingEvent, read_event
from services.channels.meta.publications.changes import FIELDS, parse_change
from services.channels.meta.webhook import as_platform_id, changes_of, instant, read_entries
from services.channels.port import Request

Handler = Callable[[MessagingEvent, str, Json], list[Activity]]
HANDLERS: Mapping[str, Handler] = {
    "message": messages.message,
    "message_edit": messages.edit,
    "reaction": states.reaction,
    "delivery": states.delivery,
    "read": states.read,
    "postback": referrals.postback,
    "referral": referrals.referral,
    "optin": referrals.optin,
    "profile": people.profile,
    "policy_enforcement": states.policy,
    "policy-enforcement": states.policy,
    "pass_thread_control": states.thread_control,
    "take_thread_control": states.thread_control,
    "request_thread_control": states.thread_control,
}
ENVELOPE = frozenset({"sender", "recipient", "timestamp"})
TEST_ENTRY = "0"
"""The id of the entry that the dashboard's button "Test" sends: it is of no account, so the one of the path reads it."""


@dataclass(frozen=True, slots=True)
class BodyKind:
    """A kind of webhook: its `object`, and whether an entry may name its account otherwise than its events do.

    An Instagram account has an id for each type of login, and both occur in one entry; a Page has one.
    """

    subject: str
    has_several_ids: bool


def entry_ids(request: Request, kind: BodyKind) -> list[str]:
    """The accounts that a body is about. Raises InvalidPayload."""
    subject, entries = read_entries(request)
    ids = [as_platform_id(entry.get("id")) for entry in entries] if subject == kind.subject else []
    return [identity for identity in dict.fromkeys(ids) if identity is not None and identity != TEST_ENTRY]


def parse(request: Request, kind: BodyKind, context: EntryContext) -> list[Activity]:
    """The activities of a body for one account, each once; at least one. Raises InvalidPayload."""
    subject, entries = read_entries(request)
    nothing = MessagingEvent(context, None, None, None, is_standby=False, is_echo=False)
    if subject != kind.subject:
        return nothing.unknown("object", request.body.hex(), reason="object")
    found: dict[str, Activity] = {}
    for activity in (activity for entry in entries for activity in _parse_entry(entry, kind, context)):
        # One body may hold the same event twice.
        found.setdefault(activity.id, activity)
    return [*found.values()] or nothing.unknown("entry", request.body.hex(), reason="nothing_for_this_account")


def _parse_entry(entry: dict[str, Json], kind: BodyKind, context: EntryContext) -> Iterator[Activity]:
    reader = _reader(entry, kind, context)
    for field in ("messaging", "standby"):
        for raw in dicts(entry.get(field)):
            yield from reader.event(raw, is_standby=field == "standby")
    for change in changes_of(entry):
        yield from reader.change(change)


def _reader(entry: dict[str, Json], kind: BodyKind, context: EntryContext) -> "_EntryReader":
    identity = as_platform_id(entry.get("id"))
    # A file that is read without an account is about whom it names.
    is_anybody = not context.own_ids
    is_ours = is_anybody or identity in context.own_ids or identity == TEST_ENTRY
    is_further = is_ours and (is_anybody or kind.has_several_ids)
    own_ids = context.own_ids | {identity} if is_further and identity else context.own_ids
    here = replace(context, own_ids=own_ids, entry_at=instant(entry.get("time")))
    # Who takes part is invented in a test.
    return _EntryReader(here, is_ours=is_ours, is_strict=not kind.has_several_ids and identity != TEST_ENTRY)


@dataclass(frozen=True, slots=True)
class _EntryReader:
    """Reads the events of one entry. `is_ours`: it is of this account; `is_strict`: then each of its events names the account."""

    entry: EntryContext
    is_ours: bool
    is_strict: bool

    def change(self, change: dict[str, Json]) -> Iterator[Activity]:
        """A change of a field. Those of direct messages have an event as their value."""
        field, value = as_str(change.get("field")) or "none", change.get("value")
        # Of a public comment, `message` is its text.
        if field not in FIELDS and HANDLERS.keys() & as_dict(value).keys():
            yield from self.event(as_dict(value), is_standby=field == "standby")
        elif self.is_ours:
            yield from parse_change(self.entry, field, value)

    def event(self, raw: dict[str, Json], *, is_standby: bool) -> list[Activity]:
        """The activities of an event; none for one of another account."""
        event = read_event(self.entry, raw, is_standby=is_standby)
        if not (self.is_ours or event.names_us):
            return []
        field = next((name for name in HANDLERS if name in raw), None)
        if field is None:
            return event.unknown(next(iter(sorted(raw.keys() - ENVELOPE)), "none")[:64], raw)
        if self.is_strict and event.is_of_others:
            return event.unknown(field, raw.get(field), reason="other_account")
        return HANDLERS[field](event, field, raw.get(field))
