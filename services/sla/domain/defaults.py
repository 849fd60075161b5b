"""The SLA policies of a workspace that has never written `sla`: docs/kpis.md, "Default SLA policies"."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from schemas.business_calendar import Calendar, Weekday
from schemas.configuration import Policy, SlaMatch, Targets

MINUTE = 60.0
HOUR = 3600.0
OFFICE_DAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri")
URGENT_SHARE = 0.25
RESOLUTION_SECONDS = 24 * HOUR
URGENT_RESOLUTION_SECONDS = 4 * HOUR


@dataclass(frozen=True, slots=True)
class Default:
    """One row: where it holds, how soon the first answer comes, whether only office hours count."""

    name: str
    when: SlaMatch
    first_response_seconds: float | None
    pickup_seconds: float | None = None
    office_hours: bool = False


DEFAULTS: tuple[Default, ...] = (
    # In this order: a negative public comment on any channel comes before the channel's own row.
    Default("negative-public", SlaMatch(surface="public", sentiment="negative"), 30 * MINUTE),
    Default("webchat", SlaMatch(channel="webchat"), 2 * MINUTE),
    # A call is picked up, not replied to.
    Default("voice", SlaMatch(channel="voice"), None, pickup_seconds=30.0),
    Default("messengers", SlaMatch(channel=["whatsapp", "telegram", "bale", "eitaa", "rubika", "sms"]), 30 * MINUTE),
    Default("meta-private", SlaMatch(channel=["instagram", "messenger"], surface="private"), 2 * HOUR),
    Default("x", SlaMatch(channel="x"), HOUR),
    Default("email", SlaMatch(channel="email"), 8 * HOUR, office_hours=True),
    Default("slow", SlaMatch(channel=["linkedin", "reviews"]), 24 * HOUR),
    Default("public", SlaMatch(surface="public"), HOUR),
    # The generic channel and surveys are named nowhere; what is written there is mostly chat.
    Default("other", SlaMatch(), 30 * MINUTE),
)


# Making them validates two dozen policies: 0.25 ms, for each conversation of a workspace without policies.
@lru_cache(maxsize=64)
def default_policies(timezone: str) -> tuple[Policy, ...]:
    """The defaults as ordered policies; office hours are Monday to Friday, 09:00 to 17:00 in `timezone`."""
    return tuple(policy for row in DEFAULTS for policy in _policies(row, timezone))


def _policies(row: Default, timezone: str) -> Iterator[Policy]:
    # First the urgent one: the first policy that matches holds.
    office = Calendar(timezone=timezone, hours={day: [("09:00", "17:00")] for day in OFFICE_DAYS})
    calendar = office if row.office_hours else None
    urgent = row.when.model_copy(update={"priority": "urgent"})
    quick = _targets(row, URGENT_SHARE, URGENT_RESOLUTION_SECONDS)
    yield Policy(id=f"default-{row.name}-urgent", when=urgent, targets=quick, calendar=calendar)
    usual = _targets(row, 1.0, RESOLUTION_SECONDS)
    yield Policy(id=f"default-{row.name}", when=row.when, targets=usual, calendar=calendar)


def _targets(row: Default, share: float, resolution_seconds: float) -> Targets:
    # `None and …` stays None: a row without this time has no such target.
    return Targets(
        first_response_seconds=row.first_response_seconds and row.first_response_seconds * share,
        pickup_seconds=row.pickup_seconds and row.pickup_seconds * share,
        resolution_seconds=resolution_seconds,
    )
