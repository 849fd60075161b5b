"""Standard names for collections, timers and fields; the timers by which groups deleted their old documents are deleted.

One purger deletes expired documents now (`expires` of a collection). It goes by time alone, so that three records need
no partition any more.
"""

from collections.abc import Callable, Mapping

from services.migrations.fields import drop_fields, rename_fields
from services.platform.store.migration_steps import Migration, Rewrite
from services.platform.store.port import Document

TIMERS: Mapping[str, Mapping[str, str]] = {
    "accounts": {"look": "check"},
    "conversations": {"tick/": "watermark/"},
    "sla": {"agenda": "clocks_due"},
    "webhooks": {"line/": "endpoint/"},
}
"""Group → its renamed timers, old → new; one that ends in `/` is a prefix of names."""
PURGES = frozenset({("conversations", "purge"), ("metrics", "prune"), ("webhooks", "purge")})
"""Group and name of the timers that are gone."""


def change_timer(timer: Document) -> Document | None:
    """The timer under its new name; None for one that is gone."""
    return _renamed(timer, "name")


def timer_id(_: str, timer: Document) -> str:
    """The id of a timer: group, partition and name."""
    return f"{timer['group']}/{timer['partition']}/{timer['name']}"


def change_dead_letter(letter: Document) -> Document | None:
    """The dead letter of a timer names the timer that a retry fires; None: that timer is gone."""
    return _renamed(letter, "event_id") if letter["event_type"] == "timer" else letter


def _renamed(document: Document, field: str) -> Document | None:
    group, name = document["group"], document[field]
    if not isinstance(group, str) or not isinstance(name, str):
        raise TypeError("a timer has a group and a name")
    if (group, name) in PURGES:
        return None
    # At most one of the names of a group fits, and no new name begins with an old one: a second pass changes nothing.
    for old, new in TIMERS.get(group, {}).items():
        if name == old or (old.endswith("/") and name.startswith(old)):
            return {**document, field: new + name.removeprefix(old)}
    return document


def _in_order(*changes: Callable[[Document], Document]) -> Callable[[Document], Document]:
    def change(document: Document) -> Document:
        for one in changes:
            document = one(document)
        return document

    return change


STEP = Migration(
    number=6,
    name="stored names",
    rewrites=(
        Rewrite("clock_watches", into="sla_states"),
        Rewrite("clock_agendas", into="clock_schedules"),
        Rewrite("counted_cases", into="metrics_states"),
        Rewrite("webhook_lines", into="webhook_endpoints"),
        Rewrite("moved_places", into="moved_chats"),
        Rewrite("persons", rename_fields({"ours_in": "linked_groups"})),
        Rewrite("activities", _in_order(rename_fields({"left_aside": "ignored_reason"}), drop_fields("partition"))),
        Rewrite("counted_activities", drop_fields("partition")),
        Rewrite("account_checks", rename_fields({"found": "probe_state", "found_detail": "probe_detail"})),
        Rewrite("webhook_deliveries", _in_order(rename_fields({"line": "endpoint"}), drop_fields("partition"))),
        # The id of a timer holds its name, and a retry of a dead letter fires the timer by its name: both follow.
        Rewrite("timers", change_timer, new_id=timer_id),
        Rewrite("dead_letters", change_dead_letter),
    ),
)
