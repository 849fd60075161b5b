"""The page `/docs` as files: what they load, and that what a document says stays text."""

import re
from importlib import resources

import pytest

from services.platform.http.reference.page import FILES
from tests.rest import open_rest, problem_of

TEXTS = {
    name: (resources.files("services.platform.http.reference") / "files" / name).read_text() for name in FILES.values()
}


@pytest.mark.parametrize("path", FILES)
async def test_each_file_is_served_to_anybody_under_a_policy_that_loads_nothing_from_elsewhere(path: str) -> None:
    async with open_rest() as rest:
        answer = await rest.client.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_no_file_names_an_address_elsewhere() -> None:
    assert [url for text in TEXTS.values() for url in re.findall(r"https?:|\"//", text)] == []


def test_no_file_puts_what_a_document_says_into_markup() -> None:
    for text in TEXTS.values():
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)


async def test_no_page_but_ours_describes_the_routes() -> None:
    async with open_rest() as rest:
        problem_of(await rest.client.get("/redoc"), 404)
        problem_of(await rest.client.get("/docs/oauth2-redirect"), 404)


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/livez"])
async def test_what_is_only_read_says_so(path: str) -> None:
    async with open_rest() as rest:
        answer = await rest.client.post(path)
    problem_of(answer, 405)
    assert "GET" in answer.headers["allow"].split(", ")
