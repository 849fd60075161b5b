"""What may go out, and the sentence that says why not, word by word in four languages."""

from datetime import timedelta
from typing import Any, get_args

import pytest

from schemas.activity import Address
from schemas.channel import Capabilities, TextLimit, Window
from schemas.values import AgentLanguage
from services.domain.refusal_phrases import (
    TITLES,
    sentence,
    to_failure,
    to_problem,
)
from services.domain.sending_rules import (
    Allowed,
    Draft,
    Reason,
    Recipient,
    Refused,
    judge,
)
from services.router.conversations.domain.plans import Judge, Plan
from services.text.sentences import SentenceReader
from tests.fakes import START

DAY, WEEK = Window(seconds=86_400), Window(seconds=7 * 86_400, tag="HUMAN_AGENT", people_only=True)
BASE = Capabilities(surfaces=("private", "public"), text_limits=(TextLimit(limit=20, splits=True),))
LIKE_WHATSAPP = BASE.model_copy(update={"windows": (DAY,), "templates": True, "first_contact": "template"})
NO_MARKETING = LIKE_WHATSAPP.model_copy(update={"opt_out": "marketing"})
LIKE_MESSENGER = BASE.model_copy(update={"windows": (DAY, WEEK)})
LIKE_MAIL = BASE.model_copy(update={"first_contact": "always"})
LIKE_X = BASE.model_copy(update={"automated": "approved"})
HOUR = timedelta(hours=1)


def draft(**more: Any) -> Draft:
    return Draft(**{"surface": "private", "text": "hello", **more})


def wrote(hours: float | None, **more: Any) -> Recipient:
    return Recipient(wrote_at=None if hours is None else START - hours * HOUR, **more)


@pytest.mark.parametrize(
    ("text", "caption_limit", "splits", "parts"),
    [
        ("Fits beside it.", 20, False, ()),
        ("One thing. Two things", None, True, ("One thing.", "Two things")),
        ("One thing. Two", 10, False, ("One thing.", "Two")),
        ("One thing", 0, False, ("", "One thing")),
        ("One thing. Two things. Three", 10, True, ("One thing.", "Two things. Three")),
        ("One thing. Two things. Three things", 10, True, ("One thing.", "Two things.", "Three things")),
        ("One thing. Two things. Three things", 10, False, None),
    ],
)
def test_what_does_not_fit_beside_files_follows_them(
    text: str, caption_limit: int | None, splits: bool, parts: tuple[str, ...] | None
) -> None:
    capabilities = BASE.model_copy(update={"text_limits": (TextLimit(limit=20, splits=splits),)})
    judged = judge(draft(text=text, caption_limit=caption_limit), wrote(1), capabilities, START)
    assert (judged.parts if isinstance(judged, Allowed) else None) == parts


@pytest.mark.parametrize(
    ("capabilities", "given", "recipient", "reason"),
    [
        (BASE, draft(), wrote(None), None),
        (BASE, draft(has_template=True), wrote(1), "no_templates"),
        # windows
        (LIKE_WHATSAPP, draft(), wrote(23.9), None),
        (LIKE_WHATSAPP, draft(), wrote(24), "window_closed_use_template"),
        (LIKE_WHATSAPP, draft(has_template=True), wrote(24), None),
        (LIKE_WHATSAPP, draft(has_template=True, surface="public"), wrote(1), "no_templates"),
        (LIKE_WHATSAPP, draft(), wrote(None), "template_required"),
        (LIKE_MESSENGER, draft(), wrote(25), None),
        (LIKE_MESSENGER, draft(is_automatic=True), wrote(23), None),
        (LIKE_MESSENGER, draft(is_automatic=True), wrote(25), "window_closed"),
        (LIKE_MESSENGER, draft(), wrote(24 * 7), "window_closed"),
        (LIKE_MESSENGER, draft(), wrote(None), "customer_must_write_first"),
        (LIKE_MESSENGER, draft(surface="public"), wrote(None), None),
        # first contact
        (BASE, draft(is_first=True), wrote(None, is_known=False), "customer_must_write_first"),
        (BASE, draft(is_first=True), wrote(None, is_known=True), None),
        (LIKE_WHATSAPP, draft(is_first=True), wrote(None, is_known=False), "template_required"),
        (LIKE_WHATSAPP, draft(is_first=True, has_template=True), wrote(None, is_known=False), None),
        (LIKE_MAIL, draft(is_first=True), wrote(None, is_known=False), None),
        # who wants no messages
        (BASE, draft(), wrote(1, is_blocked=True), "customer_blocked"),
        (BASE, draft(surface="public"), wrote(1, is_blocked=True), None),
        (BASE, draft(), wrote(2, opted_out_at=START - HOUR), "opted_out"),
        (BASE, draft(), wrote(1, opted_out_at=START - 2 * HOUR), None),
        (BASE, draft(is_first=True), wrote(1, opted_out_at=START - 2 * HOUR), "opted_out"),
        (LIKE_WHATSAPP, draft(has_template=True), wrote(1, opted_out_at=START - 2 * HOUR), "opted_out"),
        (NO_MARKETING, draft(), wrote(2, opted_out_at=START - HOUR), None),
        (NO_MARKETING, draft(), wrote(24, opted_out_at=START - HOUR), "window_closed_use_template"),
        (NO_MARKETING, draft(is_first=True), wrote(2, opted_out_at=START - HOUR), "opted_out_of_marketing"),
        (NO_MARKETING, draft(has_template=True), wrote(2, opted_out_at=START - HOUR), "opted_out_of_marketing"),
        # what no person wrote
        (LIKE_X, draft(), wrote(1), None),
        (LIKE_X, draft(is_automatic=True), wrote(1), "automatic"),
        (LIKE_X.model_copy(update={"automated": "no"}), draft(is_automatic=True), wrote(1), "automatic"),
        # length
        (BASE, draft(text="x" * 201), wrote(1), "text_too_long"),
        (BASE, draft(text="x" * 201, has_template=True), wrote(1), "no_templates"),
    ],
)
def test_the_first_rule_that_refuses_a_message_decides(
    capabilities: Capabilities, given: Draft, recipient: Recipient, reason: Reason | None
) -> None:
    judged = judge(given, recipient, capabilities, START)
    assert (judged.reason if isinstance(judged, Refused) else None) == reason


