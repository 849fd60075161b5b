"""HTML of mails as text: what people read, links that the text does not show, and what is quoted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser

MAX_HTML = 1_000_000
MAX_LINKS = 50
BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tr",
        "ul",
    ]
)
PARAGRAPHS = frozenset(["blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"])
UNSEEN = frozenset(
    ["head", "script", "style", "template", "title", "noscript", "object", "svg", "math", "select", "textarea"]
)
VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_SPACES = re.compile(r"[ \t\r\n\f]+")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|$)|<!\[.*?\]>|<\?.*?>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class HtmlText:
    """The text of HTML, with `> ` before the lines of quotes, and the addresses of its links that the text does not show."""

    text: str
    links: tuple[str, ...] = ()


def html_to_text(html: str) -> HtmlText:
    """What people read of HTML; never raises. Of a very long one only the start is read."""
    reader = _Reader()
    try:
        reader.feed(_COMMENT.sub("", html[:MAX_HTML]))
        reader.close()
    except (AssertionError, ValueError, RecursionError):
        pass
    text = reader.text
    shown = tuple(url for url in dict.fromkeys(reader.links) if url not in text)
    return HtmlText(text, shown[:MAX_LINKS])


@dataclass
class _Element:
    tag: str
    is_hidden: bool
    is_quote: bool


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self._lines: list[tuple[int, str]] = []
        self._line: list[str] = []
        self._open: list[_Element] = []
        self._hidden = self._quotes = self._preformatted = 0

    @property
    def text(self) -> str:
        """The lines so far, no more than one empty line in a row."""
        self._break()
        lines = [f"{'> ' * depth}{line}".rstrip() for depth, line in self._lines]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._before(tag, given)
        if tag in VOID:
            return
        element = _Element(tag, tag in UNSEEN or _is_hidden(given), tag == "blockquote")
        self._open.append(element)
        self._count(element, 1)

    def handle_endtag(self, tag: str) -> None:
        if tag == "br":
            self._break()
        if not any(element.tag == tag for element in self._open[-200:]):
            return
        if tag in BLOCKS:
            self._break()
        while self._open:
            element = self._open.pop()
            self._count(element, -1)
            if element.tag == tag:
                break
        if tag in PARAGRAPHS:
            self._blank()

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if self._preformatted:
            first, *rest = data.split("\n")
            self._line.append(first)
            for line in rest:
                self._break()
                self._line.append(line)
            return
        text = _SPACES.sub(" ", data)
        is_start = not self._line or self._line[-1].endswith(" ")
        self._line.append(text.removeprefix(" ") if is_start else text)

    def _before(self, tag: str, given: Mapping[str, str | None]) -> None:
        if self._hidden:
            return
        if tag in BLOCKS:
            self._break()
        if tag in PARAGRAPHS:
            self._blank()
        if tag == "br":
            self._lines.append((self._quotes, self._taken()))
        elif tag == "li":
            self._line.append("- ")
        elif tag in ("td", "th") and "".join(self._line).strip():
            self._line.append(" ")
        elif tag == "img":
            self.handle_data(given.get("alt") or "")
        elif tag == "a" and _is_link(given.get("href")):
            self.links.append(str(given["href"]).strip())

    def _count(self, element: _Element, by: int) -> None:
        self._hidden += by * element.is_hidden
        self._preformatted += by * (element.tag == "pre")
        self._quotes += by * element.is_quote

    def _taken(self) -> str:
        line = "".join(self._line).replace("\xa0", " ")
        self._line.clear()
        return line.rstrip() if self._preformatted else line.strip()

    def _break(self) -> None:
        line = self._taken()
        if line:
            self._lines.append((self._quotes, line))

    def _blank(self) -> None:
        if self._lines and self._lines[-1][1]:
            self._lines.append((self._quotes, ""))


def _is_hidden(given: Mapping[str, str | None]) -> bool:
    return "hidden" in given or bool(_HIDDEN.search(given.get("style") or ""))


def _is_link(href: str | None) -> bool:
    return bool(href) and str(href).strip().lower().startswith(("http://", "https://")) and len(str(href)) <= 2000
