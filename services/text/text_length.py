"""How long a text is for a platform: in characters, UTF-16 units, bytes of UTF-8, X's weighted characters, or SMS segments. Pure."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping

from schemas.channel import TextUnit
from services.text.graphemes import grapheme_ends, is_pictograph

# -- X: github.com/twitter/twitter-text, config v3 ---------------------------------------------------------------------

WEIGHT_ONE = (range(0x1100), range(0x2000, 0x200E), range(0x2010, 0x2020), range(0x2032, 0x2038))
"""Code points that count one: Latin, Cyrillic, Arabic and their neighbours, and the usual punctuation. All others two."""
URL_WEIGHT = 23
URL = re.compile(r"https?://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*[A-Za-z0-9/=_~#&%+\-]", re.IGNORECASE)
_BARE_DOMAIN = re.compile(
    r"(?<![a-z0-9.\-])(?:[a-z0-9\-]++\.(?=[a-z0-9]))++[a-z]{2,63}+(?:/\S*+)?", re.IGNORECASE | re.ASCII
)
_EMOJI_VARIATION, _KEYCAP = "\ufe0f", "\u20e3"

# -- SMS: 3GPP TS 23.038 and 23.040 ------------------------------------------------------------------------------------

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("\f^{}\\[~]|€")
"""Characters of the seven-bit alphabet that take two places: an escape comes before each."""
GSM_SINGLE, GSM_JOINED = 160, 153
UCS2_SINGLE, UCS2_JOINED = 70, 67
"""How many places a message of one segment has, and each segment of a longer one, whose header takes the rest."""


def text_length(text: str, unit: TextUnit) -> int:
    """The length of a text in this unit."""
    return _LENGTH_IN[unit](text)


def _utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _utf8_bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _weighted_characters(text: str) -> int:
    normal, weight, position = unicodedata.normalize("NFC", text), 0, 0
    for start, end, counted in _urls(normal):
        weight += _plain_weight(normal[position:start]) + counted
        position = end
    return weight + _plain_weight(normal[position:])


def _urls(text: str) -> Iterator[tuple[int, int, int]]:
    """Start, end and weight of each address. One without a scheme may be none: it counts what is more."""
    position = 0
    while position < len(text):
        full, bare = URL.search(text, position), _BARE_DOMAIN.search(text, position)
        found = min((match for match in (full, bare) if match), key=re.Match.start, default=None)
        if found is None:
            return
        weight = URL_WEIGHT if found is full else max(URL_WEIGHT, _plain_weight(found.group()))
        yield found.start(), found.end(), weight
        position = found.end()


def _plain_weight(text: str) -> int:
    if text.isascii():
        return len(text)
    weight = start = 0
    for end in grapheme_ends(text):
        weight += _grapheme_weight(text[start:end])
        start = end
    return weight


def _grapheme_weight(grapheme: str) -> int:
    # An emoji counts two, however many code points it has: a family has seven, a flag two, a keycap three.
    if len(grapheme) > 1 and (is_pictograph(grapheme[0]) or _EMOJI_VARIATION in grapheme or grapheme.endswith(_KEYCAP)):
        return 2
    return sum(1 if any(ord(character) in block for block in WEIGHT_ONE) else 2 for character in grapheme)


def _sms_segments(text: str) -> int:
    if all(character in GSM_BASIC or character in GSM_EXTENDED for character in text):
        return _segments([2 if character in GSM_EXTENDED else 1 for character in text], GSM_SINGLE, GSM_JOINED)
    return _segments([2 if ord(character) > 0xFFFF else 1 for character in text], UCS2_SINGLE, UCS2_JOINED)


def _segments(places: list[int], single: int, joined: int) -> int:
    total = sum(places)
    if total <= single:
        return min(total, 1)
    segments, free = 1, joined
    for place in places:
        # Neither an escape nor a surrogate pair is torn between two segments.
        if place > free:
            segments, free = segments + 1, joined
        free -= place
    return segments


_LENGTH_IN: Mapping[TextUnit, Callable[[str], int]] = {
    "code_points": len,
    "utf16": _utf16_units,
    "bytes": _utf8_bytes,
    "weighted": _weighted_characters,
    "segments": _sms_segments,
}
