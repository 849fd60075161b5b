"""Documents of older versions become records with the defaults of what they lack."""

from schemas.values import Json
from services.records.conversations import CONVERSATIONS


def test_a_conversation_of_an_older_version_has_the_defaults_of_what_it_lacks() -> None:
    before: dict[str, Json] = {
        "id": "c1",
        "workspace": "shop",
        "status": "waiting",
        "channel": "telegram",
        "account": "main",
        "surface": "private",
        "person": "telegram:main:7",
        "team": "default",
        "key": "shop/telegram:main:7",
        "opened_at": "2026-03-02T09:00:00.000000Z",
        "updated_at": "2026-03-02T09:00:00.000000Z",
    }
    state = CONVERSATIONS.decode(before)
    assert (state.priority, state.rule, state.tags, state.addresses) == ("normal", "default", [], {})
    assert state.response_tracking.open_run() is None
