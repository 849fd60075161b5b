"""Every answer of the demo fits its question: the same matter, the same language."""

from itertools import chain

import pytest

from services.demo.corpus import ANYTHING_ELSE, EXCHANGES, LANGUAGES, Exchange, Language, answer_to
from services.text.language import detect

EVERY = [
    pytest.param(language, exchange, id=f"{language}-{topic}-{number}")
    for language, topics in EXCHANGES.items()
    for topic, exchanges in topics.items()
    for number, exchange in enumerate(exchanges)
]
MATTERS: dict[Language, dict[str, str]] = {
    "fa": {
        "کجاست": "مرسوله",
        "کد رهگیری": "کد رهگیری",
        "آماده‌سازیه": "ارسال",
        "لغو": "لغو",
        "کفشی": "کفش",
        "بازگشت وجه": "بازگشت وجه",
        "کسر شد": "مبلغ",
        "فاکتور": "فاکتور",
        "کاپشن": "کاپشن",
        "هدفون": "هدفون",
        "کادوپیچی": "کادوپیچی",
        "لیوان": "لیوان",
        "رنگ اشتباه": "رنگ درست",
        "شماره کارتم": "شماره کارت",
    },
    "ar": {
        "لم يصل": "شحنتك",
        "الشارقة": "الشارقة",
        "العنوان": "العنوان",
        "الحذاء": "الحذاء",
        "ألغيت": "الإلغاء",
        "استبدال": "استبدال",
        "مرتين": "مرتين",
        "الدفع عند الاستلام": "الدفع",
        "الفستان": "الفستان",
        "السماعة": "السماعة",
        "العباءة": "العباءة",
        "مكسوراً": "المكسورة",
        "لوناً": "اللون",
        "بطاقتي": "البطاقة",
    },
    "lv": {
        "Kur ir": "pie kurjera",
        "pakomātu": "pakomātu",
        "Kurjers": "kurjers",
        "jaku": "Jakas",
        "Atcēlu": "atcelto",
        "apavus": "apavus",
        "divreiz": "liekais maksājums",
        "rēķinu": "rēķinu",
        "austiņas": "austiņas",
        "kleita": "kleita",
        "kafijas automātam": "kafijas automātam",
        "Krūze": "krūzi",
        "krāsu": "krāsu",
        "kartes numurs": "kartes numuru",
    },
    "en": {
        "where is my order": "parcel",
        "address": "address",
        "courier": "courier",
        "shoes": "shoes",
        "jacket": "jacket",
        "one item": "one item",
        "charged twice": "charge",
        "declined": "payment",
        "raincoat": "raincoat",
        "headphones": "headphones",
        "gift wrap": "gift wrap",
        "mug": "mug",
        "colour": "colour",
        "card is": "card",
    },
}
"""A word of a question → a word that its answer has to have. Everything but thanks."""


@pytest.mark.parametrize(("language", "exchange"), EVERY)
def test_a_question_gets_its_own_answer_whatever_was_filled_in_masked_or_edited(
    language: Language, exchange: Exchange
) -> None:
    written = exchange.question.format(order=904_211)
    for text in (written, f"{written} 🙏", written.replace("4242 4242 4242 4242", "[card]")):
        assert answer_to(text, "en") == exchange.answer


@pytest.mark.parametrize(("language", "exchange"), EVERY)
def test_an_answer_is_in_the_language_of_its_question(language: Language, exchange: Exchange) -> None:
    assert detect(exchange.answer, hint=language, expected=LANGUAGES) == language
    # Without a hint as well, wherever there is enough of it to tell.
    if len(exchange.answer) > 40:
        assert detect(exchange.answer, expected=LANGUAGES) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_is_about_the_matter_of_its_question(language: Language) -> None:
    topics = {topic: pairs for topic, pairs in EXCHANGES[language].items() if topic != "thanks"}
    exchanges = list(chain.from_iterable(topics.values()))
    for asked, answered in MATTERS[language].items():
        [one] = [exchange for exchange in exchanges if asked in exchange.question]
        assert answered in one.answer, one
    assert len(MATTERS[language]) == len(exchanges)


def test_every_language_has_every_topic() -> None:
    assert all(EXCHANGES[language].keys() == EXCHANGES["en"].keys() for language in LANGUAGES)
    assert ANYTHING_ELSE.keys() == EXCHANGES.keys() == set(LANGUAGES)
    questions = [exchange.question for topics in EXCHANGES.values() for pairs in topics.values() for exchange in pairs]
    assert len(questions) == len(set(questions)) >= 60
