"""Guesses whether a text is positive or negative from words and emoji."""

import re
from typing import Literal

from services.text.normalise import normalise, normalised_words

Sentiment = Literal["positive", "neutral", "negative"]
NEGATIVE = normalised_words(
    """terrible awful horrible worst bad angry disappointed disappointing unacceptable scam fraud useless disgusting hate ridiculous
    never broken liars shame افتضاح بد بدترین کلاهبردار کلاهبرداری عصبانی ناراضی متاسفم مزخرف دزد دروغ شرم خراب ضعیف فاجعه
    سيء سيئة أسوأ احتيال نصابين غاضب كذب فاشل زفت slikti slikts briesmīgi briesmigi šausmīgi sausmigi krāpnieki krapnieki
    neapmierināts neapmierinata vilšanās kauns dusmīgs nekad"""
)
POSITIVE = normalised_words(
    """thanks thank great excellent love perfect awesome amazing good happy wonderful best ممنون مرسی عالی سپاس خوب متشکرم
    بهترین دمتون عالیه شكرا ممتاز رائع جميل أفضل paldies lieliski lielisks super forši forsi labi labs brīnišķīgi brinišķīgi"""
)
NEGATIONS = normalised_words("not no never isn't don't نیست نبود ما لا ليس غير nav ne")
NEGATIVE_EMOJI = frozenset("😡🤬😠👎💩🤮")
_WORD = re.compile(r"[^\W\d_]+(?:'\w+)?")
POSITIVE_EMOJI = frozenset("😍🥰❤👍🙏😊🌹💐😘🎉")


def detect_sentiment(text: str) -> Sentiment | None:
    """The sentiment; None for a text without words. A positive word after a negation (Persian: before one) is negative."""
    tokens = _WORD.findall(normalise(text))
    balance = sum(map(POSITIVE_EMOJI.__contains__, text)) - sum(map(NEGATIVE_EMOJI.__contains__, text))
    for index, token in enumerate(tokens):
        if token in POSITIVE:
            neighbours = tokens[max(0, index - 2) : index] + tokens[index + 1 : index + 2]
            balance += 1 if NEGATIONS.isdisjoint(neighbours) else -1
        balance -= token in NEGATIVE
    if not tokens and not balance:
        return None
    return "positive" if balance > 0 else "negative" if balance < 0 else "neutral"
