"""Detects the language of a text (fa, ar, lv, en) by its script, and by a table of rows of letters.

Short texts prove little. Where the table is not sure, letters and frequent words decide: a frequent word counts two points,
a letter that only one of the languages has counts one. Where these do not decide either, the account's expected languages
and the platform's hint do.
"""

import re
from collections.abc import Iterable, Sequence

from services.text.grams import language_grams
from services.text.normalise import normalise, normalised_words
from services.text.tables import table
from services.text.weights import probabilities

# Persian ی and ک look like Arabic ي and ك but are other code points. Many keyboards type the wrong ones, so letters count
# less than words, and words are compared after both spellings are unified.
PERSIAN_LETTERS, ARABIC_LETTERS = frozenset("پچژگکی"), frozenset("يكةىأإ")
FOREIGN_ARABIC = frozenset("ٹڈڑےںہھێۆڕڵەۇۋۈېڭښځڅړږګڼۍ")
"""Letters of Urdu, Kurdish, Uyghur and Pashto, which neither Persian nor Arabic has."""
LATVIAN_LETTERS = frozenset("āēīūčšžģķļņ")
ONLY_LATVIAN = frozenset("āēīģķļņ")
FOREIGN_LATIN = frozenset("äöüßñçàèùòãõâêôîåæøłąęśźżćőűıığş")

