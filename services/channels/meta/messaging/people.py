"""Names of people. Webhooks have none; the Graph API lists them with the messages of a chat: see `history`."""

from schemas.activity import Activity, PersonIdentity
from schemas.values import Json
from services.channels.json_access import as_dict, as_str
from services.channels.meta.messaging.event import MessagingEvent


def profile(event: MessagingEvent, raw: str, value: Json) -> list[Activity]:
    """What a person is called; one activity, however often it is reported."""
    name, username = as_str(as_dict(value).get("name")), as_str(as_dict(value).get("username"))
    if event.customer is None or not (name or username):
        return event.unknown(raw, value)
    identities = [PersonIdentity(kind="username", value=username, proven=True)] if username else []
    states = (event.customer, name or "", username or "")
    return [event.activity("contact", *states, person_name=name or username, identities=identities)]
