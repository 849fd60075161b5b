"""Names of files: as a caller gave them, and as a header hands them on. Pure."""

import re
import unicodedata
from contextlib import suppress
from email.message import Message
from email.utils import collapse_rfc2231_value
from urllib.parse import quote, unquote

MAX_NAME = 150
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_EXTENDED = re.compile(r"filename\*\s*=\s*UTF-8'[^']*'([^;\s]+)", re.IGNORECASE)
_SHORT_ENDING = re.compile(r"\.[A-Za-z0-9]{1,10}$")


def clean_name(name: str | None) -> str | None:
    """The last part of a path, without control characters, marks of direction and what file systems refuse; None if empty.

    A mark of direction can make `gpj.exe` read as `exe.jpg`. At most `MAX_NAME` characters, the ending stays.
    """
    last = re.split(r"[/\\]", name or "")[-1]
    # Cc, Cf (bidirectional marks), Cs (half characters); the joiners that Persian and Hindi are written with stay.
    plain = "".join(c for c in last if c in "\u200c\u200d" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Cn"))
    plain = _FORBIDDEN.sub("_", " ".join(plain.split())).strip(". ")
    if len(plain) <= MAX_NAME:
        return plain or None
    ending = _SHORT_ENDING.search(plain)
    kept = ending[0] if ending else ""
    return plain[: MAX_NAME - len(kept)] + kept


def name_in_disposition(value: str | None) -> str | None:
    """The clean file name of a `Content-Disposition` (RFC 6266), `filename*` before `filename`; None without one."""
    if not value:
        return None
    # Many clients write UTF-8 where the header allows Latin-1 alone, and ASGI has decoded the bytes as Latin-1.
    with suppress(UnicodeError):
        value = value.encode("latin-1").decode("utf-8")
    if extended := _EXTENDED.search(value):
        return clean_name(unquote(extended[1], errors="replace"))
    header = Message()
    header["content-disposition"] = value.replace("\r", " ").replace("\n", " ")
    name = header.get_param("filename", None, "content-disposition")
    return clean_name(collapse_rfc2231_value(name)) if name else None


def attachment_disposition(name: str | None, fallback: str) -> str:
    """`Content-Disposition` that makes a browser save a file under its name (RFC 6266, with RFC 8187 for all scripts)."""
    clean = clean_name(name) or fallback
    plain = clean.encode("ascii", "replace").decode().replace("?", "_").replace("\\", "_").replace('"', "_")
    # `%` in the plain form is decoded by some browsers.
    return f"attachment; filename=\"{plain.replace('%', '_')}\"; filename*=UTF-8''{quote(clean, safe='')}"
