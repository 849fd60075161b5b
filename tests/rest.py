"""The app of a process over fakes, asked in memory; and a stand-in for the processors that carry out its commands."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx2
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, SecretStr

from schemas.commands import CommandResult
from schemas.configuration import AccountBody
from schemas.envelope import Event, decode
from services.composition import PROCESSES, SINGLE_PROCESS, locate_file
from services.desk import canned, first_run, sessions
from services.domain.channel_capabilities import ChannelCapabilities
from services.platform.bus.port import ProducerRecord
from services.platform.core.settings import Settings
from services.platform.http.app import open_app
from services.platform.http.fair_share import ConnectionShares
from services.platform.http.outgoing import HttpClient
from services.platform.http.problems import problem_code
from services.platform.http.service import Context, ServiceComponents, routes_context
from services.platform.http.web_push import PushSender
from services.platform.store.collections import ACCEPTED, FACTS, OUTCOMES, RUNTIME_COLLECTIONS
from services.platform.store.port import Collection
from services.records.accounts import ACCOUNT_CALLS, ACCOUNT_CHECKS
from services.records.agents import AGENTS
from services.records.blobs import BLOB_PARTS, BLOBS
from services.records.canned_answers import CANNED_ANSWERS
from services.records.clocks import CLOCKS
from services.records.configuration import ANNOUNCEMENTS, CONFIGURATION_HEADS, CONFIGURATIONS
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS
from services.records.customers import CUSTOMERS, IDENTITY_GRAPHS, IDENTITY_REFERENCES
from services.records.decisions import DECISIONS
from services.records.desk import DESK_SESSIONS, FIRST_RUN_CODES, SIGN_IN_CODES, SessionAuthenticator
from services.records.keys import KEYS, ApiKeyAuthenticator
from services.records.ledgers import CONSUMED_COUNTS
from services.records.mentions import MENTIONS
from services.records.offers import OFFERS
from services.records.push import PUSH_DEVICES, PUSH_MARKS
from services.records.read_marks import READ_MARKS
from services.records.removals import REMOVALS
from services.records.sends import ACCOUNT_SENDS
from services.records.subscriptions import WEBHOOK_DELIVERIES, WEBHOOK_ENDPOINTS
from services.records.tasks import TASKS
from services.rest.files import FileReader
from services.rest.uploads import open_uploads
from services.router import attachments, read_marks
from services.router.push import devices as push_devices
from services.router.routes import build_routers
from services.sla.routes import build_router as clocks_router
from services.subscriptions.routes import build_router as subscriptions_router
from services.workspaces import accounts, channels, deletion_routes, keys, ledgers, routes
from services.workspaces.account_mutations import AccountRules
from services.workspaces.deletion import Remover
from tests.fakes import FakeHttp, ManualTimeSource, MemoryBus, MemoryStore

ALL_SERVICES = PROCESSES[SINGLE_PROCESS]
ADMIN_KEY = "an-admin-key-of-more-than-32-characters"
COLLECTIONS: Sequence[Collection[Any]] = (
    ACCEPTED,
    ACCOUNT_CALLS,
    ACCOUNT_CHECKS,
    ACCOUNT_SENDS,
    AGENTS,
    OFFERS,
    READ_MARKS,
    ANNOUNCEMENTS,
    TASKS,
    BLOB_PARTS,
    BLOBS,
    CANNED_ANSWERS,
    CLOCKS,
    CONFIGURATIONS,
    CONFIGURATION_HEADS,
    CONSUMED_COUNTS,
    CONVERSATIONS,
    CUSTOMERS,
    IDENTITY_GRAPHS,
    IDENTITY_REFERENCES,
    DECISIONS,
    DESK_SESSIONS,
    FACTS,
    KEYS,
    MENTIONS,
    MESSAGES,
    OUTCOMES,
    PERSONS,
    REMOVALS,
    FIRST_RUN_CODES,
    SIGN_IN_CODES,
    PUSH_DEVICES,
    PUSH_MARKS,
    *RUNTIME_COLLECTIONS,
    WEBHOOK_DELIVERIES,
    WEBHOOK_ENDPOINTS,
)
Answer = Callable[[Event], CommandResult | None]


class StandInAccount(BaseModel):
    """The account model of the stand-in of a channel."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"credentials": {"bot_token": "123456:ABC"}}]})
    credentials: dict[str, str]


CHOSEN = ("secret_token", "secret_token_previous", "identity_secret")


@dataclass(frozen=True)
class StandInRules:
    """What the stand-in of a channel demands: one credential."""

    required: str = "bot_token"
    model: type[BaseModel] = StandInAccount

    def problems(self, body: AccountBody) -> list[tuple[str, str]]:
        fine = bool(body.credentials.get(self.required))
        return [] if fine else [(f"/credentials/{self.required}", f"{self.required} is needed.")]

    def called_urls(self, body: AccountBody) -> list[tuple[str, str]]:
        return [(f"/credentials/{n}", str(url)) for n, url in body.credentials.items() if n.endswith("_url")]

    def chosen_secrets(self, body: AccountBody) -> list[tuple[str, str]]:
        chosen = [(name, value) for name, value in body.credentials.items() if name in CHOSEN]
        return [(f"/credentials/{n}", one) for n, value in chosen for one in ([value] if type(value) is str else value)]


def settings_with(**given: Any) -> Settings:
    """Settings with an admin key, whatever the environment says."""
    return Settings(**{"admin_key": SecretStr(ADMIN_KEY), **given}) if given else _plain_settings()


