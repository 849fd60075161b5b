"""Generates the page `/runbooks` from docs/runbooks.md, and its URL in every alert."""

import re

from markdown_it import MarkdownIt

HEADING = re.compile(r"<h2>(\w+)</h2>")
ADDRESS = re.compile(r'(?P<before>runbook_url: ")(?P<base>https?://[^/"]+[^"]*?)(?P<path>/runbooks#\w+")')
HEAD = """<!doctype html>
<!-- Made by `python -m deploy.generate` from docs/runbooks.md: not to be edited. -->
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Pasokh: runbooks</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/reference.css">
</head>
<body>
<main id="main">
"""
FOOT = "</main>\n</body>\n</html>\n"


def page(text: str) -> str:
    """The HTML page. The id of an alert's section is the alert's name in lower case."""
    return HEAD + HEADING.sub(_with_id, MarkdownIt().render(text)) + FOOT


def _with_id(heading: re.Match[str]) -> str:
    return f'<h2 id="{heading[1].lower()}">{heading[1]}</h2>'


def readdressed(alerts: str, base: str | None) -> str:
    """The alert rules with another base URL of the runbooks; None keeps the current one."""
    if base is None:
        return alerts
    return ADDRESS.sub(lambda found: f"{found['before']}{base.rstrip('/')}{found['path']}", alerts)
