"""What is made from the code is what `python -m deploy.generate` writes, and sends every path to who serves it."""

import re
from collections.abc import Mapping

import pytest

from deploy.generate.__main__ import DEPLOY, generated
from deploy.generate.proxy import paths_conf, served
from deploy.generate.services import opened
from services.composition import PUBLIC_API_SERVICES
from services.platform.http.reference import page

LOCATION = re.compile(
    r'^location (?:(?P<how>=|~) )?"?(?P<what>[^ "]+)"? \{ (?:client_max_body_size \d+m; )?proxy_pass http://(?P<to>\w+); \}$',
    re.MULTILINE,
)


def process_for(path: str, conf: str) -> str | None:
    """The upstream that nginx takes: an exact match, the first regular expression, the longest prefix."""
    rows = [(m["how"], m["what"], m["to"]) for m in LOCATION.finditer(conf)]
    exact = [to for how, what, to in rows if how == "=" and what == path]
    matching = [to for how, what, to in rows if how == "~" and re.search(what, path)]
    prefixes = sorted((len(what), to) for how, what, to in rows if how is None and path.startswith(what))
    return next(iter([*exact, *matching, *(to for _, to in reversed(prefixes))]), None)


def example_of(path: str) -> str:
    """A path as somebody would ask for it."""
    return re.sub(r"\{[^}]+\}", "x-1", path) + ("anything" if path.endswith("/") and path != "/" else "")


async def test_every_generated_file_is_up_to_date() -> None:
    wrong = [
        str(path.relative_to(DEPLOY))
        for path, text in (await generated()).items()
        if not path.exists() or path.read_text() != text
    ]
    assert wrong == [], "run: python -m deploy.generate"


async def test_the_proxy_sends_every_path_to_the_process_that_serves_it() -> None:
    routes = served(await opened())
    conf = (DEPLOY / "proxy" / "paths.conf").read_text()
    assert {path: process_for(example_of(path), conf) for path in routes} == routes


@pytest.mark.parametrize("path", ["/openapi.json", *page.FILES])
def test_the_proxy_sends_readers_to_the_process_that_describes_all_routes(path: str) -> None:
    assert process_for(path, (DEPLOY / "proxy" / "paths.conf").read_text()) == PUBLIC_API_SERVICES


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/_sent", "/docs/"])
def test_the_proxy_knows_no_other_path(path: str) -> None:
    assert process_for(path, (DEPLOY / "proxy" / "paths.conf").read_text()) is None


def test_the_bare_address_is_itself_and_not_all_there_is() -> None:
    assert paths_conf({"/": "router"}).count("location / {") == 0
    assert process_for("/", paths_conf({"/": "router"})) == "router"
    assert process_for("/x", paths_conf({"/": "router"})) is None


def test_a_path_with_names_in_the_middle_is_told_from_its_neighbours() -> None:
    routes: Mapping[str, str] = {"/v1/a/{b}/c": "sla", "/v1/a/{b}/d": "router", "/x": "ingest"}
    conf = paths_conf(routes)
    assert [process_for(p, conf) for p in ("/v1/a/1/c", "/v1/a/1/c/2", "/v1/a/1/d", "/x", "/x/y")] == [
        "sla",
        "router",
        "router",
        "ingest",
        None,
    ]


def test_the_proxy_lets_the_largest_webhook_through_and_nothing_else_that_large() -> None:
    routes = {"/webhooks/": "ingest", "/webchat/x": "ingest"}
    conf = paths_conf(routes, 25_000_000)
    assert "location /webhooks/ { client_max_body_size 26m; proxy_pass http://ingest; }" in conf
    assert conf.count("client_max_body_size") == 1
    assert process_for("/webhooks/mail/shop/main/secret", conf) == "ingest"
    assert "client_max_body_size" not in paths_conf(routes, 1_000_000)
