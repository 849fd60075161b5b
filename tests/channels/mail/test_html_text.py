"""What people read of the HTML of a mail."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.channels.mail.html_text import html_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two<br/><br>three", "one\ntwo\n\nthree"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("  one \n two&nbsp;&amp; <b>three</b> ", "one two & three"),
        ("<style>p{}</style><script>x()</script><title>t</title>one", "one"),
        ("<!-- c --><![if !mso]>one<![endif]>", "one"),
        ('<div style="display: none">hidden</div>one', "one"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<blockquote>q<blockquote>r</blockquote></blockquote>s", "> q\n>\n> > r\n>\ns"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ('<img src="cid:1" alt="[photo]">', "[photo]"),
        ("<p dir=rtl>سلام</p>", "سلام"),
        ("<p>unclosed <b>tags <i>everywhere", "unclosed tags everywhere"),
        ("</div></p>text</blockquote>", "text"),
        ("<p title='a > b' class=x>one</p>", "one"),
        ("<p title='>one", "one"),
        ("İ<SCRIPT>x()</Script>one", "İone"),
        ("1 < 2 <!-- never ended", "1 < 2"),
        ("one <b", "one <b"),
        (f'<img src="{"x" * 3000}" alt="a">one', "one"),
        ("a < b and c > d", "a < b and c > d"),
        ("", ""),
    ],
)
def test_html_is_text(html: str, text: str) -> None:
    assert html_to_text(html).text == text


def test_links_that_the_text_shows_are_not_repeated() -> None:
    found = html_to_text('<a href="https://a.example/x">here</a> <a href="https://b.example">https://b.example</a>')
    assert found.links == ("https://a.example/x",)


@pytest.mark.parametrize("href", ["javascript:alert(1)", "data:text/html,x", "mailto:a@b.example", "cid:1", ""])
def test_only_addresses_of_the_web_are_links(href: str) -> None:
    assert html_to_text(f'<a href="{href}">x</a>').links == ()


@given(st.text(alphabet="<>/=\"' abpdivlockquote!-&;#xn\n", max_size=300))
def test_any_html_is_text(html: str) -> None:
    assert html_to_text(html).text is not None


@pytest.mark.parametrize(
    "unit", ["<div>", "<blockquote>", "<!--", "<a href='x", "&#", "</p", "<![", "<p>x", "<td>a", "<a '>", "<1", "< "]
)
def test_hostile_html_takes_no_long_time(unit: str) -> None:
    started = time.process_time()
    html_to_text(unit * 20_000)
    html_to_text(unit * 20_000 + ">")
    # It takes a tenth of this. What is not linear takes ten seconds at five times the length.
    assert time.process_time() - started < 0.4


def test_the_words_of_a_picture_stand_apart_from_what_is_beside_them() -> None:
    html = '<p>1<img alt="4111 1111 1111 1111"><a href="https://shop.example">4111 1111 1111 1111</a></p>'
    assert html_to_text(html).text == "1 4111 1111 1111 1111 4111 1111 1111 1111"
