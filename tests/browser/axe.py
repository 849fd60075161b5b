"""axe-core, which looks for what keeps people out of a page. It is in a package of the tests, not in this repository."""

from functools import cache
from importlib import resources
from typing import Any

from playwright.async_api import Page

RUN = "part => axe.run(part ?? document, {resultTypes: ['violations']})"
"""Of what is in order it lists no more than one place a rule, for each of which it would make up a selector."""


@cache
def _source() -> str:
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


async def wrong_with(page: Page, part: str | None = None) -> list[str]:
    """Each rule that the page breaks, with where; of one element and what is in it, where `part` is given."""
    await page.evaluate(_source())
    found: dict[str, Any] = await page.evaluate(RUN, part)
    assert found["passes"], "axe has looked at nothing"
    return [f"{one['id']}: {[node['html'][:160] for node in one['nodes']]}" for one in found["violations"]]
