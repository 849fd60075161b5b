"""Two words by which a customer proves, on the public thread, that a private chat is theirs. Pure.

Only the visitor of a chat sees its words, and the platform says who writes on the public thread: both together prove
that visitor and customer are one. The words need no secrecy afterwards, for they prove one visitor of one conversation.
"""

import hmac
import re
import unicodedata
from collections.abc import Collection, Mapping
from itertools import pairwise

MAX_TEXT_LENGTH = 200
"""How many characters of a message are searched for the words."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


WORDS: Mapping[str, tuple[str, ...]] = {
    "en": _words(
        "tiger maple amber river cedar falcon copper island lantern meadow otter pebble quartz raven saddle "
        "thunder velvet walnut willow zebra harbor ivory juniper kettle lagoon marble nutmeg orchid panther "
        "saffron tulip violet"
    ),
    "fa": _words(
        "ببر چنار دریا سرو عقاب فانوس کبوتر گندم لاله مهتاب نرگس نیلوفر پرستو پلنگ توت جنگل خورشید دلفین "
        "زعفران زنبور سنجاب شقایق صنوبر طاووس غزال قایق قناری کوهستان گردو مروارید یاس یاقوت"
    ),
    "ar": _words(
        "نمر نهر قمر زيتون نخيل صقر غزال فانوس مرمر ياسمين نرجس زنبق عصفور فراشة جبل واحة سحاب مرجان زعفران "
        "رمان تفاح جوز حصان دلفين سنبلة شراع صنوبر عقيق غيمة قنديل نسر ياقوت"
    ),
    "lv": _words(
        "bērzs ozols liepa kļava egle priede vanags stārķis bezdelīga vilks lācis lūsis bebrs ūdrs zaķis ezis "
        "dzintars jūra ezers kalns mākonis pērkons varavīksne zvaigzne mēness saule rudzi magone vijolīte "
        "kumelīte tauriņš bitīte"
    ),
}
_WORD = re.compile(r"\w+")
# Letters that keyboards of Arabic and Persian write differently in one word, and marks that join or stretch letters.
_SAME = str.maketrans({"ي": "ی", "ى": "ی", "ئ": "ی", "ك": "ک", "ة": "ه", "ؤ": "و", "\u200c": None, "ـ": None})


def choose_language(*languages: str | None) -> str:
    """The first of these languages that has words; English without one."""
    return next((language for language in languages if language in WORDS), "en") or "en"


def words_for(secret: bytes, conversation: str, person: str, language: str, taken: Collection[str]) -> str:
    """The two words of a visitor of a conversation: a function of its arguments, and none of those that are `taken`.

    Derived instead of drawn, so that a batch that is decided a second time gives the visitor the same words.
    """
    words, number = WORDS[language], 0
    while True:
        source = f"{conversation}\x00{person}\x00{number}".encode()
        digest = hmac.digest(secret, b"proof\x00" + source, "sha256")
        first = words[digest[0] % len(words)]
        second = words[digest[1] % len(words)]
        candidate = f"{first} {second}"
        if first != second and candidate not in taken:
            return candidate
        number += 1


def word_pairs(text: str) -> frozenset[tuple[str, str]]:
    """The pairs of neighbouring words in the beginning of a text, without diacritics and case: people omit both."""
    words = _WORD.findall(_folded(text[:MAX_TEXT_LENGTH]))
    return frozenset(pairwise(words))


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.translate(_SAME)).casefold()
    return "".join(character for character in plain if not unicodedata.combining(character)).translate(_SAME)


def shows(pairs: Collection[tuple[str, str]], words: str) -> bool:
    """Whether `words` are one of the pairs of a text."""
    return not word_pairs(words).isdisjoint(pairs)
