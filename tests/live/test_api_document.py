"""What others make of the OpenAPI document: spectral finds nothing, and a generated client works."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.live.contract import Desk
from tests.live.installation import ADMIN_KEY, Running, allowing, up

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "schemas/export/openapi.json"
UV = str(Path(sys.executable).parent / "uv")
GENERATOR = "openapi-python-client==0.29.1"
NEEDS = ("httpx", "attrs", "python-dateutil")
"""What a generated client imports."""


def run(*arguments: str, folder: Path = ROOT, seconds: float = 240) -> subprocess.CompletedProcess[str]:
    # Where no Python environment of ours may decide what the tools see.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return subprocess.run(
        arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds, check=False
    )


def test_spectral_finds_nothing_wrong(tmp_path: Path) -> None:
    npx = shutil.which("npx")
    if npx is None:
        pytest.skip("there is no npx here; install Node.js to lint the OpenAPI document")
    spectral = (npx, "--yes", "@stoplight/spectral-cli")
    if (looked := run(*spectral, "--version")).returncode:
        pytest.skip(f"spectral cannot be had: {looked.stderr[-200:]}")
    linted = run(*spectral, "lint", "--fail-severity=hint", "--ruleset", str(ROOT / ".spectral.yaml"), str(DOCUMENT))
    assert linted.returncode == 0, linted.stdout


USE = """
import json, sys
from shop_client.client import AuthenticatedClient
from shop_client.api.agents import put_agent, put_presence
from shop_client.api.configuration import get_routing
from shop_client.api.conversations import get_conversation, list_conversations, list_decisions, list_messages
from shop_client.api.conversations import reply_to_conversation, resolve_conversation
from shop_client.models import ReplyBody, ResolveBody
from shop_client.models.list_conversations_sort import ListConversationsSort

url, key, workspace = sys.argv[1:]
with AuthenticatedClient(base_url=url, token=key, raise_on_unexpected_status=True) as client:
    page = list_conversations.sync(workspace, client=client, sort=ListConversationsSort.QUEUED_AT)
    [case] = page.items
    said = reply_to_conversation.sync(workspace, case.id, client=client, body=ReplyBody(agent="sara", text="On its way."))
    messages = list_messages.sync(workspace, case.id, client=client).items
    decided = list_decisions.sync(workspace, case.id, client=client).items
    done = resolve_conversation.sync(workspace, case.id, client=client, body=ResolveBody(agent="sara"))
    missing = get_conversation.sync(workspace, "nothing", client=client)
    print(json.dumps({
        "said": said.text, "texts": [one.text for one in messages], "status": done.status,
        "why": decided[-1].summary, "missing": missing.code, "rules": len(get_routing.sync(workspace, client=client).rules),
    }))
"""


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Running]:
    running = up(tmp_path / "installation", PASOKH_ADMIN_KEY=ADMIN_KEY, **allowing(9))
    running.start()
    try:
        running.wait_ready()
        yield running
    finally:
        running.stop()


async def test_a_generated_client_reads_answers_and_resolves(installed: Running, tmp_path: Path) -> None:
    made = run(
        *(UV, "tool", "run", "--from", GENERATOR, "openapi-python-client", "generate", "--meta", "none"),
        *("--path", str(DOCUMENT), "--output-path", str(tmp_path / "shop_client")),
    )
    if not (tmp_path / "shop_client").exists() and "openapi-python-client" in made.stderr:
        pytest.skip(f"the generator cannot be had: {made.stderr[-200:]}")
    assert made.returncode == 0, made.stdout + made.stderr
    assert "Unable to" not in made.stdout
    (tmp_path / "use.py").write_text(USE)
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    async with httpx2.AsyncClient(base_url=installed.url, headers=headers, timeout=30, trust_env=False) as client:
        desk = Desk(client, "shop")
        await desk.put("", {"name": "Shop"})
        await desk.put("/accounts/telegram/main", desk.account("http://127.0.0.1:9"))
        await desk.agent("sara")
        await desk.hears(1)
        await desk.assigned(1)
    needs = [part for name in NEEDS for part in ("--with", name)]
    used = run(
        *(UV, "run", "--no-project", "--isolated", "--python", sys.executable, *needs, "python", "use.py"),
        *(installed.url, ADMIN_KEY, "shop"),
        folder=tmp_path,
    )
    assert used.returncode == 0, used.stderr
    told = json.loads(used.stdout)
    assert told.pop("why").startswith("Assigned to sara")
    assert told == {
        "said": "On its way.",
        "texts": ["hello, where is my order", "On its way."],
        "status": "resolved",
        "missing": "not_found",
        "rules": 0,
    }
