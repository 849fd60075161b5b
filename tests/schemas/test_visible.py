"""Names that show as nothing are refused when they are written, and read when they rest."""

import pytest
from pydantic import ValidationError

from schemas.configuration import AgentBody, KeyBody, TeamBody, WorkspaceBody
from schemas.visible import WRITTEN, is_blank

INVISIBLE = [
    "\u200b",
    " ",
    "\u3164",
    "\u2800\u2800",
    "\u0301",
    "\u202e",
    "\u2066\u2069",
    "\ufe0f",
    "\u00a0",
    "\U000e0041",
    "\x07",
    "\ufeff \u00ad",
]


@pytest.mark.parametrize("name", INVISIBLE)
@pytest.mark.parametrize(
    ("body", "rest"),
    [(WorkspaceBody, {}), (TeamBody, {}), (AgentBody, {"teams": ["default"]}), (KeyBody, {"scopes": ["read"]})],
)
def test_a_name_that_shows_nothing_is_refused(body: type[WorkspaceBody], rest: dict[str, list[str]], name: str) -> None:
    with pytest.raises(ValidationError, match="nothing of this shows"):
        body.model_validate({"name": name, **rest}, context=WRITTEN)
    assert body.model_validate({"name": name, **rest}).name == name


@pytest.mark.parametrize("text", ["a", "سارا", "👍", "❤️", "e\u0301", "한", "\u200fسلام", ".", "১"])
def test_what_shows_is_no_blank(text: str) -> None:
    assert not is_blank(text)
