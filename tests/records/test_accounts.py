"""What is stored of an account's health stays readable and keeps its shape."""

from schemas.values import Json
from services.platform.store.codec import encode
from services.records.accounts import ACCOUNT_CALLS, ACCOUNT_CHECKS
from services.records.polls import POLLS


def test_a_stored_document_of_an_accounts_calls_keeps_its_shape() -> None:
    document: dict[str, Json] = {
        "workspace": "shop",
        "channel": "telegram",
        "account": "main",
        "last_webhook_at": "2026-11-02T09:00:00.000000Z",
        "last_forged_at": "2026-11-02T09:01:00.250000Z",
        "forged_since": "2026-11-02T08:59:00.000000Z",
        "forged": 3,
        "poll_error": None,
        "is_failing": False,
        "revision": 7,
    }

    assert encode(ACCOUNT_CALLS.decode(document)) == document


def test_a_stored_document_of_a_check_keeps_its_shape() -> None:
    document: dict[str, Json] = {
        "workspace": "shop",
        "channel": "telegram",
        "account": "main",
        "state": "credentials",
        "detail": "the bot token is not accepted",
        "since": "2026-11-02T09:00:00.000000Z",
        "probe_state": "credentials",
        "probe_detail": "the bot token is not accepted",
        "checked_at": "2026-11-02T09:01:00.000000Z",
        "partition": 3,
        "next_at": "2026-11-02T09:01:20.000000Z",
        "is_well": False,
    }

    assert encode(ACCOUNT_CHECKS.decode(document)) == document


def test_a_stored_lease_keeps_its_shape() -> None:
    document: dict[str, Json] = {"owner": "a1b2", "until": "2026-11-02T09:00:30.000000Z", "cursor": "42", "revision": 5}

    assert encode(POLLS.decode(document)) == document


def test_an_older_document_without_the_later_fields_is_read_with_their_defaults() -> None:
    calls = ACCOUNT_CALLS.decode({"workspace": "shop", "channel": "api", "account": "main", "since_removed": 1})

    assert (calls.forged, calls.is_failing, calls.revision) == (0, False, 0)
