"""Text of mails: charsets as they are really named and used, encoded words, and unfolding. Nothing here raises."""

import base64
import binascii
import codecs
import quopri
import re

ALIASES = {
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "ansi_x3.4-1968": "utf-8",
    "iso-8859-1": "windows-1252",
    "latin1": "windows-1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp-850": "cp850",
    "unicode-1-1-utf-7": "utf-7",
}
"""What browsers take for these names (encoding.spec.whatwg.org): mail programs mean the same."""
NO_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})
"""Codecs of Python that are no charsets."""
FALLBACK = "windows-1252"
ENCODED_WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,30})?\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?[^?\s]+\?[bBqQ]\?)")
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def decode_bytes(content: bytes, charset: str | None) -> str:
    """Text by its charset; where that is unknown or plainly wrong, UTF-8 if it is that, else the charset as far as it goes."""
    stated = _codec(charset)
    for codec in (stated, "utf-8"):
        try:
            if codec is not None:
                return storable(content.decode(codec))
        except (UnicodeError, ValueError):
            continue
    return storable(content.decode(stated or FALLBACK, "replace"))


def _codec(charset: str | None) -> str | None:
    name = (charset or "").strip().strip("\"'").lower()
    try:
        found = codecs.lookup(ALIASES.get(name, name)).name
        # Not every codec is one of text; one without a byte to read says nothing about that.
        b"a".decode(found, "replace")
    except (LookupError, ValueError):
        return None
    return None if found.replace("-", "_") in NO_CHARSETS else found


def storable(text: str) -> str:
    """The text without control characters and lone surrogates, which stores and browsers do not take."""
    return _UNSTORABLE.sub("", text)


def decode_header(value: str) -> str:
    """A header as people read it: unfolded, its encoded words (RFC 2047) decoded, one space at most between two words."""
    plain = raw_header(value)
    return re.sub(r"\s+", " ", decode_words(plain)).strip()


def raw_header(value: str) -> str:
    """A header unfolded and with its 8-bit bytes decoded, its encoded words as they are."""
    unfolded = _FOLD.sub("", value)
    if unfolded.isascii():
        return storable(unfolded)
    # The parser hands on bytes that are not ASCII as surrogates; mail programs that send them mean UTF-8 today.
    return decode_bytes(unfolded.encode("utf-8", "surrogateescape"), None)


def decode_words(text: str) -> str:
    """The text with its encoded words decoded. Neighbours of one charset are one: some programs cut within a character."""
    joined = _BETWEEN_WORDS.sub(r"\1", text)
    shown: list[str] = []
    pending, charset, at = b"", "", 0
    for word in ENCODED_WORD.finditer(joined):
        between, name = joined[at : word.start()], word[1].lower()
        if between or name != charset:
            shown += [decode_bytes(pending, charset), between]
            pending = b""
        pending, charset, at = pending + _word_bytes(word[2], word[3]), name, word.end()
    return "".join([*shown, decode_bytes(pending, charset), joined[at:]])


def _word_bytes(encoding: str, text: str) -> bytes:
    content = text.encode("utf-8", "surrogatepass")
    if encoding in "qQ":
        return quopri.decodestring(content, header=True)
    digits = re.sub(rb"[^A-Za-z0-9+/]", b"", content)
    try:
        return base64.b64decode(digits + b"=" * (-len(digits) % 4))
    except (binascii.Error, ValueError):
        return base64.b64decode(digits[: len(digits) - len(digits) % 4])
