"""The page `/ops` as files: what they load, and that every language has every word."""

import json
import re
from importlib import resources
from typing import get_args

import pytest

from schemas.accounts import AccountState
from services.console.page import FILES, build_router
from services.domain.lifecycle import OPEN, STATUSES
from services.platform.http.service import ServiceComponents
from services.rest.ledgers import LedgerView
from tests.rest import open_rest

LANGUAGES = 4
TEXTS = {name: (resources.files("services.console") / "files" / name).read_text() for name in FILES.values()}


@pytest.mark.parametrize("path", FILES)
async def test_each_file_is_served_without_a_key_under_a_policy_that_loads_nothing_from_elsewhere(path: str) -> None:
    async with open_rest([ServiceComponents(routers=[build_router()])]) as rest:
        answer = await rest.client.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_no_file_names_an_address_elsewhere() -> None:
    named = {url for text in TEXTS.values() for url in re.findall(r"https?://[^\s\"')]+", text)}
    assert named <= {"http://www.w3.org/2000/svg"}


def test_no_file_puts_data_into_markup() -> None:
    for text in TEXTS.values():
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)


def test_every_status_has_a_word_and_open_ones_are_on_the_board() -> None:
    on_board = re.search(r"^export const OPEN = (\[.*\]);$", TEXTS["board.js"], re.MULTILINE)
    assert on_board is not None
    assert set(json.loads(on_board[1])) == OPEN
    assert [status for status in STATUSES if f"\n  {status}: [" not in TEXTS["words.js"]] == []


def test_every_state_of_an_account_has_a_word() -> None:
    assert [state for state in get_args(AccountState) if f"\n  health_{state}: [" not in TEXTS["words.js"]] == []


def test_every_term_of_a_ledger_has_a_word() -> None:
    terms = re.search(r"^const TERMS = (\[.*\]);$", TEXTS["ledgers.js"], re.MULTILINE)
    assert terms is not None
    assert set(json.loads(terms[1])) <= LedgerView.model_fields.keys()
    assert [term for term in json.loads(terms[1]) if f"\n  ledger_{term}: [" not in TEXTS["words.js"]] == []


def test_every_word_is_there_in_every_language() -> None:
    body = TEXTS["words.js"].split("const WORDS = {")[1].split("\n};")[0]
    words = re.findall(r"^  (\w+): \[(.*?)\],$", body, re.MULTILINE | re.DOTALL)
    assert len(words) > 60
    for name, texts in words:
        found = re.findall(r'"((?:[^"\\]|\\.)+)"', texts)
        assert len(found) == LANGUAGES, name
        blanks = [sorted(re.findall(r"\{\w+\}", text)) for text in found]
        assert all(blank == blanks[0] for blank in blanks), name


def test_every_word_that_is_used_is_there() -> None:
    known = set(re.findall(r"^  (\w+): \[", TEXTS["words.js"], re.MULTILINE))
    used = set(re.findall(r'data-word="(\w+)"', TEXTS["index.html"]))
    scripts = [text for name, text in TEXTS.items() if name.endswith(".js")]
    used |= {name for text in scripts for name in re.findall(r'(?:word|empty)\("(\w+)"', text)}
    assert used
    assert used <= known
