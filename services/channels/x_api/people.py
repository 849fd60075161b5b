"""What people decide about the account: they block it, or no longer do (docs.x.com/x-api/account-activity/introduction)."""

from collections.abc import Mapping

from schemas.activity import Activity, ContactState
from schemas.values import Json
from services.channels.json_access import as_dict, as_id_str, as_str
from services.channels.x_api.context import XCall, milliseconds

STATES: Mapping[str, ContactState] = {"block.block": "blocked", "block.unblock": "unblocked"}


def relation(call: XCall, event: Mapping[str, Json], kind: str, name: str | None) -> Activity | None:
    """That a customer blocked the account or took it back; None for what our side decided, and for what names no two users.

    `name` tells one block of a person from the next: the id of the event, or its time.
    """
    source, target = _user(event.get("source")), _user(event.get("target"))
    state, who = STATES.get(kind), _number(source)
    # An account that does not say who it is (`pasokh parse`) is whoever was blocked.
    is_about_us = call.own_id is None or call.is_own(_number(target))
    if state is None or who is None or call.is_own(who) or not is_about_us:
        return None
    return call.activity(
        "follow",
        who,
        kind,
        who,
        name or "",
        surface="private",
        person_name=as_str(source.get("name")),
        contact_state=state,
        sent_at=milliseconds(event.get("created_timestamp")),
    )


def _user(value: Json) -> Mapping[str, Json]:
    described = as_dict(value)
    return as_dict(described.get("data")) or described


def _number(user: Mapping[str, Json]) -> str | None:
    return as_id_str(user.get("id_str")) or as_id_str(user.get("id"))
