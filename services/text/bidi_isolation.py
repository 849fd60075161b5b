"""Isolates strangers' texts inside our own sentences, so that their text direction ends where they end (UAX 9)."""

FIRST_STRONG_ISOLATE, POP_DIRECTIONAL_ISOLATE = "\u2068", "\u2069"
ISOLATES, EMBEDDINGS = "\u2066\u2067\u2068", "\u202a\u202b\u202d\u202e"
POP_DIRECTIONAL_FORMATTING = "\u202c"


def isolate(text: str) -> str:
    """The text between a first-strong isolate and its end (UAX 9), with all its own embeddings and isolates closed.

    An ASCII text is returned unchanged.
    """
    return text if text.isascii() else f"{FIRST_STRONG_ISOLATE}{_close_isolates(text)}{POP_DIRECTIONAL_ISOLATE}"


def _close_isolates(text: str) -> str:
    # A text that opens an embedding and does not end it would reverse the words of our sentence that follow it.
    out, open_ = [], []
    for character in text:
        if character in ISOLATES:
            open_.append(POP_DIRECTIONAL_ISOLATE)
        elif character in EMBEDDINGS:
            open_.append(POP_DIRECTIONAL_FORMATTING)
        elif character in (POP_DIRECTIONAL_ISOLATE, POP_DIRECTIONAL_FORMATTING):
            if not open_ or open_[-1] != character:
                continue  # an end without a beginning would close the isolate around this text
            open_.pop()
        out.append(character)
    return "".join((*out, *reversed(open_)))