def test_a_text_that_is_too_long_goes_out_in_parts_at_the_ends_of_sentences() -> None:
    judged = judge(draft(text="One is here. Two is. And three."), wrote(1), BASE, START)
    assert judged == Allowed(parts=("One is here. Two is.", "And three."))


def test_where_nothing_is_split_a_long_text_is_refused_and_a_notice_is_left_to_the_platform() -> None:
    whole = BASE.model_copy(update={"text_limits": (TextLimit(limit=20),)})
    refused = judge(draft(text="x" * 21), wrote(1), whole, START)
    assert refused == Refused(reason="text_too_long", length=21, limit=20)
    assert judge(draft(text="x" * 21, is_automatic=True), wrote(1), whole, START) == Allowed()


def test_windows_that_are_still_open_go_along_with_the_tag_of_the_narrowest() -> None:
    rules = Judge("messenger", LIKE_MESSENGER, SentenceReader(), START)
    address = Address(chat="1")
    early = rules.plan(draft(), wrote(1), address)
    late = rules.plan(draft(), wrote(25), address)
    assert isinstance(early, Plan)
    assert isinstance(late, Plan)
    assert early.window is not None
    assert late.window is not None
    assert (early.window.windows, early.tag) == ([DAY, WEEK], None)
    assert (late.window.windows, late.tag) == ([WEEK], "HUMAN_AGENT")


CLOSED = Refused(reason="window_closed_use_template", span=timedelta(days=1), at=START + timedelta(hours=5, minutes=5))


@pytest.mark.parametrize(
    ("language", "zone", "words"),
    [
        ("en", "UTC", "The 24-hour window closed at 14:05; use a template."),
        ("en", "Asia/Tehran", "The 24-hour window closed at 17:35; use a template."),
        ("fa", "Asia/Tehran", "مهلت ۲۴ ساعته در ساعت ۱۷:۳۵ تمام شد؛ از یک قالب استفاده کنید."),
        ("ar", "Asia/Baghdad", "انتهت مهلة الرد (٢٤ ساعة) في الساعة ١٧:٠٥؛ استخدم قالبًا."),
        ("lv", "Europe/Riga", "Atbildes termiņš (24 stundas) beidzās plkst. 16:05; izmantojiet veidni."),
    ],
)
def test_a_closed_window_is_told_in_the_agents_language_and_the_workspaces_time(
    language: AgentLanguage, zone: str, words: str
) -> None:
    reader = SentenceReader(language, zone)
    assert sentence(CLOSED, "whatsapp", reader, START + timedelta(hours=6)) == words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "The 24-hour window closed on 2026-03-02 at 14:05; use a template."),
        ("fa", "مهلت ۲۴ ساعته در ۱۴۰۴/۱۲/۱۱ ساعت ۱۴:۰۵ تمام شد؛ از یک قالب استفاده کنید."),
        ("ar", "انتهت مهلة الرد (٢٤ ساعة) في ٢٠٢٦-٠٣-٠٢ الساعة ١٤:٠٥؛ استخدم قالبًا."),
        ("lv", "Atbildes termiņš (24 stundas) beidzās 2026-03-02 plkst. 14:05; izmantojiet veidni."),
    ],
)
def test_a_window_that_closed_on_another_day_is_told_with_its_date(language: AgentLanguage, words: str) -> None:
    assert sentence(CLOSED, "whatsapp", SentenceReader(language), START + timedelta(days=2)) == words


@pytest.mark.parametrize("reason", get_args(Reason))
@pytest.mark.parametrize("language", get_args(AgentLanguage))
def test_every_reason_has_a_whole_sentence_in_every_language(reason: Reason, language: AgentLanguage) -> None:
    refused = Refused(reason=reason, span=timedelta(days=7), at=START, length=300, limit=280, unit="weighted")
    words = sentence(refused, "x", SentenceReader(language), START)
    assert words[-1] == "."
    assert "{" not in words
    assert "  " not in words
    problem = to_problem(refused, "x", SentenceReader(language), START)
    assert (problem.title, problem.detail, problem.status) == (TITLES[reason], words, 422 if problem.pointer else 409)
    assert to_failure(refused, "x", SentenceReader(language), START).detail == words
