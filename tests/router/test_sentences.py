"""Decisions in one sentence, in each of the languages, with names that cannot turn it around."""

import itertools
import string
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

import pytest

from schemas.decision import Advantage, Reason
from schemas.values import PRIORITIES, Requirement
from services.records.decisions import DecisionRecord
from services.router.phrases import ENGLISH, PHRASES, Language
from services.router.sentences import decision_view, sentence
from tests.fakes import START

LANGUAGES: tuple[Language, ...] = get_args(Language)
FSI, PDI = "\u2068", "\u2069"


def decision(reason: Reason | None, skills: dict[str, int] | None = None, **fields: Any) -> DecisionRecord:
    stored = DecisionRecord(
        id="d",
        conversation="c",
        at=START,
        outcome="assigned",
        agent="sara",
        summary="",
        rule="default",
        config_version=1,
        workspace="shop",
        key="shop/telegram:main:1",
        requirement=Requirement(skills=skills or {}),
        reason=reason,
    )
    return replace(stored, **fields)


CHOSEN = Reason(
    kind="chosen",
    name="سارا",
    levels={"lang:fa": 5, "refunds": 3},
    load=4,
    capacity=8,
    team="support",
    eligible=3,
    advantage="fit",
    queue_pick="in_line",
    priority="high",
    agents=7,
)
WAITING = Reason(kind="waiting", team="support", agents=4)
EXCLUDED = {"team": 1, "skills": 1, "presence": 2, "capacity": 3}


def plain(text: str) -> str:
    return text.replace(FSI, "").replace(PDI, "")


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        (
            "en",
            (
                "Assigned to sara (سارا): speaks fa (5 of at least 1), knows refunds (3 of at least 2), 4 of 8 units in "
                "use, the closest fit of 3 eligible agents in team support, first in line at high priority."
            ),
        ),
        (
            "fa",
            (
                "به sara (سارا) سپرده شد: زبان فارسی می‌داند (سطح ۵، دست‌کم ۱ لازم است)، مهارت refunds دارد (سطح ۳، دست‌کم ۲ "
                "لازم است)، ۴ از ۸ واحد ظرفیتش پر است، مناسب‌ترین فرد از میان ۳ کارشناس واجد شرایط در تیم support، این گفتگو با "
                "اولویت بالا سر صف بود."
            ),
        ),
        (
            "ar",
            (
                "أُسندت إلى sara (سارا): مستوى اللغة الفارسية: ٥ (المطلوب ١ على الأقل)، مستوى المهارة refunds: ٣ (المطلوب ٢ على "
                "الأقل)، الوحدات المشغولة: ٤ من ٨، الأنسب من بين المؤهلين في الفريق support (العدد: ٣)، كانت المحادثة أول الصف "
                "بأولوية عالية."
            ),
        ),
        (
            "lv",
            (
                "Piešķirta aģentam sara (سارا): prot persiešu valodu (līmenis 5, vajadzīgs vismaz 1), ir prasme refunds "
                "(līmenis 3, vajadzīgs vismaz 2), aizņemtas 4 no 8 vienībām, vispiemērotākais no 3 piemērotajiem aģentiem "
                "komandā support, saruna bija pirmā rindā, prioritāte: augsta."
            ),
        ),
    ],
)
def test_a_decision_is_told_in_the_language_of_the_reader(language: Language, wanted: str) -> None:
    assert plain(sentence(decision(CHOSEN, {"lang:fa": 1, "refunds": 2}), language)) == wanted


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        (
            "en",
            (
                "Waiting: none of 4 agents can take it now: 1 not in team support, 1 without the skills (lang:fa at least "
                "2), 2 not online, 3 with no free unit."
            ),
        ),
        (
            "fa",
            (
                "در انتظار: هیچ‌یک از ۴ کارشناس اکنون نمی‌تواند آن را بردارد: ۱ نفر در تیم support نیست، ۱ نفر مهارت لازم را ندارد "
                "(lang:fa دست‌کم ۲)، ۲ نفر آنلاین نیستند، ۳ نفر ظرفیت خالی ندارند."
            ),
        ),
        (
            "ar",
            (
                "قيد الانتظار: لا أحد من الموظفين (العدد: ٤) يستطيع توليها الآن: خارج الفريق support: ١، دون المهارات المطلوبة "
                "(lang:fa بمستوى ٢ على الأقل): ١، غير متصلين: ٢، دون وحدة شاغرة: ٣."
            ),
        ),
        (
            "lv",
            (
                "Gaida: no 4 aģentiem neviens to tagad nevar pārņemt: 1 nav komandā support, 1 trūkst prasmju (lang:fa "
                "vismaz 2), 2 nav tiešsaistē, 3 nav brīvas vienības."
            ),
        ),
    ],
)
def test_waiting_says_why_nobody_can_take_it(language: Language, wanted: str) -> None:
    waiting = decision(WAITING, {"lang:fa": 2}, outcome="waiting", agent=None, excluded=EXCLUDED)
    assert plain(sentence(waiting, language)) == wanted


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_can_be_decided_has_a_sentence(language: Language) -> None:
    advantages: list[Advantage | None] = [None, *get_args(Advantage)]
    reasons = [
        CHOSEN.model_copy(update={"advantage": advantage, "queue_pick": drawn, "priority": priority, "eligible": count})
        for advantage, drawn, priority, count in itertools.product(
            advantages, (None, "in_line", "reserved"), PRIORITIES, (1, 2, 11, 21)
        )
    ]
    forced = [Reason(kind="forced", name=None, load=1, capacity=4, by=by) for by in (None, "ana")]
    waiting = [WAITING.model_copy(update={"agents": count}) for count in (0, 1, 2, 21)]
    told = [sentence(decision(one, {"lang:fa": 1, "lang:de": 1, "x": 2}), language) for one in reasons + forced]
    told += [sentence(decision(one, outcome="offered"), language) for one in reasons]
    told += [sentence(decision(one, {"x": 2}, agent=None, excluded=EXCLUDED), language) for one in waiting]
    assert all(one.endswith(".") and "{" not in one and "  " not in one for one in told)
    assert all(one.count(FSI) == one.count(PDI) for one in told)


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_phrase_asks_for_the_same_values_as_the_english_one(language: Language) -> None:
    english, other = _phrases(ENGLISH), _phrases(PHRASES[language])
    assert english.keys() == other.keys()
    assert {name for name in english if _names(english[name]) != _names(other[name])} == set()


