"""The tables of composition: complete, and true to what the code does."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

import services.records
from schemas.topics import BY_EVENT_PREFIX, BY_NAME
from services import collector, delivery, metrics, sla, subscriptions
from services.composition import (
    COLLECTIONS,
    GROUP_TOPICS,
    PROCESSES,
    PROCESSORS,
    PUBLIC_API_SERVICES,
    SERVICES,
    SINGLE_PROCESS,
    process_for,
)
from services.platform.core.settings import Settings
from services.platform.http.service import Context, DeclaredService, ServiceComponents, routes_context
from services.platform.processing.inputs import CONTROL
from services.platform.processing.processor import Processor
from services.platform.store.collections import ACCEPTED, RUNTIME_COLLECTIONS
from services.platform.store.declared_writes import UndeclaredWrite
from services.platform.store.port import Changes, Collection, Key, Put
from services.records.conversations import CONVERSATIONS
from services.records.keys import KEYS
from services.router import conversations, dispatch
from tests.fakes import ManualTimeSource, MemoryBus, MemoryStore

# Any: each processor has dependencies, a memory and a context of its own.
AnyDeclaration = Processor[Any, Any, Any]
PACKAGES = {
    "conversations": conversations,
    "dispatch": dispatch,
    "sla": sla,
    "collector": collector,
    "sender": delivery,
    "metrics": metrics,
    "webhooks": subscriptions,
}
"""Group → where the code is that decides for it."""


def test_all_in_one_is_every_service_once() -> None:
    assert list(PROCESSES[SINGLE_PROCESS]) == [service for services in SERVICES.values() for service in services]


def test_what_answers_for_all_processes_at_the_public_address_describes_the_routes_of_all() -> None:
    describe = process_for(PUBLIC_API_SERVICES).describe
    assert describe is not None
    paths = set(describe()["paths"])
    assert {"/webchat/{workspace}/{account}/sessions", "/webhooks/{channel}/{workspace}/{account}"} < paths
    assert {"/v1/workspaces/{workspace}/reports/kpis", "/v1/workspaces/{workspace}/teams", "/metrics"} < paths
    assert [name for name in PROCESSES if process_for(name).describe is not None] == [PUBLIC_API_SERVICES]


def test_every_collection_that_records_define_is_declared_by_who_writes_it() -> None:
    modules = [importlib.import_module(f"services.records.{info.name}") for info in _modules_of(services.records)]
    defined = {one.name for module in modules for one in vars(module).values() if isinstance(one, Collection)}
    assert defined == {one.name for one in COLLECTIONS if one is not ACCEPTED}


def _modules_of(package: ModuleType) -> list[pkgutil.ModuleInfo]:
    return list(pkgutil.iter_modules(package.__path__))


def test_no_two_collections_share_a_name() -> None:
    every = {id(c): c.name for c in (*COLLECTIONS, *RUNTIME_COLLECTIONS)}
    assert len(set(every.values())) == len(every)


async def test_the_table_of_groups_says_what_the_services_bring() -> None:
    brought = {one.group: one.topics for part in await _parts() for one in part.processors}
    assert brought == dict(GROUP_TOPICS)


async def test_no_two_services_serve_the_same_path() -> None:
    paths = [
        (getattr(route, "path", ""), method)
        for part in await _parts()
        for router in part.routers
        for route in router.routes
        for method in getattr(route, "methods", ())
    ]
    assert len(paths) == len(set(paths))


async def test_metrics_of_all_services_fit_into_one_registry() -> None:
    registry = CollectorRegistry()
    for part in await _parts():
        for metrics_of_part in part.collectors:
            registry.register(metrics_of_part)


async def _parts() -> list[ServiceComponents]:
    context = Context(settings=Settings(), store=MemoryStore(), bus=MemoryBus(), time_source=ManualTimeSource())
    parts = []
    for service in process_for(SINGLE_PROCESS).services:
        async with service(context) as part:
            parts.append(part)
    return parts


@pytest.mark.parametrize("group", PACKAGES)
def test_a_group_writes_only_its_own_collections(group: str) -> None:
    written = dict(_writes(PACKAGES[group]))
    foreign = {where: c.name for where, c in written.items() if c.writer not in (group, "any")}
    assert written
    assert foreign == {}


def test_a_write_to_another_groups_collection_would_be_found(tmp_path: Path) -> None:
    tree = ast.parse("work.put(AGENTS, 'a', agent)\nwork.delete(records.TASKS, 'b')\nwork.get(AGENTS, 'c')")
    assert [ast.unparse(node) for node in _written_names(tree)] == ["AGENTS", "records.TASKS"]


def _writes(package: ModuleType) -> Iterator[tuple[str, Collection]]:  # type: ignore[type-arg] # of any model
    inner = tuple(f"{one.__name__}." for one in PACKAGES.values() if one.__name__.startswith(f"{package.__name__}."))
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if info.name.startswith(inner):
            continue
        module = importlib.import_module(info.name)
        for node in _written_names(ast.parse(inspect.getsource(module))):
            # Evaluating a name of the module in the module: nothing of outside comes in.
            found = eval(ast.unparse(node), vars(module))  # noqa: S307
            assert isinstance(found, Collection), f"{info.name}:{node.lineno}"
            yield f"{info.name}:{node.lineno}", found


def _written_names(tree: ast.AST) -> Iterator[ast.expr]:
    """The first argument of each `….put(…)` and `….delete(…)` of a unit of work."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("put", "delete"):
            owner = ast.unparse(node.func.value)
            if owner == "work" or owner.endswith(".work"):
                yield node.args[0]


