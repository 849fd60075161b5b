"""What is wrong with an account is read in the language of whoever asks, and in the workspace's time zone."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from schemas.values import Failure
from services.domain.account_phrases import AccountFinding, finding
from services.domain.account_sends import AccountSends
from services.platform.store.codec import encode
from services.platform.store.port import Collection, Key
from services.records.accounts import ACCOUNT_CALLS, ACCOUNT_CHECKS, AccountCalls, AccountCheck
from services.records.sends import ACCOUNT_SENDS
from tests.fakes import START
from tests.rest import Rest, open_rest

MAIN = "/v1/workspaces/shop/accounts/telegram/main"
NAMES: dict[str, Any] = {"workspace": "shop", "channel": "telegram", "account": "main"}
WELL = AccountCheck(**NAMES, partition=0, next_at=START)
CALLED = {"called": "https://old.example/hook", "ours": "https://chat.example/webhooks/telegram/shop/main"}
LANGUAGES = {
    "en": "The webhook is set to https://old.example/hook",
    "fa": "وب‌هوک روی",
    "ar": "الويب هوك مضبوط",
    "lv": "Tīmekļa āķis ir iestatīts",
}


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        await opened.request("PUT", MAIN, {"credentials": {"bot_token": "1:a"}})
        yield opened


# Any: a record of any collection.
def stored(rest: Rest, collection: Collection[Any], record: Any) -> None:
    prefix = "0/" if collection is ACCOUNT_SENDS else ""
    rest.store.documents[Key(collection.name, f"{prefix}shop/telegram:main")] = encode(record)


def with_webhook(found: AccountFinding) -> AccountCheck:
    return replace(WELL, probe_state="webhook", probe_detail=found.detail, probe_reason=found.reason)


async def health(rest: Rest, language: str) -> dict[str, Any]:
    answer = await rest.request("GET", MAIN, accept_language=language)
    assert answer.headers["content-language"] == language
    listed = await rest.request("GET", "/v1/workspaces/shop/accounts", accept_language=language)
    shown: dict[str, Any] = answer.json()["health"]
    assert listed.json()["items"][0]["health"] == shown
    return shown


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_finding_is_worded_in_the_language_of_its_reader(rest: Rest, language: str) -> None:
    stored(rest, ACCOUNT_CHECKS, with_webhook(finding("webhook_elsewhere", **CALLED)))
    shown = await health(rest, language)
    assert shown["detail"].startswith(LANGUAGES[language])
    assert (shown["state"], shown["reason"], shown["params"]) == ("webhook", "webhook_elsewhere", CALLED)


async def test_a_sentence_of_an_earlier_version_is_shown_as_it_stands(rest: Rest) -> None:
    stored(rest, ACCOUNT_CHECKS, with_webhook(AccountFinding("No webhook is set. Run it.")))
    shown = await health(rest, "fa")
    assert (shown["detail"], "reason" in shown) == ("No webhook is set. Run it.", False)


async def test_the_last_refusal_has_its_sentence_and_the_words_of_the_platform(rest: Rest) -> None:
    refusal = Failure(code="too_long", detail="message is too long", status=400)
    stored(rest, ACCOUNT_SENDS, AccountSends(**NAMES, partition=0, last_refused_at=START, last_refusal=refusal))
    english, latvian = await health(rest, "en"), await health(rest, "lv")
    assert english["last_refusal"]["detail"] == "The text is too long for the platform. Split it. (message is too long)"
    assert latvian["last_refusal"]["detail"] == "Teksts platformai ir par garu. Sadaliet to. (message is too long)"
    assert latvian["last_refusal"]["params"] == {"said": "message is too long"}


async def test_a_time_is_that_of_the_workspace_and_says_so(rest: Rest) -> None:
    await rest.request("PUT", "/v1/workspaces/shop", {"name": "Shop", "timezone": "Asia/Tehran"})
    now = rest.time_source.now()
    stored(rest, ACCOUNT_CALLS, AccountCalls(**NAMES, last_forged_at=now, forged_since=now, forged=2))
    assert " (Asia/Tehran)" in (await health(rest, "en"))["detail"]
    assert (await health(rest, "fa"))["detail"].startswith("۲ درخواست با رمز نادرست")
