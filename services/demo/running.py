"""Runs the demo until it is stopped: creates the shop, lets customers write and read, lets agents answer and resolve."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any
from zlib import crc32

import httpx2
import structlog

from schemas.values import Json
from services.demo.accounts import ACCOUNT, Credentials, StandIns
from services.demo.agents import AgentAction, AgentSimulator
from services.demo.channels import CHANNELS, crowds, webhook_path
from services.demo.crowd import Crowd, Imagination, Occupancy, WebhookPost, with_query
from services.demo.demo_channel import CrowdContext, DemoChannel
from services.demo.numbers import first_number_at
from services.demo.photo import PHOTO
from services.demo.rest import ApiError, Rest, connected
from services.demo.seeding import seed
from services.demo.staff import AGENTS, PEOPLE
from services.domain.lifecycle import OPEN
from services.platform.core.time_source import SystemTimeSource, TimeSource

POLL_SECONDS = 1.0
WORKERS = 8
LANE_POSTS = 100
MAX_ATTEMPTS = 5
SHARES = {channel.name: channel.share for channel in CHANNELS if channel.crowd is not None}
"""Of all that customers do: how much is on which channel."""
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class DemoSession:
    """The shared objects of a running demo. `paths`: channel → where its platform calls."""

    rest: Rest
    client: httpx2.AsyncClient
    stand_in: httpx2.AsyncClient
    paths: Mapping[str, str]
    crowds: Mapping[str, Crowd]
    occupancy: Occupancy
    agents: AgentSimulator
    time_source: TimeSource
    last_seen: int = 0
    lanes: list["asyncio.Queue[WebhookPost]"] = field(
        default_factory=lambda: [asyncio.Queue(LANE_POSTS) for _ in range(WORKERS)]
    )


async def run_demo(
    base_url: str,
    admin_key: str,
    *,
    workspace: str = "demo",
    rate: float = 1.0,
    stand_ins: StandIns,
    stop: asyncio.Event,
) -> None:
    """Seed and stream until `stop`. `rate`: calls of platforms a second. `stand_ins`: as the installation reaches them.

    An installation that is away for a while is waited for. Raises ApiError when it will not be seeded (wrong key,
    a stand-in that is not among its allowed targets).
    """
    credentials = await _seeded(base_url, admin_key, workspace, stand_ins, stop)
    if credentials is not None:
        await stream(base_url, admin_key, credentials, workspace=workspace, rate=rate, stand_ins=stand_ins, stop=stop)


async def stream(
    base_url: str,
    admin_key: str,
    credentials: Credentials,
    *,
    workspace: str,
    rate: float,
    stand_ins: StandIns,
    stop: asyncio.Event,
    time_source: TimeSource | None = None,
) -> None:
    """Run customers and agents of an existing workspace until `stop`."""
    time = time_source or SystemTimeSource()
    start = time.now()
    random, occupancy = Random(start.timestamp()), Occupancy()  # noqa: S311 - messages of the demo need no secure randomness
    async with connected(base_url) as client, connected(stand_ins.url) as stand_in:
        imagination = Imagination(random, count(first_number_at(start)))
        context = CrowdContext(
            start, imagination, occupancy, credentials, await _photo(stand_in), workspace, stand_ins.url
        )
        shop = DemoSession(
            rest=Rest(client, admin_key, workspace),
            client=client,
            stand_in=stand_in,
            paths={channel: webhook_path(channel, workspace, credentials) for channel in SHARES},
            crowds=crowds(context),
            occupancy=occupancy,
            agents=AgentSimulator(random, str(int(start.timestamp())), frozenset(one.id for one in PEOPLE)),
            time_source=time,
        )
        shop.last_seen = await _last_seen_id(shop)
        news = [_write_first(shop, one, imagination, rate) for one in CHANNELS if one.news is not None]
        customers = _customers(shop, rate, random)
        await _until_stopped(stop, [customers, _agents(shop), *news, *map(_worker(shop), shop.lanes)])


async def _photo(stand_in: httpx2.AsyncClient) -> str | None:
    """The id of the photo that customers send; None where the stand-in takes none."""
    answer = await stand_in.post("/whatsapp/_media", content=PHOTO, headers={"content-type": "image/png"})
    return str(answer.json()["id"]) if answer.is_success else None


async def _seeded(
    base_url: str, admin_key: str, workspace: str, stand_ins: StandIns, stop: asyncio.Event
) -> Credentials | None:
    while not stop.is_set():
        try:
            return await seed(base_url, admin_key, workspace, stand_ins)
        except httpx2.TransportError:
            log.info("demo_waits_for_installation")
        except ApiError as refusal:
            if refusal.status not in (429, 503):
                raise
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), timeout=POLL_SECONDS)
    return None


async def _until_stopped(stop: asyncio.Event, coroutines: Sequence[Awaitable[None]]) -> None:
    """Run all until `stop`. Raises the error of the first that fails."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    end = asyncio.ensure_future(stop.wait())
    try:
        done, _ = await asyncio.wait([end, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (end, *tasks):
            task.cancel()
        await asyncio.gather(end, *tasks, return_exceptions=True)


# -- customers ---------------------------------------------------------------------------------------------------------


async def _customers(shop: DemoSession, rate: float, random: Random) -> None:
    while True:
        await asyncio.sleep(random.expovariate(rate))
        now = shop.time_source.now()
        [chosen] = random.choices(list(SHARES), weights=list(SHARES.values()))
        posts = [post for crowd in shop.crowds.values() for post in crowd.due(now)]
        for post in (*posts, *shop.crowds[chosen].write(now)):
            await shop.lanes[crc32(post.lane.encode()) % WORKERS].put(post)


def _worker(shop: DemoSession) -> Callable[["asyncio.Queue[WebhookPost]"], Awaitable[None]]:
    """Make the calls of one lane in order.

    All calls about a chat are in one lane, as a platform orders them per chat.
    """

    async def run(lane: "asyncio.Queue[WebhookPost]") -> None:
        while True:
            await _deliver(shop, await lane.get())

    return run


async def _deliver(shop: DemoSession, post: WebhookPost) -> None:
    for number in range(MAX_ATTEMPTS):
        try:
            if post.announcement is not None:
                path, known = post.announcement
                await shop.stand_in.post(path, json=dict(known))
            url = with_query(shop.paths[post.channel], post.query)
            answer = await shop.client.post(url, content=post.body, headers=dict(post.headers))
            if answer.is_success:
                return
            log.warning("demo_webhook_rejected", channel=post.channel, status=answer.status_code)
        except httpx2.TransportError:
            log.warning("demo_webhook_rejected", channel=post.channel, status=None)
        await asyncio.sleep(2.0**number)


# -- agents, and messages to customers ---------------------------------------------------------------------------------


async def _agents(shop: DemoSession) -> None:
    while True:
        try:
            await _listen(shop)
            actions = await _poll(shop)
        except (httpx2.TransportError, ApiError) as error:
            log.warning("demo_request_failed", reason=type(error).__name__)
            actions = []
        await asyncio.gather(*(_do(shop, action) for action in actions))
        await asyncio.sleep(POLL_SECONDS)


async def _listen(shop: DemoSession) -> None:
    for item in await _sent_after(shop, shop.last_seen):
        shop.last_seen = item["number"]
        crowd = shop.crowds.get(item["channel"])
        if crowd is not None:
            crowd.on_sent(item, shop.time_source.now())


async def _last_seen_id(shop: DemoSession) -> int:
    """The number of messages that were sent before this start; customers do not react to them again."""
    return max((item["number"] for item in await _sent_after(shop, 0)), default=0)


async def _sent_after(shop: DemoSession, number: int) -> list[dict[str, Any]]:
    answer = await shop.stand_in.get("/_sent", params={"after": str(number)})
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def _poll(shop: DemoSession) -> list[AgentAction]:
    conversations = [
        conversation
        for status in sorted(OPEN)
        async for conversation in shop.rest.items("/conversations", status=status)
    ]
    shop.occupancy.counted(len(conversations))
    languages = {conversation["id"]: conversation.get("language") for conversation in conversations}
    actions = shop.agents.poll(conversations, shop.time_source.now())
    return [await _worded(shop, action, languages[action.conversation]) for action in actions]


async def _worded(shop: DemoSession, action: AgentAction, language: str | None) -> AgentAction:
    if action.action != "reply" or action.text is not None:
        return action
    question = ""
    async for message in shop.rest.items(f"/conversations/{action.conversation}/messages"):  # oldest first
        if message["direction"] == "inbound" and message["text"]:
            question = message["text"]
    return shop.agents.worded(action, question, language)


async def _do(shop: DemoSession, action: AgentAction) -> None:
    path, body = f"/conversations/{action.conversation}", {"agent": action.agent}
    try:
        if action.has_file and action.file is None and await _takes_pictures(shop, path):
            action = shop.agents.uploaded(action, await shop.rest.upload(PHOTO, "image/png", "mug.png"))
        if action.action == "reply":
            reply: dict[str, Json] = {**body, "text": action.text, "attachments": [action.file] if action.file else []}
            await shop.rest.post(f"{path}/replies", reply, key=action.key)
        else:
            await shop.rest.post(f"{path}/resolve", body, key=action.key)
            # The shop asks how it went: its customers know nothing of conversations else.
            shop.crowds["survey"].on_sent({"conversation": action.conversation}, shop.time_source.now())
    except (httpx2.TransportError, ApiError) as error:
        status = error.status if isinstance(error, ApiError) else None
        log.info("demo_agent_action_failed", action=action.action, conversation=action.conversation, status=status)
        shop.agents.failed(action, shop.time_source.now())


async def _takes_pictures(shop: DemoSession, path: str) -> bool:
    """Whether a picture may go with an answer in private, as the installation says of the conversation."""
    media = (await shop.rest.get(path))["can_reply"]["private"]["media"]
    return any(one["kind"] == "image" and "image/png" in (one["media_types"] or ["image/png"]) for one in media)


async def _write_first(shop: DemoSession, channel: DemoChannel, imagination: Imagination, rate: float) -> None:
    """Let agents write what is new on a channel. Everybody has an agent of their own, who gets no colleague's conversation."""
    share = channel.share / sum(one.share for one in CHANNELS)
    while channel.news is not None:
        await asyncio.sleep(imagination.random.expovariate(rate * share))
        if not shop.occupancy.begin():
            continue
        message, number = channel.news(imagination), next(imagination.numbers)
        speakers = [one.id for one in AGENTS if message.person.language in one.languages]
        agent = speakers[message.person.number % len(speakers)]
        body: dict[str, Json] = {"person": f"{channel.name}:{ACCOUNT}:{message.external_id}", "agent": agent}
        try:
            files = [await shop.rest.upload(PHOTO, "image/png", "parcel.png")] if message.has_file else []
            await shop.rest.post(
                "/messages", {**body, "text": message.text, "attachments": [*files]}, key=f"demo-news-{number}"
            )
        except (httpx2.TransportError, ApiError) as error:
            status = error.status if isinstance(error, ApiError) else None
            log.info("demo_agent_action_failed", action="write_first", channel=channel.name, status=status)
