"""The distributed system as docker-compose.yml says it: every service, two routers, one address, watched by Prometheus.

One installation for the whole file. A shop is open on it for a while, in which a router, sla and Kafka are restarted.
"""

import asyncio
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from tests.live.installation import Shop, shop_at, telegram, update_of
from tests.live.minute.panels import DASHBOARDS, has_data, instant, number, queries_of, query_prometheus
from tests.live.minute.plan import Plan
from tests.live.minute.restarts import possible
from tests.live.minute.run import RunResult, live
from tests.live.minute.violations import violations
from tests.live.topology import SCRAPE_SECONDS, Topology, answers, wait_for, whole
from tests.live.waiting import eventually, eventually_sync
from tests.live_servers.fixtures import absence
from tests.live_servers.server import Server, Unavailable, free_ports

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PLAN = Plan(rate=20, seconds=15, promise_seconds=5, workspace="minute")
"""A short one; `python -m bench minute` lives through a whole."""


@pytest.fixture(scope="module")
def stand_in_port() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def topology(
    tmp_path_factory: pytest.TempPathFactory, kafka_server: Server, mongo_server: Server, stand_in_port: int
) -> Iterator[Topology]:
    try:
        with whole(tmp_path_factory.mktemp("topology"), kafka_server.url, mongo_server.url, stand_in_port) as topology:
            yield topology
    except Unavailable as error:
        raise absence(str(error)) from None


@pytest.fixture
async def shop(topology: Topology) -> AsyncIterator[Shop]:
    """A workspace of the test's own, through the proxy."""
    key = topology.values["PASOKH_ADMIN_KEY"]
    async with shop_at(topology.url("proxy"), key, f"shop-{secrets.token_hex(4)}") as shop:
        yield shop


class TopologyRun(NamedTuple):
    """An installation after a shop was open on it for a while, and when that was, in seconds."""

    topology: Topology
    lived: RunResult
    at: float


@pytest.fixture(scope="module")
def run_topology(topology: Topology, kafka_server: Server, stand_in_port: int) -> TopologyRun:
    lived = asyncio.run(live(topology, kafka_server, PLAN, stand_in_port))
    time.sleep(3 * SCRAPE_SECONDS)
    # The ledgers are the last to come: they are written, and read for the scrape, every five seconds or more.
    assert eventually_sync(
        lambda: has_data(instant(topology, "count_over_time(pasokh_ledger_activities[1m]) >= 2")), 60
    )
    # What is asked is asked for that moment, in whatever order and however slowly the tests run.
    return TopologyRun(topology, lived, time.time())


def test_there_are_two_routers_and_one_of_everything_else(topology: Topology) -> None:
    counts = {name: len(topology.of(name)) for name in topology.own()}
    assert counts == {"ingest": 1, "router": 2, "sla": 1, "delivery": 1, "metrics": 1}


async def test_a_signed_update_becomes_an_assigned_conversation_and_its_answer_reaches_the_customer(
    topology: Topology, shop: Shop, stand_in_port: int
) -> None:
    async with telegram(stand_in_port) as (stand_in, url):
        await shop.open_with(url, {"ada": {"lang:en": 5}}, first_response_seconds=60)
        update = update_of(7, 700, "Hello, where is my order? I have waited for a week.")
        assert (await shop.post(update, secret="forged")).status_code == 401
        assert (await shop.post(update)).status_code == 200
        [conversation] = await eventually(lambda: shop.items("/conversations", status="assigned"))
        assert conversation["agent"] == "ada"
        answer = await shop.reply(conversation["id"], "ada", "It is on its way.")
        assert answer.status_code == 201, answer.text
        assert await eventually(lambda: _sent(stand_in.sent)) == ["It is on its way."]
        # Another service, behind the same address.
        [clock] = await shop.items(f"/conversations/{conversation['id']}/clocks")
        assert clock["metric"] == "first_response"


def test_the_health_check_of_a_container_says_what_the_service_says(topology: Topology) -> None:
    [sla] = topology.of("sla")
    [_, *command] = topology.services["sla"]["healthcheck"]["test"]
    assert command[0] == "python"
    code = [
        subprocess.run([sys.executable, *command[1:]], env=env, capture_output=True, check=False).returncode
        for env in ({"PASOKH_PORT": str(sla.port)}, {"PASOKH_PORT": "1"})
    ]
    assert code == [0, 1]


def test_operations_of_the_services_are_not_on_the_public_address(topology: Topology) -> None:
    public = topology.url("proxy")
    statuses = {path: httpx2.get(public + path, trust_env=False).status_code for path in ("/metrics", "/readyz", "/x")}
    assert statuses == {"/metrics": 404, "/readyz": 404, "/x": 404}
    assert answers(f"{public}/docs")
    nothing = httpx2.get(f"{public}/v1/nothing", trust_env=False)
    assert (nothing.status_code, nothing.headers["content-type"]) == (404, "application/problem+json")


