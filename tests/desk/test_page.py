"""The desk's page as files: what they load, what they weigh, and that the library in it is the one that was released."""

import gzip
import json
import re
from hashlib import sha256
from importlib import resources
from pathlib import Path

import pytest

from services.desk.page import PATH, PLACES, build_router
from services.platform.http.pages import file_names, read_page_file
from services.platform.http.service import ServiceComponents
from tests.rest import open_rest

FOLDER = Path(str(resources.files("services.desk") / "files"))
NAMES = sorted(file_names("services.desk"))
OWN = [name for name in NAMES if not name.startswith("vendor/")]
SCRIPTS = [name for name in OWN if name.endswith(".js")]
LIT_HTML = {
    "LICENSE.txt": "2b66f9390afde29edfe4314daff93f01fb182e1178053e228120178987e5db75",
    "async-directive.js": "53f58e79132655fc3fc4f8fbd0ac21dbac8ed5ad74556c2c51d2648e8efa9aa2",
    "directive-helpers.js": "f7fb1154b8f72ed2cc08b05eaeed71c99270e9ad2d48620ed24688a1af4c2b62",
    "directive.js": "3344c4f41c69cd0701d3937e8f9ef90bd845614bf6456d0b8314b7c51d415b9d",
    "directives/live.js": "b305f9066319d838db797abd5a4d871537277e25f35332702bfce4452c020ecf",
    "directives/ref.js": "0b9ddde79172b1bf38adc6d7ee7bc0d9e10330a88d6a758832e2cdfce3c0f3ca",
    "directives/repeat.js": "083140026ecd8665fedd15b17769f9d516252a9f1502f1e91e6967686ee82626",
    "lit-html.js": "b878e7f95dec8a9b6e9b217faca6b6a11bad82ebc44c0caa77419ed83edd81f2",
}
"""The SHA-256 of each file of lit-html 3.3.3, as npm has them."""
LANGUAGES = ("en", "fa", "ar", "lv")
BUDGET = 60_000
"""Bytes, compressed, that the page loads in one language before a conversation is opened: the list, offers, presence, alerts."""
OPENED = (
    *(
        "calling.js",
        "conversation.js",
        "conversation.css",
        "customer/",
        "doings.js",
        "header.js",
        "me.js",
        "panel.js",
        "thread.js",
        "team.js",
        "words/conversation/",
        "writing/",
    ),
    *("reading.js", "attention/words/device/", "attention/push.js", "attention/settings.js", "attention/signals.js"),
)
"""Loaded with the first conversation, with the team, or with the settings of the agent."""
NEVER_BY_ITSELF = ("admin/", "icon-192.png", "icon-512.png", "vendor/lit-html/LICENSE.txt")
"""The set-up of the shop, and what the browser takes for a page that is installed."""


def test_the_library_is_the_one_that_was_released() -> None:
    folder = FOLDER / "vendor" / "lit-html"
    found = {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert found == LIT_HTML


@pytest.mark.parametrize(
    "path", [PATH, f"{PATH}/c/01JABC", *(f"{PATH}/{place}/x" for place in PLACES), f"{PATH}/main.js"]
)
async def test_each_address_is_served_without_a_key_under_the_policy_of_the_desk(path: str) -> None:
    async with open_rest([ServiceComponents(routers=[build_router()])]) as rest:
        answer = await rest.client.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    directives = dict(one.split(" ", 1) for one in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["require-trusted-types-for"] == "'script'"
    assert directives["img-src"] == "'self' data: blob:"
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["service-worker-allowed"] == "/desk"


async def test_what_is_not_there_is_not_the_page() -> None:
    async with open_rest([ServiceComponents(routers=[build_router()])]) as rest:
        answers = [(await rest.client.get(f"{PATH}/{name}")).status_code for name in ("none.js", "x", "package.json")]
    assert answers == [404, 404, 404]


def test_no_file_names_an_address_elsewhere() -> None:
    named = {
        url for name in OWN for url in re.findall(r"https?://[\w.-]+[^\s\"'`)<]*", (FOLDER / name).read_text("latin1"))
    }
    assert named <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_makes_markup_of_text(name: str) -> None:
    text = (FOLDER / name).read_text()
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|unsafeHTML|new Function", text
    )
    assert not re.search(r"\b(?:confirm|alert|prompt)\(", re.sub(r"\w\.(?:confirm|alert|prompt)\(", "", text))


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_module_imports_files_that_are_there(name: str) -> None:
    text = (FOLDER / name).read_text()
    for target in re.findall(r"(?:from|import)\s*\(?\s*['\"](\.[^'\"]+)['\"]", text):
        assert (FOLDER / name).parent.joinpath(target).resolve().is_file(), target


def test_scripts_lose_their_comments_and_nothing_else() -> None:
    for name in SCRIPTS:
        before, after = (FOLDER / name).read_text(), read_page_file("services.desk", name).decode()
        pairs = list(zip(before.split("\n"), after.split("\n"), strict=True))
        lost = [one.strip() for one, other in pairs if one != other]
        assert all(line.startswith(("//", "/*", "*")) for line in lost), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_comes_before_the_first_conversation_is_small(language: str) -> None:
    others = tuple(f"words/{other}.js" for other in LANGUAGES if other != language)
    loaded = [name for name in NAMES if not name.startswith((*OPENED, *NEVER_BY_ITSELF)) and not name.endswith(others)]
    weights = {name: len(gzip.compress(read_page_file("services.desk", name), 9, mtime=0)) for name in loaded}
    assert sum(weights.values()) <= BUDGET, f"{sum(weights.values())} {json.dumps(weights, indent=1)}"