ARABIC_WORDS = normalised_words(
    """في من على هل ما لا هذا هذه الى إلى أين متى لم لن كيف مرحبا شكرا عليكم أريد عن مع أن أنا انت نعم الذي التي لماذا كم
    لو سمحت طلبي الطلب طلبية أرجو ارجو عندي ليس كان يكون تم قد حتى بعد قبل لكن أو او ثم الان الآن اريد وين شو ليش عايز فين امتى
    أهلا اهلا صباح مساء الخير وصل يصل المبلغ استرجاع مشكلة لدي هناك"""
)
PERSIAN_WORDS = normalised_words(
    """است را که این از به با برای من شما سلام لطفا چرا کی چی هست نیست میشه می نمی کنم کنید شد بود نشده سفارش ممنون مرسی آیا
    رو یه هم تا اگه اگر باید خیلی کجاست کجا هنوز دارم دارید دارد بده بدید خوب خسته نباشید سپاس ولی اما چطور چند قیمت پول پولم کالا
    ارسال نرسیده نرسید رسید کرد کردم کرده اون آن ام اید ها های تون مون بله نه خواهش وقت بخیر درود"""
)
LATVIAN_WORDS = normalised_words(
    """un ir kas ka par jūs lūdzu ludzu paldies sveiki labdien labrīt labrit labvakar kur kad mans mana mani manu nav bet vai jau
    es mēs mes tas tā šis sis kāpēc kapec gribu vēlos velos varu varat pasūtījums pasutijums pasūtījumu pasutijumu pasūtījuma
    pasutijuma sūtījums sutijums piegāde piegade nauda naudu atpakaļ atpakal cik kāds kads vēl vel esmu saņēmis sanemis saņēmu
    sanemu no uz ar pie pēc pec nevaru nesaņēmu nesanemu prece preci jums man"""
)
ENGLISH_WORDS = normalised_words(
    """the is my where order please hello hi hey and you not have has i it to of in for was what when why how can do does did
    a an are be this that me we with on your yes thanks thank want need money refund still got get am im ive dont delivery
    package would could will but there from or at no ok"""
)
FINGLISH_WORDS = normalised_words(
    """salam slm mikham mikhastam chera nist hast sefaresh sefaresham sefareshe kojast koja lotfan mersi merc kheyli khaili man
    che chi shoma pas pool poolam poole nashode nemishe mishe mikonam konid chetor chand baraye mamnoon khoobi daram darid kon
    nakardam kardam hanooz hanuz residam nareside ferestadin begid bedin agha khanom"""
)
LATIN_TABLES = {"en": ENGLISH_WORDS, "lv": LATVIAN_WORDS, "fa": FINGLISH_WORDS}
WRITTEN_AS: dict[str, str | None] = {"finglish": "fa", "arabizi": "ar", "other": None}
"""The language of each class of the table that is not one itself: Persian and Arabic in Latin letters, any other language."""
IN_ARABIC_SCRIPT = frozenset({"fa", "ar", "other"})
IN_LATIN_SCRIPT = frozenset({"en", "lv", "finglish", "arabizi", "other"})
SURE, SURE_OF_ONE_WORD = 0.6, 0.85
"""The probability from which the table decides alone: سلام is Persian and Arabic, so one word has to show more."""
FEW_LETTERS = 3
"""A text of fewer letters is `ok` or a size in any language."""
ARABIC_SCRIPT, LATIN_SCRIPT = frozenset({"fa", "ar"}), frozenset({"en", "lv"})
_ARABIC = re.compile(r"[\u0620-\u064a\u066e-\u06d3\u06fa-\u06ff\ufb50-\ufdff\ufe70-\ufefc]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_WORD = re.compile(r"[^\W\d_]+")
_URLS_AND_MENTIONS = re.compile(r"https?://\S+|(?<!\S)\S{1,64}@\S+|[@#/]\w+")


def detect(text: str, *, hint: str | None = None, expected: Sequence[str] = ()) -> str | None:
    """`fa`, `ar`, `lv` or `en`; for other scripts and undecidable texts the language of `hint`, or None without one.

    `expected`: the account's languages, the likeliest first. `hint`: the person's language by the platform (a BCP 47 tag,
    often only the language of the device). Transliterated Persian is `fa`; Latvian without diacritics is `lv`.
    """
    hinted = _base(hint)
    priors = list(dict.fromkeys(base for tag in expected if (base := _base(tag))))
    # Addresses and mentions are Latin in every language.
    content = _URLS_AND_MENTIONS.sub(" ", text) if any(map(text.__contains__, "@#/")) else text
    letters = sum(map(str.isalpha, content))
    arabic, latin = (0, letters) if content.isascii() else (_count(_ARABIC, content), _count(_LATIN, content))
    others = letters - arabic - latin
    if others > arabic + latin:
        return hinted if hinted not in ARABIC_SCRIPT | LATIN_SCRIPT else None
    if arabic == latin == 0:
        return _prior_language(priors, hinted, None)
    if arabic >= latin:
        return _by_table(content, IN_ARABIC_SCRIPT) or _arabic_script(content, priors, hinted)
    return _by_table(content, IN_LATIN_SCRIPT) or _latin_script(content, priors, hinted)


def _by_table(text: str, possible: frozenset[str]) -> str | None:
    """The language that the table is sure of, of the classes of the text's script; None: it is not, or it is another one."""
    grams = language_grams(text)
    if len(grams) < 4 * FEW_LETTERS:
        return None
    weights = table("languages")
    scores = zip(weights.classes, weights.scores(grams), strict=True)
    candidates = [(name, score) for name, score in scores if name in possible]
    shares = probabilities(score for _, score in candidates)
    likeliest = max(range(len(shares)), key=shares.__getitem__)
    name = candidates[likeliest][0]
    least = SURE if " " in text.strip() else SURE_OF_ONE_WORD
    return WRITTEN_AS.get(name, name) if shares[likeliest] >= least else None


def _count(script: re.Pattern[str], text: str) -> int:
    return len(script.findall(text))


def _count_known(vocabulary: frozenset[str], words: Iterable[str]) -> int:
    """The number of words (or letters) that are in the vocabulary."""
    return sum(map(vocabulary.__contains__, words))


def _base(tag: str | None) -> str | None:
    return re.split(r"[-_]", tag.lower())[0] or None if tag else None


def _prior_language(priors: list[str], hint: str | None, script: frozenset[str] | None) -> str | None:
    """The hinted language if the account expects it, else the account's first language of this script, else the hint."""
    if hint in priors and (script is None or hint in script):
        return hint
    candidates = [p for p in priors if script is None or p in script]
    return candidates[0] if candidates else hint if script is None or hint in script else None


def _arabic_script(text: str, priors: list[str], hint: str | None) -> str | None:
    # One foreign letter in fifty may be a name; more of them are another language.
    if _count_known(FOREIGN_ARABIC, text) > len(text) / 50:
        return hint if hint not in ARABIC_SCRIPT | LATIN_SCRIPT else None
    tokens = normalise(text).split()
    persian, arabic = _score_arabic_script(text, tokens)
    if persian == arabic:
        return _prior_language(priors, hint, ARABIC_SCRIPT)
    if max(persian, arabic) <= 2 and len(tokens) <= 2 and (likely := _prior_language(priors, hint, ARABIC_SCRIPT)):
        return likely
    return "fa" if persian > arabic else "ar"


def _score_arabic_script(text: str, tokens: list[str]) -> tuple[int, int]:
    """The evidence for Persian and for Arabic. Letters count in the text as written, because normalising unifies them."""
    # "ال" begins many Arabic words and few Persian ones; "می" is the Persian present, also without a space.
    article = sum(t.startswith(("ال", "وال", "بال")) and len(t) > 4 for t in tokens)
    verbs = sum(t.startswith(("می", "نمی")) and len(t) > 4 for t in tokens)
    persian = 2 * _count_known(PERSIAN_WORDS, tokens) + 2 * verbs + _count_known(PERSIAN_LETTERS, text)
    arabic = 2 * _count_known(ARABIC_WORDS, tokens) + 2 * article + _count_known(ARABIC_LETTERS, text)
    return persian, arabic


def _latin_script(text: str, priors: list[str], hint: str | None) -> str | None:
    lower, tokens = text.lower(), _WORD.findall(normalise(text).replace("'", ""))
    scores = {language: 2 * _count_known(table, tokens) for language, table in LATIN_TABLES.items()}
    scores["lv"] += _count_known(LATVIAN_LETTERS, lower) + 2 * _count_known(ONLY_LATVIAN, lower)
    best = max(scores.values())
    # In a text of five words or more, fewer than one known word in eight is chance.
    if best == 0 or (len(tokens) > 4 and best < len(tokens) / 4):
        return _fallback_latin(lower, tokens, priors, hint)
    winners = [language for language, score in scores.items() if score == best]
    is_one_word = best == 2 and len(tokens) == 1
    return winners[0] if len(winners) == 1 and not is_one_word else _likeliest(winners, priors, hint)


def _likeliest(languages: list[str], priors: list[str], hint: str | None) -> str:
    """The language that the account and the platform expect most; the first of `languages` when they expect none."""
    ranked = ([hint] if hint in priors else []) + priors + [hint]
    return next((language for language in ranked if language in languages), languages[0])


def _fallback_latin(lower: str, tokens: list[str], priors: list[str], hint: str | None) -> str | None:
    """A long text without any known word is in another language (None); for a short one the prior language decides."""
    foreign = any(c in FOREIGN_LATIN for c in lower) or len(tokens) > 4
    if foreign and hint not in ARABIC_SCRIPT:
        return hint
    return None if foreign else _prior_language(priors, hint, LATIN_SCRIPT)