def test_somebody_who_guesses_keys_is_stopped_and_nobody_else(topology: Topology) -> None:
    path = topology.url("proxy") + "/v1/workspaces/shop/conversations/any/clocks"
    elsewhere = httpx2.HTTPTransport(local_address="127.0.0.2")
    with httpx2.Client(transport=elsewhere) as guesser, httpx2.Client(trust_env=False) as other:
        wrong = {"Authorization": "Bearer wrong"}
        guesses = [guesser.get(path, headers=wrong).status_code for _ in range(310)]
        assert set(guesses) == {401, 429}
        assert guesses[-1] == 429
        assert other.get(path, headers=wrong).status_code == 401


def test_with_one_router_nobody_notices_and_without_ingest_platforms_are_told_to_come_again(topology: Topology) -> None:
    public, stopped = topology.url("proxy"), [topology.of("router")[0], *topology.of("ingest")]
    for one in stopped:
        one.process.signal()
    try:
        for one in stopped:
            one.process.stop()
        assert [httpx2.get(f"{public}/openapi.json", trust_env=False).status_code for _ in range(10)] == [200] * 10
        answer = httpx2.post(f"{public}/webhooks/telegram/shop/main", json={}, trust_env=False)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert int(answer.headers["retry-after"]) >= 1
    finally:
        for one in stopped:
            one.process.start()
        wait_for(stopped, "/readyz")


def test_prometheus_has_every_replica_and_is_loaded_with_every_rule(topology: Topology) -> None:
    def all_up() -> object:
        targets = query_prometheus(topology, "/api/v1/targets")["activeTargets"]
        found = {(t["labels"].get("service", t["labels"]["job"]), t["health"]) for t in targets}
        wanted = {(name, "up") for name in (*topology.own(), "prometheus")}
        return found == wanted and len(targets) == len(topology.ports_of("router")) + len(topology.own())

    assert eventually_sync(all_up), query_prometheus(topology, "/api/v1/targets")["activeTargets"]
    rules = [rule for group in query_prometheus(topology, "/api/v1/rules")["groups"] for rule in group["rules"]]
    assert len(rules) > 10
    assert {rule["health"] for rule in rules} <= {"ok", "unknown"}


def test_alerts_have_somewhere_to_go(topology: Topology) -> None:
    def known() -> object:
        return query_prometheus(topology, "/api/v1/alertmanagers")["activeAlertmanagers"]

    assert eventually_sync(known)


def test_restarts_under_load_lose_and_double_nothing_and_every_figure_is_right(run_topology: TopologyRun) -> None:
    assert violations(run_topology.lived.found) == []


def test_a_router_an_sla_and_kafka_were_restarted_while_customers_wrote(
    run_topology: TopologyRun, kafka_server: Server
) -> None:
    assert [one.restart for one in run_topology.lived.found.restarted] == possible(kafka_server)
    assert len(run_topology.lived.found.posts.accepted) > 200
    assert run_topology.lived.found.replies


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_shows_data_of_a_shop_that_was_open(run_topology: TopologyRun, path: Path) -> None:
    queries = queries_of(path)
    assert len(queries) >= 10

    def empty() -> list[str]:
        return [
            query.title
            for query in queries
            if not has_data(instant(run_topology.topology, query.expr, run_topology.at))
        ]

    eventually_sync(empty, holds=lambda titles: not titles)


def test_what_the_dashboards_count_is_what_the_records_say(run_topology: TopologyRun) -> None:
    records, of = run_topology.lived.found.records, f'workspace="{PLAN.workspace}"'
    counted = {
        f"sum(max without (instance) (pasokh_conversations_opened_total{{{of}}}))": len(records.conversations),
        f'sum(max without (instance) (pasokh_messages_total{{{of}, direction="inbound"}}))': len([*records.inbound()]),
    }
    assert min(counted.values()) > 10

    def current_counts() -> dict[str, float]:
        return {expr: number(run_topology.topology, expr) for expr in counted}

    assert eventually_sync(lambda: current_counts() == counted), (current_counts(), counted)


def test_nothing_was_lost_on_the_way_and_nothing_is_left(run_topology: TopologyRun) -> None:
    assert eventually_sync(lambda: number(run_topology.topology, "sum(pasokh_processor_lag_events)") == 0, 60)
    assert number(run_topology.topology, "sum(pasokh_processor_dead_letters_total) or vector(0)") == 0
    assert number(run_topology.topology, "sum(pasokh_processor_stopped_partitions) or vector(0)") == 0


async def _sent(sent: Any) -> list[str]:
    return [str(one["text"]) for one in sent]
