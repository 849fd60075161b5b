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
        "counts": {
            "received": 6,
            "published": 3,
            "rejected": 2,
            "failed": 1,
            "missing": {"count": 2, "last_at": "2026-11-02T08:30:00.000000Z", "advice": "Change the rule."},
        },
        "counted_since": "2026-11-02T08:00:00.000000Z",
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
        "poll_error": "Updates cannot be fetched.",
        "token_error": None,
        "token_expires_at": "2026-12-02T09:01:00.000000Z",
        "silent_since": None,
        "partition": 3,
        "next_at": "2026-11-02T09:01:20.000000Z",
        "is_well": False,
    }

    assert encode(ACCOUNT_CHECKS.decode(document)) == document


def test_a_stored_poll_keeps_its_shape() -> None:
    document: dict[str, Json] = {
        "cursor": "42",
        "attempt": 7,
        "failures": 1,
        "credentials": "0123456789abcdef",
        "is_begun": True,
    }

    assert encode(POLLS.decode(document)) == document


def test_an_older_document_without_the_later_fields_is_read_with_their_defaults() -> None:
    calls = ACCOUNT_CALLS.decode({"workspace": "shop", "channel": "api", "account": "main", "since_removed": 1})

    assert (calls.forged, calls.revision) == (0, 0)
