"""The page `/docs` in a browser that reaches nothing but the installation: every route, found, opened and linked."""

from collections.abc import Iterator

import httpx2
import pytest
from playwright.async_api import expect

from tests.browser.pages import OpenPage, Size, picture
from tests.live.installation import Running, up

METHODS = ("get", "put", "post", "delete")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = up(tmp_path_factory.mktemp("reference"))
    running.start()
    running.wait_ready()
    yield running
    running.stop()


def routes_of(installation: Running) -> int:
    document = httpx2.get(f"{installation.url}/openapi.json", trust_env=False).json()
    return sum(method in operations for operations in document["paths"].values() for method in METHODS)


@pytest.mark.parametrize("size", ["desktop", "phone"])
async def test_every_route_is_listed_and_nothing_is_asked_of_another_place(
    installation: Running, open_page: OpenPage, size: Size
) -> None:
    page = await open_page("about:blank", size=size)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{installation.url}/docs")
    await expect(page.locator("details.route")).to_have_count(routes_of(installation))
    assert all(url.startswith((installation.url, "data:")) for url in asked)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await picture(page, f"reference-{size}", whole=False)


async def test_a_route_is_found_opened_and_tells_fields_answers_and_an_example(
    installation: Running, open_page: OpenPage
) -> None:
    page = await open_page(f"{installation.url}/docs", scheme="dark")
    await page.get_by_label("Find").fill("put agents presence")
    route = page.locator("details.route:visible")
    await expect(route).to_have_count(1)
    await route.locator("summary").first.click()
    await expect(route).to_contain_text('"online" or "away" or "offline"')
    await expect(route).to_contain_text("if-match")
    await expect(page.locator("#about code").first).to_have_text("application/problem+json")
    await expect(route).to_contain_text("412")
    await expect(route.locator("pre")).to_contain_text("/v1/workspaces/$workspace/agents/$agent/presence")
    await picture(page, "reference-route", whole=False)


async def test_a_link_to_a_route_opens_it(installation: Running, open_page: OpenPage) -> None:
    page = await open_page(f"{installation.url}/docs#put-v1-workspaces-workspace-sla")
    route = page.locator("#put-v1-workspaces-workspace-sla")
    await expect(route).to_have_attribute("open", "")
    await expect(route).to_contain_text("policies*")
