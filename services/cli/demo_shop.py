"""Runs the demo shop beside a process: stand-ins of the platforms, simulated customers and agents, and a quick-start text."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog

from schemas.configuration import Scope
from services.cli.errors import CliError
from services.cli.printing import echo
from services.cli.run_process import Sidecar
from services.demo.accounts import PHONE_NUMBER_ID, WABA_ID, Credentials, StandIns, derive_credentials
from services.demo.platforms import Platforms
from services.demo.rest import ApiError
from services.demo.running import stream
from services.demo.seeding import seed
from services.desk.sign_in import new_code, sign_in_url, store_code
from services.platform.http.service import Context
from services.platform.store.read_one import read_one
from services.records.agents import AGENTS, agent_id

log = structlog.get_logger(__name__)

WORKSPACE = "demo"
SCOPES: Mapping[str, Scope] = {"you": "desk", "owner": "admin"}
"""Agents of `PEOPLE`, and what a session of each may do."""
RATE = 1.0
CUSTOMER, PHONE = 424242, "447700900999"


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def demo_sidecar(key: str, key_file: Path | None, port: int, smtp_port: int) -> Sidecar:
    """The background task of `up --demo`. The ports are the stand-ins'; the settings must allow them as targets."""

    @asynccontextmanager
    async def beside(address: str, context: Context) -> AsyncIterator[None]:
        platforms = Platforms(derive_credentials(key, WORKSPACE).smtp_password)
        async with platforms.serve(port, smtp_port) as stand_ins:
            credentials = await _seeded(address, key, stand_ins)
            echo(quickstart_text(address, stand_ins, credentials, key_file, await _sign_in_links(address, context)))
            stop = asyncio.Event()
            traffic = asyncio.create_task(_run_traffic(address, key, credentials, stand_ins, stop))
            try:
                yield
            finally:
                stop.set()
                traffic.cancel()
                with suppress(asyncio.CancelledError):
                    await traffic
                echo("Stopping.")

    return beside


async def _seeded(address: str, key: str, stand_ins: StandIns) -> Credentials:
    try:
        return await seed(address, key, WORKSPACE, stand_ins)
    except ApiError as refusal:
        raise CliError(f"the demo shop could not be written: {refusal}.") from refusal


async def _sign_in_links(address: str, context: Context) -> Mapping[str, str]:
    """A link for each agent that somebody may play: once, for 15 minutes."""
    base, links = context.settings.public_url or address, {}
    for agent, scope in SCOPES.items():
        record = await read_one(context.store, AGENTS, agent_id(WORKSPACE, agent))
        if record is not None:
            code, stored = new_code(record, [scope], context.time_source.now())
            await store_code(context.store, code, stored)
            links[agent] = sign_in_url(base, code)
    return links


async def _run_traffic(
    address: str, key: str, credentials: Credentials, stand_ins: StandIns, stop: asyncio.Event
) -> None:
    """Run customers and agents. Their failure does not end the process."""
    try:
        await stream(address, key, credentials, workspace=WORKSPACE, rate=RATE, stand_ins=stand_ins, stop=stop)
    except Exception:
        log.exception("demo_ended")


