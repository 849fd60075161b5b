"""Signing in with a real browser and real processes: what it takes and sends of the cookie, what other pages can do with it, and
how soon a session ends.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from services.demo.serving import serving
from services.platform.core.time_source import SystemTimeSource
from tests.browser.desk import TIMEOUT_MS as DESK_TIMEOUT_MS
from tests.browser.loop import loop_fixture
from tests.browser.pages import OpenPage
from tests.desk.issuer import CLIENT_ID, CLIENT_SECRET, SmallIssuer
from tests.fakes import HttpCall
from tests.live.installation import ADMIN_KEY, Running, Shop, command, shop_at, up
from tests.live.waiting import eventually_sync
from tests.live_servers.server import free_ports

SESSIONS = "/v1/desk/sessions"
ME = "/v1/workspaces/shop/agents/me"
OWN = {"Pasokh-Desk": "1", "Content-Type": "application/json"}
NAMES = ("localhost", "127.0.0.1")
FETCH = """async ([method, path, body, headers]) => {
  const answer = await fetch(path, {method, headers, body: body === null ? undefined : JSON.stringify(body)});
  return {status: answer.status, body: (await answer.text()) || 'null'};
}"""
FOLLOW = """path => {
  window.stream = new EventSource(path);
  window.opened = new Promise(done => { window.stream.onopen = done; });
  window.ended = new Promise(done => { window.stream.onerror = () => done(Date.now()); });
  return window.opened.then(() => true);
}"""


@pytest.fixture(scope="module")
def issuer_port() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, issuer_port: int) -> Iterator[Running]:
    [port] = free_ports(1)
    running = up(
        tmp_path_factory.mktemp("desk"),
        PASOKH_PORT=str(port),
        PASOKH_ADMIN_KEY=ADMIN_KEY,
        PASOKH_ALLOWED_TARGETS=json.dumps([f"127.0.0.1:{issuer_port}"]),
        PASOKH_OIDC_ISSUER=f"http://127.0.0.1:{issuer_port}",
        PASOKH_OIDC_CLIENT_ID=CLIENT_ID,
        PASOKH_OIDC_CLIENT_SECRET=CLIENT_SECRET,
        PASOKH_OIDC_WORKSPACE="shop",
        PASOKH_OIDC_AGENT_CLAIM="pasokh_agent",
        PASOKH_PUBLIC_URL=f"http://localhost:{port}",
    )
    running.port = port
    running.start()
    running.wait_ready()
    yield running
    running.stop()


@loop_fixture
async def shop(installation: Running) -> AsyncIterator[Shop]:
    async with shop_at(installation.url, ADMIN_KEY) as shop:
        await shop.put("", {"name": "Shop"})
        await shop.put("/agents/sara", {"name": "Sara", "teams": ["default"]})
        await shop.put("/agents/sara/presence", {"status": "online"})
        yield shop


async def key_of(shop: Shop) -> dict[str, str]:
    body = {"name": "Sara's desk", "workspace": "shop", "agent": "sara", "scopes": ["desk"]}
    made: dict[str, str] = (await shop.client.post("/v1/keys", json=body)).json()
    return made


async def fetch(page: Page, method: str, path: str, body: Any = None, headers: Any = None) -> tuple[int, Any]:
    """A request of the page's own script."""
    answer = await page.evaluate(FETCH, [method, path, body, headers or {}])
    return answer["status"], json.loads(answer["body"])


async def sign_in(page: Page, shop: Shop) -> dict[str, str]:
    """Sign in by a new key, and return it."""
    made = await key_of(shop)
    status, opened = await fetch(page, "POST", SESSIONS, {"key": made["secret"]}, OWN)
    assert (status, opened["agent"]) == (201, "sara")
    return made


@pytest.mark.parametrize("name", NAMES)
async def test_chromium_takes_the_cookie_on_loopback_and_hides_it_from_scripts(
    open_page: OpenPage, installation: Running, shop: Shop, name: str
) -> None:
    page = await open_page(f"http://{name}:{installation.port}/docs")
    await sign_in(page, shop)
    assert (await fetch(page, "GET", ME))[1]["id"] == "sara"
    assert await page.evaluate("document.cookie") == ""
    cookies = {one["name"]: one for one in await page.context.cookies()}
    assert set(cookies) == {"__Host-pasokh-desk", "pasokh-desk"}
    host = cookies["__Host-pasokh-desk"]
    assert (host["httpOnly"], host["secure"], host["sameSite"], host["path"]) == (True, True, "Strict", "/")
    # A browser that takes no Secure cookie here has the other one alone.
    await page.context.clear_cookies(name="__Host-pasokh-desk")
    assert (await fetch(page, "GET", ME))[0] == 200
    assert (await fetch(page, "DELETE", f"{SESSIONS}/current", headers={"Pasokh-Desk": "1"}))[0] == 204
    assert await page.context.cookies() == []
    assert (await fetch(page, "GET", ME))[0] == 401