@cache
def _plain_settings() -> Settings:
    """They are frozen, and reading the environment takes a millisecond of each of hundreds of tests."""
    return Settings(admin_key=SecretStr(ADMIN_KEY))


@dataclass
class Rest:
    """The client, and what is behind it. `answer` decides what becomes of each command; None: nothing yet."""

    client: httpx2.AsyncClient
    store: MemoryStore
    bus: MemoryBus
    time_source: ManualTimeSource
    keys: ApiKeyAuthenticator
    http: FakeHttp
    events: list[Event] = field(default_factory=list)
    outcome_for: Answer | None = None

    async def process_command(self, outgoing: ProducerRecord) -> None:
        """Take a command as its processor would: once by its id, with an outcome in the store."""
        event = decode(outgoing.value)
        self.events.append(event)
        if self.outcome_for is not None and self.store.find(OUTCOMES, event.id) is None:
            outcome = self.outcome_for(event)
            if outcome is not None:
                self.store.insert(OUTCOMES, event.id, outcome)

    def outcome(self, event: Event, **given: Any) -> CommandResult:
        """An outcome of a command, applied unless said otherwise."""
        fields = {"status": "applied", "request_hash": event.data.get("request_hash", ""), **given}
        return CommandResult(id=event.id, workspace=event.workspace, at=self.time_source.now(), **fields)

    async def request(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """A request as the admin, unless `authorization` is given."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"authorization": f"Bearer {ADMIN_KEY}", **named}
        return await self.client.request(method, path, json=body, headers=sent)

    async def workspace(self, name: str = "shop") -> str:
        """Make a workspace; its path."""
        answer = await self.request("PUT", f"/v1/workspaces/{name}", {"name": name})
        assert answer.status_code in (200, 201), answer.text
        return f"/v1/workspaces/{name}"

    async def key(self, *scopes: str, workspace: str | None = "shop") -> str:
        """Make a key; what goes into `authorization`."""
        answer = await self.request("POST", "/v1/keys", {"name": "k", "workspace": workspace, "scopes": list(scopes)})
        assert answer.status_code == 201, answer.text
        return f"Bearer {answer.json()['secret']}"


def problem_of(answer: httpx2.Response, status: int) -> dict[str, Any]:
    """The problem of an answer, which must be one of this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["type"]
    assert problem["detail"]
    assert problem["code"] == problem_code(problem["title"])
    return problem


CHECKS: Mapping[str, AccountRules] = {"telegram": StandInRules()}


def _tell_nobody(*_: str) -> None:
    """No page is open."""


@cache
def _lasting_routers(known_after_seconds: float, *checks: tuple[str, AccountRules]) -> Sequence[APIRouter]:
    """Routers that hold nothing of a process. FastAPI takes 40 ms to make them, so every app of the tests has the same.

    The first ones are matched first, and FastAPI prepares a router anew for each app when it is matched.
    """
    rules = dict(checks)
    configuration = [
        routes.build_router(),
        accounts.build_router(rules, known_after_seconds),
        channels.build_router(rules),
        ledgers.build_router(),
        keys.build_router(),
        *sessions.build_routers(),
        canned.build_router(),
        push_devices.build_router(PushSender(bytes(32), "https://pasokh.invalid"), lambda: None),
        first_run.build_router(),
    ]
    return [
        *configuration,
        *build_routers(ChannelCapabilities({})),
        clocks_router(),
        subscriptions_router(),
        read_marks.build_router(_tell_nobody),
    ]


def routers_over(
    context: Context,
    checks: Mapping[str, AccountRules] = CHECKS,
    http: HttpClient | None = None,
    known_after_seconds: float = 0.0,
) -> list[APIRouter]:
    """Every router of REST but those of `/ops`, metrics and live chat; `checks` are the channels' checks of accounts.

    `http` reaches the platforms from which files are read. No cache has old credentials here, for which a response would wait.
    """
    remover = Remover(context, {}, lambda: COLLECTIONS)
    files = FileReader(context.store, http or FakeHttp(), context.settings, locate_file, ConnectionShares())
    file_routes = attachments.build_router(files, open_uploads(context))
    return [*_lasting_routers(known_after_seconds, *checks.items()), deletion_routes.build_router(remover), file_routes]


@asynccontextmanager
async def open_rest(
    parts: Sequence[ServiceComponents] = (),
    checks: Mapping[str, AccountRules] = CHECKS,
    known_after_seconds: float = 0.0,
    **given: Any,
) -> AsyncIterator[Rest]:
    """Every route over fakes; `given` are settings. A response waits `known_after_seconds` after a change of credentials."""
    store, bus, clock = MemoryStore(*COLLECTIONS), MemoryBus(), ManualTimeSource()
    context = Context(settings_with(**given), store, bus, clock)
    authenticator = ApiKeyAuthenticator(store, clock.monotonic)
    http = FakeHttp()
    writable = routes_context(context, ALL_SERVICES)
    ours = ServiceComponents(routers=routers_over(writable, checks, http, known_after_seconds))
    find_session = SessionAuthenticator(store, clock.now).find
    async with open_app(writable, [ours, *parts], authenticator.find, find_session=find_session) as app:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://pasokh") as client:
            rest = Rest(client, store, bus, clock, authenticator, http)
            bus.on_publish = rest.process_command
            yield rest
