"""`pasokh up` as a process: from nothing to a delivered reply, hostile clients, refusals, and an orderly end."""

import asyncio
import re
import socket
import stat
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.live.installation import Running, Shop, allowing, shop_at, telegram, up, update_of
from tests.live.waiting import eventually
from tests.live_servers.server import free_ports

READY_SECONDS = 10.0
AGENTS = {f"agent-{language}": {f"lang:{language}": 5} for language in ("fa", "ar", "lv", "en")}
QUESTIONS = {
    "fa": "سلام، سفارش من هنوز نرسیده است. لطفاً بگویید کجاست؟",
    "ar": "مرحبا، أين طلبي؟ لم يصل حتى الآن وأنا أنتظر منذ أسبوع.",
    "lv": "Labdien! Kur ir mans pasūtījums? Es gaidu jau veselu nedēļu.",
    "en": "Hello, where is my order? I have been waiting for a week.",
}


@pytest.fixture(scope="module")
def stand_in_port() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, stand_in_port: int) -> Iterator[Running]:
    running = installed(tmp_path_factory.mktemp("up"), **allowing(stand_in_port))
    running.start()
    running.wait_ready()
    yield running
    running.stop()


@pytest.fixture
async def shop(installation: Running) -> AsyncIterator[Shop]:
    """A workspace of the test's own."""
    async with shop_at(installation.url, key_of(installation), f"shop-{time.time_ns()}") as shop:
        yield shop


def installed(folder: Path, **environment: str) -> Running:
    """The command as it is installed, which imports all that it needs; not started yet."""
    return replace(up(folder, **environment), is_executed=True)


def key_of(running: Running) -> str:
    return (running.folder / "data" / "admin.key").read_text().strip()


async def first_run_links(running: Running, wanted: int) -> list[str]:
    """The links of first runs that were printed, once there are so many."""

    async def found() -> list[str] | None:
        links = re.findall(r"http://\S+/desk#first-run=\S+", running.log)
        return links if len(links) >= wanted else None

    return await eventually(found)


def nothing_of(look: Callable[[], Any]) -> Callable[[], Any]:
    """Whether `look` finds nothing more."""

    async def gone() -> bool:
        return not await look()

    return gone


async def test_a_first_start_is_ready_within_ten_seconds_and_tells_the_key_once(tmp_path: Path) -> None:
    running = installed(tmp_path)
    running.start()
    seconds = running.wait_ready()
    key_file = tmp_path / "data" / "admin.key"
    assert seconds < READY_SECONDS
    # Each start without a shop says how to set one up.
    assert len(await first_run_links(running, 1)) == 1
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert running.log.count(key_file.read_text().strip()) == 1
    assert running.stop()[0] == 0
    running.start()
    running.wait_ready()
    assert len(set(await first_run_links(running, 2))) == 2
    running.stop()
    assert running.log.count(key_file.read_text().strip()) == 1


async def test_each_language_finds_its_agent_and_the_answer_finds_the_customer(
    shop: Shop, stand_in_port: int, installation: Running
) -> None:
    async with telegram(stand_in_port) as (stand_in, url):
        await shop.open_with(url, AGENTS, first_response_seconds=60)
        for chat, text in enumerate(QUESTIONS.values(), start=100):
            assert (await shop.post(update_of(chat, chat, text))).status_code == 200

        async def assigned() -> Any:
            found = await shop.items("/conversations", status="assigned")
            return found if len(found) == 4 else None

        found = await eventually(assigned)
        assert {c["agent"]: c["language"] for c in found} == {f"agent-{lang}": lang for lang in QUESTIONS}
        for conversation in found:
            answer = await shop.reply(
                conversation["id"], conversation["agent"], f"answer in {conversation['language']}"
            )
            assert answer.status_code == 201, answer.text

        async def undelivered() -> Any:
            threads = [await shop.items(f"/conversations/{c['id']}/messages") for c in found]
            return [(m["state"], m["error"]) for thread in threads for m in thread[1:] if m["state"] != "sent"]

        assert await eventually(nothing_of(undelivered)), await undelivered()
        assert sorted(str(one["text"]) for one in stand_in.sent) == sorted(f"answer in {lang}" for lang in QUESTIONS)

        async def counted() -> Any:
            return await _metric(installation, "pasokh_first_response_seconds_count", shop.workspace) == 4

        assert await eventually(counted)
        for conversation in found:
            [clock] = await shop.items(f"/conversations/{conversation['id']}/clocks")
            assert (clock["metric"], clock["state"]) == ("first_response", "fulfilled")


async def test_a_promise_of_two_seconds_is_told_broken_within_a_second_after(shop: Shop, stand_in_port: int) -> None:
    async with telegram(stand_in_port) as (_, url):
        await shop.open_with(url, AGENTS, first_response_seconds=2)
        await shop.post(update_of(1, 500, QUESTIONS["en"]))
        [conversation] = await eventually(lambda: shop.items("/conversations"))

        async def breached() -> Any:
            events = await shop.items(f"/conversations/{conversation['id']}/events")
            return [e for e in events if e["type"] == "pasokh.sla.breached"]

        due = time.time() + 2
        [event] = await eventually(breached)
        assert time.time() - due < 1.0
        [clock] = await shop.items(f"/conversations/{conversation['id']}/clocks")
        assert (clock["state"], clock["late_by_seconds"]) == ("breached", None)
        assert event["data"]["metric"] == "first_response"


