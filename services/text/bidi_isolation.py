"""Texts of others in sentences of ours: what they turn around ends where they end."""

FIRST_STRONG_ISOLATE, POP_DIRECTIONAL_ISOLATE = "\u2068", "\u2069"
ISOLATES, EMBEDDINGS = "\u2066\u2067\u2068", "\u202a\u202b\u202d\u202e"
POP_DIRECTIONAL_FORMATTING = "\u202c"


def isolate(text: str) -> str:
    """The text between isolates (UAX 9), closed within, so that its direction ends where it ends.

    For names and texts of others in sentences of ours; a text of ASCII alone needs none.
    """
    return text if text.isascii() else f"{FIRST_STRONG_ISOLATE}{_close_isolates(text)}{POP_DIRECTIONAL_ISOLATE}"


def _close_isolates(text: str) -> str:
    out, open_ = [], []
    for character in text:
        if character in ISOLATES:
            open_.append(POP_DIRECTIONAL_ISOLATE)
        elif character in EMBEDDINGS:
            open_.append(POP_DIRECTIONAL_FORMATTING)
        elif character in (POP_DIRECTIONAL_ISOLATE, POP_DIRECTIONAL_FORMATTING):
            if not open_ or open_[-1] != character:
                continue  # it would close what is not its own
            open_.pop()
        out.append(character)
    return "".join((*out, *reversed(open_)))
