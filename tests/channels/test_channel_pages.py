"""The pages of the channels: each has the same headings, and the table of all says what the registry says."""

import json
import re
import shlex
from pathlib import Path

import pytest

from schemas.channel import Capabilities, MediaLimit, TextLimit
from schemas.configuration import AccountBody
from services.channels.port import Channel
from services.channels.registry import ABILITIES, CHANNELS, account_rules

PAGES = Path(__file__).parents[2] / "docs" / "channels"
HEADINGS = ("Connect", "What comes in", "What goes out", "Limits", "What an agent sees", "Errors")
KINDS = ("image", "video", "audio", "voice", "sticker", "file")
MAX_NAMED_TYPES = 6
COMMANDS = re.compile(r"^ *```\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
"""The blocks of commands of a page."""
ACCOUNT_CALL = re.compile(r"curl -X PUT https://your-host(\S+) [^{]*-d '(\{.+?\})'(?: |\n)")
OPENAPI = json.loads((PAGES.parents[1] / "schemas" / "export" / "openapi.json").read_text())


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_a_channel_has_a_page_with_the_same_headings_as_every_other(channel: Channel) -> None:
    text = (PAGES / f"{channel.name}.md").read_text()
    found = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert tuple(found) == HEADINGS


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_the_call_that_writes_an_account_can_be_pasted(channel: Channel) -> None:
    page = re.sub(r"\n\s+", " ", (PAGES / f"{channel.name}.md").read_text().replace("\\\n", ""))
    calls = ACCOUNT_CALL.findall(page)
    assert calls or channel.name == "webchat"
    for path, body in calls:
        prefix, kind = path.split("/accounts/")
        assert (prefix, kind.split("/")[0]) == ("/v1/workspaces/shop", channel.name)
        filled = AccountBody.model_validate_json(body)
        assert account_rules(channel).problems(filled) == []
    assert "put" in OPENAPI["paths"]["/v1/workspaces/{workspace}/accounts/{channel}/{account}"]


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_a_command_is_pasted_as_it_stands(page: Path) -> None:
    blocks = COMMANDS.findall(page.read_text())
    assert blocks or page.stem in {"README", "webchat"}
    for block in blocks:
        # An ellipsis is refused as a credential, and means nothing to a shell.
        assert "…" not in block
        assert block.isascii()
        # Quotes are closed, and a line goes on only where it says so.
        assert shlex.split(block, comments=True)


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_the_table_of_files_says_what_the_channel_takes(channel: Channel) -> None:
    rows = [line for line in (PAGES / "README.md").read_text().splitlines() if line.startswith("| [")]
    assert files_row(channel) in rows
    assert texts_row(channel) in rows
    assert len(rows) == 2 * len(CHANNELS)


def files_row(channel: Channel) -> str:
    """What agents may send by a channel, and where the files of its customers are."""
    capabilities = channel.capabilities
    cells = [_media(capabilities, kind) for kind in KINDS]
    apart = ", each a message of its own" if capabilities.files_apart else ""
    most = capabilities.max_files_bytes
    together = f", {most / 1_000_000:g} MB together" if most is not None else ""
    public = capabilities.public_max_files
    in_public = f", {public} in public" if public is not None else ""
    return _row(channel, *cells, f"{capabilities.max_files}{in_public}{apart}{together}", _where(channel))


def texts_row(channel: Channel) -> str:
    """Where customers write, and how long a text may be."""
    capabilities = channel.capabilities
    surfaces = ", ".join(capabilities.surfaces)
    limits = "; ".join(map(_text, capabilities.text_limits)) or "none"
    caption = "any" if capabilities.caption_limit is None else f"{capabilities.caption_limit:,}"
    return _row(channel, surfaces, limits, caption, _actions(capabilities))


def _row(channel: Channel, *cells: str) -> str:
    return f"| {' | '.join((f'[{channel.name}]({channel.name}.md)', *cells))} |"


def _media(capabilities: Capabilities, kind: str) -> str:
    limits = [limit for limit in capabilities.media if limit.kind == kind]
    return "; ".join(map(_size, limits)) or "–"


def _size(limit: MediaLimit) -> str:
    types = [name.partition("/")[2] for name in limit.media_types or ()]
    named = f"{len(types)} types" if len(types) > MAX_NAMED_TYPES else ", ".join(types)
    where = f", in {limit.surface} alone" if limit.surface else ""
    return f"{limit.max_bytes / 1_000_000:g} MB" + (f" ({named})" if named else "") + where


def _text(limit: TextLimit) -> str:
    unit = {"code_points": "characters", "utf16": "UTF-16 units"}.get(limit.unit, limit.unit)
    where = f" in {limit.surface}" if limit.surface else ""
    return f"{limit.limit:,} {unit}{where}{', longer ones in parts' if limit.splits else ''}"


def _actions(capabilities: Capabilities) -> str:
    actions = ", ".join(capabilities.actions) or "none"
    public = capabilities.public_actions
    return actions if public is None else f"{actions}; in public {', '.join(public) or 'none'}"


def _where(channel: Channel) -> str:
    if channel.name == "webchat":
        return "stored here, as visitors upload them"
    if channel.name in ABILITIES.media and channel.name in ABILITIES.inline_files:
        return "in the call, or fetched from the platform"
    if channel.name in ABILITIES.inline_files:
        return "in the call"
    return "fetched from the platform" if channel.name in ABILITIES.media else "at the address that the call names"