# -- who writes what -----------------------------------------------------------------------------------------------------


def test_each_collection_has_the_one_writer_that_it_declares() -> None:
    written = [(collection, processor.group) for processor in PROCESSORS for collection in processor.collections]
    assert [(c.name, group) for c, group in written if c.writer != group] == []
    assert len({collection.name for collection, _ in written}) == len(written)


def test_each_collection_of_a_group_is_declared_by_its_processor() -> None:
    declared = {(c.name, processor.group) for processor in PROCESSORS for c in processor.collections}
    groups = {processor.group for processor in PROCESSORS}
    assert {(c.name, c.writer) for c in COLLECTIONS if c.writer in groups} == declared


def test_every_processor_is_run_by_a_service() -> None:
    assert set(GROUP_TOPICS) == {processor.group for processor in PROCESSORS}
    assert len(PROCESSORS) == len(GROUP_TOPICS)


def test_no_service_writes_a_collection_of_a_processor() -> None:
    groups = {processor.group for processor in PROCESSORS}
    written = [collection for service in PROCESSES[SINGLE_PROCESS] for collection in service.writes]
    assert [one.name for one in written if one.writer in groups] == []


def test_each_collection_that_no_processor_writes_is_declared_by_a_service() -> None:
    groups = {processor.group for processor in PROCESSORS}
    written = {collection.name for service in PROCESSES[SINGLE_PROCESS] for collection in service.writes}
    assert {one.name for one in COLLECTIONS if one.writer not in groups} <= written


async def test_a_service_that_writes_what_it_does_not_declare_fails() -> None:
    store = MemoryStore(CONVERSATIONS, KEYS)
    process = Context(settings=Settings(), store=store, bus=MemoryBus(), time_source=ManualTimeSource())

    @asynccontextmanager
    async def open_writer(context: Context) -> AsyncIterator[ServiceComponents]:
        await context.store.commit(Changes(puts=[Put(Key(KEYS.name, "k"), {})]))
        with pytest.raises(UndeclaredWrite):
            await context.store.commit(Changes(puts=[Put(Key(CONVERSATIONS.name, "c"), {})]))
        yield ServiceComponents()

    async with DeclaredService(open_writer, writes=(KEYS,))(process):
        assert [key.collection for key in store.documents] == [KEYS.name]


async def test_routes_write_what_the_services_of_their_process_declare() -> None:
    store = MemoryStore(CONVERSATIONS, KEYS)
    process = Context(settings=Settings(), store=store, bus=MemoryBus(), time_source=ManualTimeSource())
    router = routes_context(process, SERVICES["router"])
    await router.store.commit(Changes(puts=[Put(Key(KEYS.name, "k"), {}), Put(Key(ACCEPTED.name, "a"), {})]))
    with pytest.raises(UndeclaredWrite):
        await router.store.commit(Changes(puts=[Put(Key(CONVERSATIONS.name, "c"), {})]))
    with pytest.raises(UndeclaredWrite):
        await routes_context(process, SERVICES["metrics"]).store.commit(Changes(deletes=[Key(KEYS.name, "k")]))


@pytest.mark.parametrize("processor", PROCESSORS, ids=lambda one: one.group)
def test_a_group_reads_the_topics_of_the_events_that_it_handles(processor: AnyDeclaration) -> None:
    handled = {BY_EVENT_PREFIX[name.split(".")[1]].name for name in processor.handlers if not name.startswith(CONTROL)}
    # Control events are sent to any topic: only they may be what a topic is read for.
    only_control = set(processor.topics) - handled
    assert handled <= set(processor.topics)
    assert not only_control or any(name.startswith(CONTROL) for name in processor.handlers)


@pytest.mark.parametrize("processor", PROCESSORS, ids=lambda one: one.group)
def test_a_group_reads_topics_of_one_key_space(processor: AnyDeclaration) -> None:
    # The queues of subscriptions are of one partition each, whatever the key of a fact: nobody else writes them.
    if processor.group != "webhooks":
        assert len({BY_NAME[topic].key for topic in processor.topics}) == 1
