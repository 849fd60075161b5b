"""HTML of mails as text: what people read, links that the text does not show, and what is quoted.

The standard library's parser takes quadratic time on hostile HTML, so tags are found here, in one pass.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape

MAX_HTML = 1_000_000
MAX_TAG = 2000
"""Of a longer tag (a picture in its address) only the start is read."""
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
UNSEEN = frozenset(["head", "noscript", "object", "svg", "math", "select"])
RAW = frozenset(["script", "style", "title", "textarea"])
"""Elements without elements inside, none of which people read."""
VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_SPACES = re.compile(r"[ \t\r\n\f]+")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
_RAW_END = {name: re.compile(f"</{name}", re.IGNORECASE | re.ASCII) for name in RAW}
_TAG = re.compile(r"""\A<(/?)([a-zA-Z][^\s/>]*+)((?:[^"'>]++|"[^"]*+"|'[^']*+')*+)>""")
_CUT_TAG = re.compile(r"\A<(/?)([a-zA-Z][^\s/>]*+)(.*)", re.DOTALL)
_ATTRIBUTE = re.compile(r"""([a-zA-Z][\w:-]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++)))?""")
_READ_ATTRIBUTES = frozenset({"style", "hidden", "href", "alt"})


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag: its name in lower case, whether it ends an element, and the attributes that are of interest."""

    name: str
    is_end: bool
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HtmlText:
    """The text of HTML, with `> ` before the lines of quotes, and the addresses of its links that the text does not show."""

    text: str
    links: tuple[str, ...] = ()


def html_to_text(html: str) -> HtmlText:
    """What people read of HTML; never raises. Of a very long one only the start is read."""
    reader = _Reader()
    for token in _tokens(html[:MAX_HTML]):
        reader.read(token)
    text = reader.text
    shown = tuple(url for url in dict.fromkeys(reader.links[: 10 * MAX_LINKS]) if url not in text)
    return HtmlText(text, shown[:MAX_LINKS])


def _tokens(html: str) -> Iterator[Tag | str]:
    """Tags and texts in order; without comments, declarations, and what nobody reads."""
    at = 0
    while at < len(html):
        start = html.find("<", at)
        start = len(html) if start < 0 else start
        if start > at:
            yield unescape(html[at:start])
        after, token = _markup(html, start)
        if isinstance(token, Tag) and token.name in RAW and not token.is_end:
            # A script without an end is all that follows, as for browsers.
            end = _RAW_END[token.name].search(html, after)
            at = len(html) if end is None else end.start()
            continue
        if token is not None:
            yield token
        at = after


def _markup(html: str, start: int) -> tuple[int, Tag | str | None]:
    """What begins with this `<`, and where it ends. One that begins nothing is text."""
    if html.startswith("<!--", start):
        return _after(html, "-->", start), None
    if html[start + 1 : start + 2] in ("!", "?"):
        return _after(html, ">", start), None
    markup = html[start : start + MAX_TAG]
    found = _TAG.match(markup)
    if found is not None:
        return start + found.end(), _tag(found)
    cut = _CUT_TAG.match(markup.partition(">")[0])
    if cut is None:
        # Before the end is looked for: it may be far away, and as far for the next one.
        return start + 1, markup[:1] or None
    end = html.find(">", start)
    return (end + 1, _tag(cut)) if end >= 0 else (len(html), unescape(html[start:]))


def _after(html: str, mark: str, start: int) -> int:
    end = html.find(mark, start)
    return len(html) if end < 0 else end + len(mark)


def _tag(found: re.Match[str]) -> Tag:
    attributes: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(found[3]):
        if name.lower() in _READ_ATTRIBUTES:
            attributes.setdefault(name.lower(), unescape("".join(values)))
    return Tag(found[2].lower(), bool(found[1]), attributes)


@dataclass(slots=True)
class _Element:
    name: str
    is_hidden: bool


class _Reader:
    def __init__(self) -> None:
        self.links: list[str] = []
        self._lines: list[tuple[int, str]] = []
        self._line: list[str] = []
        self._open: list[_Element] = []
        self._count: Counter[str] = Counter()
        self._hidden = 0

    @property
    def text(self) -> str:
        """The lines so far, no more than one empty line in a row."""
        self._break()
        lines = [f"{'> ' * min(depth, 20)}{line}".rstrip() for depth, line in self._lines]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")

    def read(self, token: Tag | str) -> None:
        """The next tag or text."""
        if isinstance(token, str):
            self._add(token)
        elif not token.is_end:
            self._begin(token)
        elif token.name == "br":
            self._break()
        elif self._count[token.name]:
            self._end(token.name)

    def _begin(self, tag: Tag) -> None:
        if not self._hidden:
            self._show(tag)
        if tag.name not in VOID:
            is_hidden = tag.name in UNSEEN or _is_hidden(tag.attributes)
            self._open.append(_Element(tag.name, is_hidden))
            self._count[tag.name] += 1
            self._hidden += is_hidden

    def _end(self, name: str) -> None:
        if name in BLOCKS:
            self._break()
        is_found = False
        while self._open and not is_found:
            element = self._open.pop()
            self._count[element.name] -= 1
            self._hidden -= element.is_hidden
            is_found = element.name == name
        if name in PARAGRAPHS:
            self._blank()

    def _show(self, tag: Tag) -> None:
        if tag.name in BLOCKS:
            self._break()
        if tag.name in PARAGRAPHS:
            self._blank()
        if tag.name == "br":
            self._lines.append((self._count["blockquote"], self._end_line()))
        elif tag.name == "li":
            self._line.append("- ")
        elif tag.name in ("td", "th"):
            self._add(" ")
        elif tag.name == "img":
            # A word of its own, as the picture is for people: two numbers side by side are not one.
            self._add(f" {tag.attributes.get('alt', '')} ")
        elif tag.name == "a" and _is_link(tag.attributes.get("href", "")):
            self.links.append(tag.attributes["href"].strip())

    def _add(self, text: str) -> None:
        if self._hidden:
            return
        if self._count["pre"]:
            first, *rest = text.split("\n")
            self._line.append(first)
            for line in rest:
                self._break()
                self._line.append(line)
            return
        flat = _SPACES.sub(" ", text)
        is_start = not self._line or self._line[-1].endswith(" ")
        plain = flat.removeprefix(" ") if is_start else flat
        if plain:
            self._line.append(plain)

    def _end_line(self) -> str:
        line = "".join(self._line).replace("\xa0", " ")
        self._line.clear()
        return line.rstrip() if self._count["pre"] else line.strip()

    def _break(self) -> None:
        line = self._end_line()
        if line:
            self._lines.append((self._count["blockquote"], line))

    def _blank(self) -> None:
        if self._lines and self._lines[-1][1]:
            self._lines.append((self._count["blockquote"], ""))


def _is_hidden(attributes: Mapping[str, str]) -> bool:
    return "hidden" in attributes or bool(_HIDDEN.search(attributes.get("style", "")))


def _is_link(href: str) -> bool:
    return href.strip().lower().startswith(("http://", "https://")) and len(href) <= 2000