async def test_a_link_of_the_command_line_signs_in_once(open_page: OpenPage, installation: Running, shop: Shop) -> None:
    made = command(installation.folder, "agents", "sign-in", "shop", "sara", "--json")
    made.start()
    assert await asyncio.to_thread(made.wait_end, 60) == 0
    code = json.loads(made.log)["url"].partition("#code=")[2]
    page = await open_page(f"http://localhost:{installation.port}/docs")
    assert (await fetch(page, "POST", SESSIONS, {"code": code}, OWN))[0] == 201
    assert (await fetch(page, "GET", ME))[1]["id"] == "sara"
    assert (await fetch(page, "POST", SESSIONS, {"code": code}, OWN))[0] == 401
    assert code not in installation.log


# -- other pages -------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def other_page(context: BrowserContext, name: str) -> AsyncIterator[Page]:
    """A page of somebody else: of another site, or of the same with another port, to which a Strict cookie is sent."""
    app = Starlette(routes=[Route("/", lambda _: HTMLResponse("<p>a page of others</p>"))])
    async with serving(app) as url:
        page = await context.new_page()
        await page.goto(url.replace("127.0.0.1", name))
        yield page


TRIES = """async address => {
  const tries = [
    {body: '{"status": "away"}', headers: {'Content-Type': 'text/plain'}},
    {body: '{"status": "away"}', mode: 'no-cors'},
    {body: new Blob(['{"status": "away"}']), mode: 'no-cors'},
    {body: '{"status": "away"}', headers: {'Content-Type': 'application/json', 'Pasokh-Desk': '1'}},
  ];
  const ended = [];
  for (const one of tries) {
    try {
      const answer = await fetch(address, {method: 'POST', credentials: 'include', ...one});
      ended.push(answer.type === 'opaque' ? 'opaque' : String(answer.status));
    } catch { ended.push('blocked'); }
  }
  return ended;
}"""
FORM = """address => new Promise(done => {
  const frame = document.createElement('iframe');
  frame.name = 'taken';
  document.body.append(frame);
  const form = document.createElement('form');
  Object.assign(form, {method: 'post', action: address, enctype: 'text/plain', target: 'taken'});
  frame.onload = () => done(true);
  document.body.append(form);
  form.submit();
})"""


@pytest.mark.parametrize(("name", "refused"), [("localhost", 403), ("127.0.0.1", 401)])
async def test_no_other_page_can_write_or_read_as_the_agent(
    open_page: OpenPage, installation: Running, shop: Shop, name: str, refused: int
) -> None:
    site = f"http://localhost:{installation.port}"
    page = await open_page(f"{site}/docs")
    await sign_in(page, shop)
    # There is no such conversation: a write that is not refused is 404.
    tried = f"/v1/workspaces/shop/conversations/tried-from-{name.replace('.', '-')}/resolve"
    async with other_page(page.context, name) as other:
        assert set(await other.evaluate(TRIES, f"{site}{tried}")) <= {"opaque", "blocked"}
        await other.evaluate(FORM, f"{site}{tried}")
        read = "async at => { try { return await (await fetch(at, {credentials: 'include'})).text() } catch { return '' } }"
        assert await other.evaluate(read, f"{site}{ME}") == ""
    # Of the same site with another port, the cookie is sent, and refused; of another site it is not even sent.
    # The audit log says it a moment after the answer.
    eventually_sync(lambda: written(installation, tried), holds=lambda statuses: statuses == [refused] * 4)
    # The page itself may write.
    assert (await fetch(page, "POST", tried, {}, OWN))[0] == 404
    eventually_sync(lambda: written(installation, tried), holds=lambda statuses: statuses == [*[refused] * 4, 404])


def written(installation: Running, path: str) -> list[int]:
    """How the writes to a path were answered, by the audit log."""
    entries = [json.loads(line) for line in installation.log.splitlines() if line.startswith("{")]
    return [entry["status"] for entry in entries if entry.get("path") == path]


