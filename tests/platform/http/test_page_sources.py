"""What browsers get of scripts and style sheets."""

from services.platform.http.page_sources import without_comments

SCRIPT = """// A comment.
/** A promise
 * in three lines.
 */
export const a = 'https://x'; // stays: it is not a line of its own

  // Indented.
  const b = `/* not */`;
"""


def test_comments_go_and_lines_keep_their_numbers() -> None:
    shorter = without_comments("a.js", SCRIPT).split("\n")
    assert len(shorter) == len(SCRIPT.split("\n"))
    assert {line: text for line, text in enumerate(shorter, 1) if text} == {
        5: "export const a = 'https://x'; // stays: it is not a line of its own",
        8: "  const b = `/* not */`;",
    }


def test_style_sheets_keep_lines_that_only_look_so() -> None:
    assert without_comments("a.css", "/* x */\na { background: url(\n//b\n); }") == "\na { background: url(\n//b\n); }"


def test_a_licence_stays() -> None:
    text = "/**\n * @license\n * Copyright 2017\n */\nlet a;"
    assert without_comments("a.js", text) == text
