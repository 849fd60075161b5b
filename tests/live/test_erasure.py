"""A person of a customer is erased on both engines, over kill -9: nothing of them is left, and everything of the others is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.live.installation import database
from tests.live.leak_search import documents_of_mongo
from tests.live.test_customers import ADDRESS, CALLER, CHAT, MAIL, PHONE, TELEGRAM, Street, street
from tests.live.waiting import eventually
from tests.live_servers.server import Server

WORDS = ("quincefritter", "marmaladeboat", "saffronlantern", "tamarindkettle")
"""Of the person's message, of our answer, of a note, and of what waits to be sent."""
OTHERS = "walnutcompass"
PERSON = f"/v1/workspaces/shop/persons/{MAIL}"


async def filled(shop: Street) -> tuple[str, str]:
    """Sara writes by mail and on Telegram, is one customer, and is answered. Returns the conversation of her mails, and the customer."""
    await shop.on_telegram(1, "")
    await shop.on_telegram(2, OTHERS)
    await shop.by_mail(WORDS[0])
    await shop.in_chat("and I am here too")
    await shop.by_phone("my own system says who I am")
    customer = await shop.customer_of(TELEGRAM, MAIL, CHAT, CALLER)
    await shop.answer(MAIL, WORDS[1])
    [case] = await shop.shop.items("/conversations", person=MAIL)
    note = {"agent": "ana", "text": f"{WORDS[2]} {ADDRESS}"}
    answer = await shop.shop.client.post(f"/v1/workspaces/shop/conversations/{case['id']}/notes", json=note)
    assert answer.status_code == 200, answer.text
    await eventually(lambda: mail_is_out(shop))
    return case["id"], customer


async def mail_is_out(shop: Street) -> bool:
    return len(shop.mails) == 1


async def erase(shop: Street) -> int:
    return (await shop.shop.client.delete(PERSON)).status_code


async def erased(shop: Street) -> bool:
    return await erase(shop) == 204


def in_files(folder: Path, words: str) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file() and words.encode() in path.read_bytes()}


async def figures(shop: Street) -> dict[str, Any]:
    """Counts and times of the report of these days, but for what an erasure itself does: it closes, which makes figures final."""
    began = datetime.now(UTC) - timedelta(days=1)
    days = [(began + timedelta(days=number)).strftime("%Y-%m-%dT00:00:00Z") for number in (0, 2)]
    rows = (await shop.shop.get("/reports/kpis", **{"from": days[0], "to": days[1]}))["rows"]
    return {name: value for name, value in named(rows, "") if is_lasting(name)}


def is_lasting(name: str) -> bool:
    return (".counts." in name or ".durations." in name) and not name.endswith((".closed", ".provisional"))


def named(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from named(one, f"{name}.{key}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from named(one, f"{name}.{number}")
    else:
        yield name, value


async def test_nothing_of_an_erased_person_is_left_in_any_file(tmp_path: Path) -> None:
    async with street(tmp_path) as shop:
        case, _ = await filled(shop)
        assert in_files(tmp_path / "data", WORDS[0])
        resolved = await shop.shop.client.post(
            f"/v1/workspaces/shop/conversations/{case}/resolve", json={"agent": "ana"}
        )
        assert resolved.status_code == 200, resolved.text
        before = await figures(shop)
        accepted = await shop.shop.client.delete(PERSON, headers={"Prefer": "respond-async"})
        assert accepted.status_code == 202, accepted.text
        await shop.restart()
        await eventually(lambda: erased(shop))
        unknown = await shop.shop.client.delete(f"{PERSON}.nobody")
        assert (unknown.status_code, await erase(shop)) == (404, 204)

        shown = await shop.shop.get(f"/conversations/{case}")
        assert (shown["status"], shown["person"].startswith("email:support:erased-")) == ("closed", True)
        assert shown["erased_at"] is not None
        messages = await shop.shop.items(f"/conversations/{case}/messages")
        assert {(one["text"], one["content_removed"]["code"]) for one in messages} == {(None, "erased")}
        refused = await shop.shop.reply(case, "ana", "are you there")
        assert (refused.status_code, refused.json()["code"]) == (409, "conversation_is_closed")
        facts = [one["type"].rsplit(".", 2)[1:] for one in await shop.shop.items(f"/conversations/{case}/events")]
        told = [verb for noun, verb in facts if noun == "conversation"]
        assert told[-3:] == ["resolved", "closed", "erased"]

        after = await figures(shop)
        assert {
            name: (before.get(name), after.get(name)) for name in before | after if before.get(name) != after.get(name)
        } == {}
        left = await shop.customer_of(TELEGRAM, CHAT, CALLER)
        assert (await shop.customer(MAIL), len(await shop.timeline(left))) == (None, 4)
        found = {words: in_files(tmp_path / "data", words) for words in (*WORDS[:3], MAIL)}
        assert set().union(*found.values()) == set(), found
        assert in_files(tmp_path / "data", OTHERS)

        await shop.by_mail("somebody new")
        [new] = await eventually(lambda: shop.shop.items("/conversations", person=MAIL))
        assert (new["id"] != case, len(await shop.shop.items(f"/conversations/{new['id']}/messages"))) == (True, 1)
        assert (await shop.shop.items("/conversations", person=shown["person"]))[0]["id"] == case


async def test_on_kafka_and_mongodb_no_document_names_an_erased_person(
    tmp_path: Path, kafka_server: Server, mongo_server: Server
) -> None:
    namespace = f"erasure-{uuid4().hex[:8]}"
    store = database(mongo_server, namespace)
    bus = {"PASOKH_BUS": kafka_server.url, "PASOKH_NAMESPACE": namespace, "PASOKH_PARTITIONS": "4"}
    async with street(tmp_path, PASOKH_STORE=store, **bus) as shop:
        await filled(shop)
        await eventually(lambda: erased(shop))
        held = documents_of_mongo(store, store.rsplit("/", 1)[1].split("?")[0])
        assert [words for words in (*WORDS[:3], MAIL) if any(words.encode() in one for one in held)] == []
        assert any(PHONE.encode() in one for one in held)