# -- how soon it ends --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", ["session", "key", "agent"])
async def test_an_open_stream_ends_within_a_second(
    open_page: OpenPage, installation: Running, shop: Shop, ends: str
) -> None:
    page = await open_page(f"http://localhost:{installation.port}/docs")
    made = await sign_in(page, shop)
    assert await page.evaluate(FOLLOW, "/v1/workspaces/shop/events")
    [session] = [one for one in (await fetch(page, "GET", SESSIONS))[1]["items"] if one["current"]]
    paths = {
        "session": f"{SESSIONS}/{session['id']}",
        "key": f"/v1/keys/{made['id']}",
        "agent": "/v1/workspaces/shop/agents/sara",
    }
    assert (await shop.client.delete(paths[ends])).status_code == 204
    deleted = time.time() * 1000
    ended = await page.evaluate("window.ended")
    assert ended - deleted < 1000
    assert (await fetch(page, "GET", ME))[0] == 401
    await page.evaluate("window.stream.close()")


# -- by an issuer ------------------------------------------------------------------------------------------------------


def issuer_app(issuer: SmallIssuer) -> Starlette:
    """The issuer over HTTP. Its page agrees at once, and sends the browser back."""

    async def authorize(request: Request) -> Response:
        back = issuer.agree(str(request.url))
        address = request.query_params["redirect_uri"]
        return RedirectResponse(f"{address}?{'&'.join(f'{name}={value}' for name, value in back.items())}", 303)

    async def called(request: Request) -> Response:
        call = HttpCall(str(request.url), None, await request.body(), dict(request.headers), request.method)
        answer = issuer.respond(call)
        return Response(answer.body, answer.status, dict(answer.headers))

    return Starlette(routes=[Route("/authorize", authorize), Route("/{path:path}", called, methods=["GET", "POST"])])


@loop_fixture
async def issuer(issuer_port: int) -> AsyncIterator[SmallIssuer]:
    """The issuer of the installation, while it can be reached."""
    issuer = SmallIssuer(SystemTimeSource(), f"http://127.0.0.1:{issuer_port}")
    async with serving(issuer_app(issuer), port=issuer_port):
        yield issuer


async def test_a_browser_signs_in_by_the_issuer(
    open_page: OpenPage, installation: Running, shop: Shop, issuer: SmallIssuer
) -> None:
    site = f"http://localhost:{installation.port}"
    page = await open_page(f"{site}/docs")
    await page.goto(f"{site}/v1/desk/oidc/start")
    assert page.url == f"{site}/desk"
    assert (await fetch(page, "GET", ME))[1]["id"] == "sara"
    assert {one["name"] for one in await page.context.cookies(site)} == {"__Host-pasokh-desk", "pasokh-desk"}
    issuer.claims = lambda claims: {**claims, "pasokh_agent": "nobody"}
    # The page that is open would ask for a sign-in of its own.
    await page.goto("about:blank")
    await page.context.clear_cookies()
    await page.goto(f"{site}/v1/desk/oidc/start")
    assert page.url == f"{site}/desk#sign-in-error=no_agent"
    assert (await fetch(page, "GET", ME))[0] == 401


async def test_the_page_offers_the_issuer_and_comes_back_signed_in(
    open_page: OpenPage, installation: Running, shop: Shop, issuer: SmallIssuer
) -> None:
    page = await open_page(f"http://localhost:{installation.port}/desk")
    await page.get_by_role("link", name="Sign in with your organisation").click(timeout=DESK_TIMEOUT_MS)
    await expect(page.locator("header.top")).to_contain_text("Sara", timeout=DESK_TIMEOUT_MS)
    issuer.claims = lambda claims: {**claims, "pasokh_agent": "nobody"}
    await page.context.clear_cookies()
    await page.reload()
    await page.get_by_role("link", name="Sign in with your organisation").click(timeout=DESK_TIMEOUT_MS)
    await expect(page.get_by_role("alert")).to_contain_text("no agent of this shop", timeout=DESK_TIMEOUT_MS)


async def test_no_secret_is_in_the_log(
    open_page: OpenPage, installation: Running, shop: Shop, issuer: SmallIssuer
) -> None:
    site = f"http://localhost:{installation.port}"
    page = await open_page(f"{site}/docs")
    made = await sign_in(page, shop)
    await page.goto("about:blank")
    await page.context.clear_cookies()
    await page.goto(f"{site}/v1/desk/oidc/start")
    assert (await fetch(page, "GET", ME))[1]["id"] == "sara"
    cookies = [one["value"] for one in await page.context.cookies(site)]
    log = installation.log
    signed_in = [line for line in log.splitlines() if '"signed_in"' in line]
    assert len(signed_in) >= 2, log[-2000:]
    assert cookies
    assert not [secret for secret in (CLIENT_SECRET, made["secret"], *cookies) if secret in log]
    assert not [name for name in ("code=", "__Host-pasokh-desk=", "pasokh-desk=", "id_token") if name in log]
    assert "Traceback" not in log
