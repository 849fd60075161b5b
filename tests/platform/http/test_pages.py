"""Files of the built-in pages: compressed once, not sent twice, and under a policy of their page."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from starlette.responses import Response

from services.platform.http.pages import page_router, page_tree_router
from services.platform.http.problems import NotFound
from services.platform.http.static_files import MEDIA_TYPES, accepts_gzip, has_tag, media_type_of

TEXT = "export const words = 'the same again and again and again and again and again and again';\n" * 20


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package whose page has a file in a sub-folder."""
    folder = tmp_path / "small_page"
    (folder / "files" / "words").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "files" / "package.json").write_text("{}")
    (folder / "files" / "index.html").write_text("<p>short</p>")
    (folder / "files" / "words" / "en.js").write_text(TEXT)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "small_page"


def client(package: str) -> AsyncClient:
    app = FastAPI()
    app.add_exception_handler(NotFound, lambda _, __: Response(status_code=404))
    policy = {"img-src": "'self' blob:", "worker-src": "'self'"}
    app.include_router(page_tree_router(package, "/page", places=("c",), policy=policy, headers={"X-Own": "1"}))
    app.include_router(page_router(package, {"/small": "index.html"}))
    return AsyncClient(transport=ASGITransport(app), base_url="http://page")


async def test_it_is_compressed_for_who_takes_that_alone(package: str) -> None:
    async with client(package) as http:
        async with http.stream("GET", "/page/words/en.js", headers={"Accept-Encoding": "br, gzip;q=0.5"}) as answer:
            sent = b"".join([part async for part in answer.aiter_raw()])
        plain = await http.get("/page/words/en.js", headers={"Accept-Encoding": "identity"})
    assert gzip.decompress(sent).decode() == TEXT == plain.text
    assert answer.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert {answer.headers["vary"], plain.headers["vary"]} == {"Accept-Encoding"}
    assert plain.headers["content-type"] == "text/javascript; charset=utf-8"
    # One tag for two different runs of bytes would let a cache mix them.
    assert answer.headers["etag"] != plain.headers["etag"]


async def test_who_has_it_is_not_sent_it_again(package: str) -> None:
    async with client(package) as http:
        first = await http.get("/page/words/en.js")
        tags = (first.headers["etag"], f'"old", W/{first.headers["etag"]}', "*")
        again = [await http.get("/page/words/en.js", headers={"If-None-Match": tag}) for tag in tags]
        other = await http.get("/page/words/en.js", headers={"If-None-Match": '"old"'})
    assert [(one.status_code, one.content, one.headers["etag"]) for one in again] == [
        (304, b"", first.headers["etag"])
    ] * 3
    assert other.status_code == 200


async def test_each_address_of_the_page_has_its_policy(package: str) -> None:
    async with client(package) as http:
        answers = [await http.get(path) for path in ("/page", "/page/c/01H", "/page/words/en.js")]
        missing = [
            (await http.get(path)).status_code for path in ("/page/words/xx.js", "/page/package.json", "/page/d")
        ]
        small = await http.get("/small")
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].text == answers[1].text == "<p>short</p>"
    for answer in answers:
        directives = answer.headers["content-security-policy"].split("; ")
        assert "img-src 'self' blob:" in directives
        assert "worker-src 'self'" in directives
        assert "default-src 'none'" in directives
        assert answer.headers["x-own"] == "1"
    assert missing == [404] * 3
    assert "img-src 'self' data:" in small.headers["content-security-policy"].split("; ")


@pytest.mark.parametrize(
    ("values", "accepted"),
    [
        (["gzip, deflate, br"], True),
        (["br", "GZIP"], True),
        (["*"], True),
        (["gzip;q=0"], False),
        (["gzip; q=0.000, *"], False),
        (["*;q=0"], False),
        (["gzip;q=0.001"], True),
        (["br"], False),
        ([], False),
    ],
)
def test_accept_encoding(values: Sequence[str], accepted: bool) -> None:
    assert accepts_gzip(list(values)) is accepted


@pytest.mark.parametrize(("values", "named"), [(['"a"'], True), (['"b", W/"a"'], True), (['"b"'], False), ([], False)])
def test_if_none_match(values: list[str], named: bool) -> None:
    assert has_tag(values, '"a"') is named


def test_each_media_type_of_text_has_its_character_set() -> None:
    assert {name: media_type_of(f"a.{name}") for name in MEDIA_TYPES} == {
        **{name: f"{media_type}; charset=utf-8" for name, media_type in MEDIA_TYPES.items()},
        "png": "image/png",
    }