async def _metric(running: Running, name: str, workspace: str) -> float:
    async with httpx2.AsyncClient(trust_env=False) as client:
        lines = (await client.get(f"{running.url}/metrics")).text.splitlines()
    wanted = [line for line in lines if line.startswith(name + "{") and f'workspace="{workspace}"' in line]
    return sum(float(line.rsplit(" ", 1)[1]) for line in wanted)


async def test_a_forged_secret_is_refused_and_leaves_nothing(shop: Shop, stand_in_port: int) -> None:
    await shop.open_with(f"http://127.0.0.1:{stand_in_port}", {})
    assert (await shop.post(update_of(1, 600, "hello"), secret="wrong")).status_code == 401
    assert (await shop.post(update_of(2, 601, "hello"))).status_code == 200
    found = await eventually(lambda: shop.items("/conversations"))
    assert [one["person"] for one in found] == ["telegram:main:601"]


async def test_a_body_over_a_megabyte_is_refused_at_once(shop: Shop, stand_in_port: int) -> None:
    await shop.open_with(f"http://127.0.0.1:{stand_in_port}", {})
    assert (await shop.post(update_of(1, 700, "x" * 1_100_000))).status_code == 413


async def test_a_deep_body_harms_nobody(shop: Shop, stand_in_port: int) -> None:
    await shop.open_with(f"http://127.0.0.1:{stand_in_port}", {})
    path = f"/webhooks/telegram/{shop.workspace}/main"
    headers = {"X-Telegram-Bot-Api-Secret-Token": "a-secret-of-the-webhook"}
    answer = await shop.client.post(path, content=b"[" * 400_000, headers=headers)
    assert answer.status_code in (200, 400)
    assert (await shop.client.get("/readyz")).status_code == 200
    assert await shop.items("/conversations") == []


@pytest.mark.slow
async def test_clients_of_one_byte_a_second_are_cut_off_and_delay_nobody(installation: Running) -> None:
    connections = [await asyncio.open_connection("127.0.0.1", installation.port) for _ in range(300)]
    ends = asyncio.gather(*(_trickle(reader, writer) for reader, writer in connections))
    async with httpx2.AsyncClient(base_url=installation.url, trust_env=False) as client:
        slowest = 0.0
        for _ in range(30):
            began = time.monotonic()
            assert (await client.get("/livez")).status_code == 200
            slowest = max(slowest, time.monotonic() - began)
            await asyncio.sleep(0.05)
    assert slowest < 1.0
    assert max(await ends) < 15.0


async def _trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> float:
    """Seconds until the server hung up on a head of one byte a second."""
    began = time.monotonic()
    hung_up = asyncio.ensure_future(reader.read())
    for byte in b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"a" * 100:
        writer.write(bytes([byte]))
        done, _ = await asyncio.wait({hung_up}, timeout=1.0)
        if done:
            break
    writer.close()
    return time.monotonic() - began


async def test_a_head_without_end_is_cut_off(installation: Running) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", installation.port)
    writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: ")
    try:
        for _ in range(400):
            writer.write(b"a" * 1000)
            await writer.drain()
        answer = await asyncio.wait_for(reader.read(), 5)
    except ConnectionError:
        answer = b""
    finally:
        writer.close()
    assert answer == b"" or b" 431 " in answer.split(b"\r\n", 1)[0]


async def test_answers_do_not_name_the_server(installation: Running) -> None:
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{installation.url}/livez")
    assert "server" not in answer.headers


def test_a_taken_port_is_one_sentence_that_says_how_to_find_its_holder_and_the_fix(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        running = installed(tmp_path, PASOKH_PORT=str(taken.getsockname()[1]))
        running.start()
        assert running.wait_end() == 1
    last = running.log.strip().splitlines()[-1]
    assert last.startswith("pasokh: Port ")
    assert "PASOKH_PORT=" in last
    assert "shows by which process" in last
    assert "Traceback" not in running.log


def test_a_data_folder_in_use_is_told_in_one_sentence_with_the_fix(installation: Running, tmp_path: Path) -> None:
    second = installed(tmp_path, PASOKH_DATA=str(installation.folder / "data"))
    second.start()
    assert second.wait_end() == 1
    [line] = second.log.strip().splitlines()
    assert "in use by another `pasokh up`" in line
    assert "PASOKH_DATA=" in line


@pytest.mark.slow
async def test_a_stop_is_orderly_and_a_restart_keeps_everything(tmp_path: Path) -> None:
    [port] = free_ports(1)
    running = installed(tmp_path, **allowing(port))
    running.start()
    running.wait_ready()
    async with telegram(port) as (stand_in, url), shop_at(running.url, key_of(running)) as shop:
        await shop.open_with(url, AGENTS, first_response_seconds=3600)
        for chat in range(20):
            await shop.post(update_of(chat + 1, 900 + chat, QUESTIONS["lv"]))
        code, seconds = running.stop()
        assert code == 0
        assert seconds < 10
        running.start()
        running.wait_ready()

        async def assigned() -> Any:
            found = await shop.items("/conversations", status="assigned")
            return found if len(found) == 20 else None

        found = await eventually(assigned)
        assert found
        assert {c["agent"] for c in found} == {"agent-lv"}
        answer = await shop.reply(found[0]["id"], "agent-lv", "after the restart")
        assert answer.status_code == 201

        async def sent() -> Any:
            return [one["text"] for one in stand_in.sent]

        assert await eventually(sent) == ["after the restart"]
    assert running.stop()[0] == 0