def _phrases(said: object) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ENGLISH.__slots__:
        value = getattr(said, name)
        if isinstance(value, str):
            found[name] = value
        elif isinstance(value, tuple):
            found |= {f"{name}/{n}": one for n, one in enumerate(value)}
        elif isinstance(value, Mapping) and name != "languages":
            for key, one in value.items():
                found |= {f"{name}/{key}/{n}": w for n, w in enumerate(one if isinstance(one, tuple) else (one,))}
    return found


def _names(phrase: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["\u202eevil", "a\u2069\u2069b", "\u2067سارا", "علی\u200f!"])
def test_a_name_cannot_turn_the_sentence_around(language: Language, name: str) -> None:
    told = sentence(decision(CHOSEN.model_copy(update={"name": name})), language)
    assert not set(told) & set("\u202e\u2067\u200f")
    depth = 0
    for character in told:
        depth += (character == FSI) - (character == PDI)
        assert depth in (0, 1)
    assert depth == 0


def test_names_are_kept_from_the_direction_of_the_sentence() -> None:
    assert f"{FSI}sara{PDI} ({FSI}سارا{PDI})" in sentence(decision(CHOSEN), "fa")
    assert f"sara ({FSI}سارا{PDI})" in sentence(decision(CHOSEN), "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_decision_from_before_keeps_the_sentence_it_was_written_with(language: Language) -> None:
    old = decision(None, summary="Assigned to sara: idle the longest.")
    assert decision_view(old, language).summary == "Assigned to sara: idle the longest."