def quickstart_text(
    address: str, stand_ins: StandIns, credentials: Credentials, key_file: Path | None, links: Mapping[str, str]
) -> str:
    """The addresses to open, and two shell commands to paste: one writes as a customer, one shows the conversation."""
    key = f'"$(cat {key_file})"' if key_file else '"$PASOKH_ADMIN_KEY"'
    base = f"{address}/v1/workspaces/{WORKSPACE}"
    return f"""
Pasokh is ready on {address}. A demo shop is open: customers write about once a second, agents answer.

  on Telegram     in private and in a group; who gives away a card number there gets a link to the private chat
  on WhatsApp     texts, photos, edits, deletions, reactions; what we send is reported as sent, delivered, read
  on Rubika       in private and in a group: texts, photos, keys, edits, deletions; from the group a link leads to the private chat
  on Instagram    direct messages, and comments in public: one with a card number is hidden, and goes on in private
  on Bale         texts in private and in a group, in Persian
  on X            mentions and direct messages; who gives away a card number in public is asked for a private message
  on Messenger    direct messages
  on LINE         texts, pictures, messages that are unsent, in private and in a group
  on LinkedIn     comments below posts and posts that mention the shop: all of it public
  by mail         questions with a subject, answers that quote ours, absence notices
  by SMS          texts and pictures; by telephone: calls that nobody takes, answered in writing, or called back from the desk
  in reviews      some fall to one star after the answer, some rise; who was helped is asked how it went
  in our own app  texts and pictures by the channel for systems of one's own, signed both ways
  on Eitaa        nobody: it sends only, and agents write there what is new of parcels
  on the web      nobody but you

  the desk        {address}/desk   (as an agent, go online there: customers come to you, too)
    as an agent   {links.get("you", "")}
    as the owner  {links.get("owner", "")}
                  (each link works once, for 15 minutes; another: pasokh agents sign-in {WORKSPACE} you)

  live page       {address}/ops   (asks for the admin key)
  web chat        {address}/webchat/{WORKSPACE}/main   (write as a visitor: an agent answers in about ten seconds)
  documentation   {address}/docs
  metrics         {address}/metrics
  what was sent   {stand_ins.url}/_sent?channel=whatsapp   (also any other channel above; stand-ins, nothing leaves this machine)
  admin key       {key_file or "given by PASOKH_ADMIN_KEY"}

Write as a customer on Telegram (paste it into another terminal):

  curl -sS -i {address}/webhooks/telegram/{WORKSPACE}/main \\
    -H 'Content-Type: application/json' \\
    -H 'X-Telegram-Bot-Api-Secret-Token: {credentials.secret_token}' \\
    -d '{{"update_id": '$(date +%s)', "message": {{"message_id": '$(date +%s)', "date": '$(date +%s)',
         "chat": {{"id": {CUSTOMER}, "type": "private", "first_name": "Neda"}},
         "from": {{"id": {CUSTOMER}, "is_bot": false, "first_name": "Neda"}},
         "text": "سلام، سفارش من هنوز نرسیده است. کجاست؟"}}}}'

Or on WhatsApp, signed as Meta signs:

  BODY='{{"object": "whatsapp_business_account", "entry": [{{"id": "{WABA_ID}", "changes": [{{"field": "messages", "value": {{
         "messaging_product": "whatsapp", "metadata": {{"phone_number_id": "{PHONE_NUMBER_ID}"}},
         "contacts": [{{"wa_id": "{PHONE}", "profile": {{"name": "Neda"}}}}], "messages": [{{"from": "{PHONE}",
         "id": "wamid.'$(date +%s)'", "timestamp": "'$(date +%s)'", "type": "text",
         "text": {{"body": "Hello, where is my order?"}}}}]}}}}]}}]}}'
  curl -sS -i {address}/webhooks/whatsapp/{WORKSPACE}/main -d "$BODY" -H 'Content-Type: application/json' \
    -H "X-Hub-Signature-256: sha256=$(printf %s "$BODY" | openssl dgst -sha256 -hmac {credentials.app_secret} | sed 's/.* //')"

See the conversation on Telegram, and why it went to that agent:

  KEY={key}
  curl -sS -H "Authorization: Bearer $KEY" '{base}/conversations?person=telegram:main:{CUSTOMER}'
  ID=$(curl -sS -H "Authorization: Bearer $KEY" '{base}/conversations?person=telegram:main:{CUSTOMER}' |
    sed 's/.*"items":\\[{{"id":"\\([^"]*\\)".*/\\1/')
  curl -sS -H "Authorization: Bearer $KEY" {base}/conversations/$ID/decisions

Ctrl-C stops it; what happened stays in the data folder.
"""
