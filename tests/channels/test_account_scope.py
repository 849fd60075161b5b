"""The ids that an account's scope makes: the same for every repeat, and none tells what a customer wrote."""

import json
from dataclasses import replace

import pytest

from schemas.configuration import AccountBody
from services.channels.account_scope import scope_of
from services.channels.line import Line
from services.channels.port import Account
from services.channels.survey import Survey
from tests.channels.line import cases as line_cases
from tests.channels.survey import cases as survey_cases

ACCOUNT = Account("shop", "survey", "main", AccountBody(credentials={"secret": "a-long-random-text-of-ours"}))


def with_secret(*values: str) -> Account:
    return replace(ACCOUNT, body=AccountBody(credentials={"secret": list(values)}))


def test_who_does_not_know_the_credentials_cannot_try_what_was_written() -> None:
    content = scope_of(ACCOUNT, None).content_id("4111 1111 1111 1111")
    assert content == scope_of(ACCOUNT, None).content_id("4111 1111 1111 1111")
    assert content != scope_of(with_secret("another-text"), None).content_id("4111 1111 1111 1111")


def test_an_older_credential_that_is_still_live_changes_no_id() -> None:
    alone, rotating = with_secret("new"), with_secret("new", "old")
    assert scope_of(alone, None).content_id("text") == scope_of(rotating, None).content_id("text")


def test_no_scope_shows_its_secret() -> None:
    scope = scope_of(ACCOUNT, None)
    assert scope.secret
    assert scope.secret not in repr(scope)


def test_the_id_of_answers_in_a_survey_takes_the_secret_of_the_account() -> None:
    request = survey_cases.request(min(survey_cases.PAYLOADS.iterdir()).read_bytes())
    ids = [Survey().parse(request, survey_cases.account(secret=secret))[0].id for secret in ("first one", "second one")]
    assert len(set(ids)) == 2


@pytest.mark.parametrize(
    "changed", [{"source": {"type": "user", "userId": "U" + "2" * 32}}, {"timestamp": 1_772_000_000_001}]
)
def test_two_events_of_line_without_an_id_are_two(changed: dict[str, object]) -> None:
    event = {"type": "follow", "timestamp": 1_772_000_000_000, "source": {"type": "user", "userId": "U" + "1" * 32}}
    events = [event, {**event, **changed}, event]
    request = line_cases.request(json.dumps({"destination": "U", "events": events}).encode())
    assert len(Line().parse(request, line_cases.account())) == 2
