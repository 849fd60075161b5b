"""The scripts of the chat as browsers read them: which language each of them is written in, and what serves them."""

import re
from importlib import resources
from typing import Any

import pytest

from services.webchat.page import MODULES, read_module
from tests.rest import problem_of
from tests.webchat.harness import open_webchat

STATIC = resources.files("services.webchat") / "static"
LOADER = (STATIC / "pasokh-chat.js").read_text()
LATER_THAN_ES5 = {
    "ArrowFunctionExpression",
    "AwaitExpression",
    "ClassDeclaration",
    "ClassExpression",
    "ForOfStatement",
    "ImportDeclaration",
    "ObjectPattern",
    "ArrayPattern",
    "AssignmentPattern",
    "RestElement",
    "SpreadElement",
    "TaggedTemplateExpression",
    "TemplateLiteral",
    "YieldExpression",
}
LANGUAGES = ("en", "fa", "ar", "lv")


@pytest.fixture(scope="module")
def esprima() -> Any:
    """The parser. Any: it has no types. Importing it takes 0.4 s, which only these tests are to pay."""
    import esprima

    return esprima


def nodes(tree: object) -> list[dict[str, object]]:
    """Every node of a syntax tree."""
    if isinstance(tree, list):
        return [found for one in tree for found in nodes(one)]
    if not isinstance(tree, dict):
        return []
    return [tree, *(found for one in tree.values() for found in nodes(one))]


def test_what_every_browser_reads_is_ecmascript_5(esprima: Any) -> None:
    found = nodes(esprima.parseScript(LOADER).toDict())
    assert len(found) > 500
    kinds = {str(one.get("type")) for one in found}
    assert not kinds & LATER_THAN_ES5
    assert {one["kind"] for one in found if one.get("type") == "VariableDeclaration"} == {"var"}
    properties = [one for one in found if one.get("type") == "Property"]
    assert not any(one["shorthand"] or one["computed"] or one["method"] for one in properties)
    assert not any(one.get("async") or one.get("generator") for one in found)
    assert LOADER.isascii()


@pytest.mark.parametrize("name", MODULES)
def test_what_the_chat_is_made_of_is_read_by_a_browser_of_2018(esprima: Any, name: str) -> None:
    esprima.parseModule(read_module(name))


@pytest.mark.parametrize("text", ["a?.b", "a ?? b", "class A { #b = 1 }", "try {} catch {}"])
def test_the_reader_of_the_tests_refuses_what_such_a_browser_does(esprima: Any, text: str) -> None:
    with pytest.raises(esprima.Error):
        esprima.parseModule(text)


@pytest.mark.parametrize("name", MODULES)
def test_what_newer_browsers_alone_can_do_is_not_asked_for(name: str) -> None:
    too_new = r"\.at\(|replaceChildren|requestSubmit|\.flatMap\(|structuredClone|replaceAll\(|AbortSignal\.|Object\.fromEntries|\(\?<"
    assert not re.search(too_new, read_module(name))


@pytest.mark.parametrize("name", MODULES)
def test_nothing_becomes_markup(name: str) -> None:
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", read_module(name)
    )


def test_every_language_says_everything(esprima: Any) -> None:
    found = nodes(esprima.parseModule(read_module("words.js")).toDict())
    texts = {}
    for one in found:
        if one.get("type") == "Property" and isinstance(one["value"], dict):
            key, value = one["key"], one["value"]
            if isinstance(key, dict) and key.get("name") in LANGUAGES and value.get("type") == "ObjectExpression":
                texts[key["name"]] = {p["key"]["name"]: p["value"]["value"] for p in value["properties"]}
    assert set(texts) == set(LANGUAGES)
    for language, words in texts.items():
        assert words.keys() == texts["en"].keys(), language
        assert all(words.values())
        for word, text in words.items():
            assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", texts["en"][word])), word


async def test_the_chat_is_served_to_pages_of_any_origin_and_nothing_else_is() -> None:
    async with open_webchat() as shop:
        for name in MODULES:
            answer = await shop.client.get(f"/webchat/pasokh-chat/{name}")
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/javascript")
            assert answer.headers["access-control-allow-origin"] == "*"
        style = await shop.client.get("/webchat/pasokh-chat/chat.css")
        assert style.headers["content-type"].startswith("text/css")
        for name in ("page.html", "..%2fpage.html", "plain.html", "nothing.js"):
            problem_of(await shop.client.get(f"/webchat/pasokh-chat/{name}"), 404)


def test_every_module_that_is_imported_is_served() -> None:
    imported = {name for one in MODULES for name in re.findall(r'from "\./([\w.]+)"', read_module(one))}
    assert imported
    assert imported < set(MODULES)
