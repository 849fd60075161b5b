"""Logs: lines with ids, without secrets, without what an error quotes."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog

from services.platform.core.errors import Unavailable
from services.platform.core.logging import configure_logging
from tests.plain_logs import use_plain_logs
from tests.rest import open_rest


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    level = root.level
    found = io.StringIO()
    configure_logging("INFO", found)
    yield found
    root.handlers[:] = before
    root.setLevel(level)
    use_plain_logs()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_entry_is_one_json_line_with_its_fields(stream: io.StringIO) -> None:
    structlog.get_logger("pasokh.test").info("something_happened", conversation="c1")
    [entry] = lines(stream)
    assert (entry["event"], entry["conversation"], entry["level"]) == ("something_happened", "c1", "info")
    assert entry["timestamp"].endswith("Z")


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        return True


def entry_on(terminal: io.StringIO, form: Literal["text", "json"] | None = None) -> str:
    configure_logging("INFO", terminal, form=form)
    structlog.get_logger("pasokh.test").info(
        "something_happened", conversation="c1", token="hunter2", name="a\n\x1b[2Jb"
    )
    return terminal.getvalue()


def test_on_a_terminal_an_entry_is_a_readable_line_without_secrets(stream: io.StringIO) -> None:
    said = entry_on(Terminal())
    assert said.count("\n") == 1
    assert "something_happened" in said
    assert "c1" in said
    assert "hunter2" not in said
    assert "\x1b[2J" not in said
    with pytest.raises(json.JSONDecodeError):
        json.loads(said)


def test_the_setting_wins_over_where_the_log_goes(stream: io.StringIO) -> None:
    assert json.loads(entry_on(Terminal(), "json"))["conversation"] == "c1"
    piped = entry_on(io.StringIO(), "text")
    assert "conversation='c1'" in piped
    assert "\x1b" not in piped


def test_secret_fields_are_never_written_at_any_depth(stream: io.StringIO) -> None:
    structlog.get_logger().info(
        "put",
        token="hunter2",
        account={"credentials": {"x": "hunter2"}, "list": [{"Password": "hunter2"}]},
        text="hunter2",
    )
    assert "hunter2" not in stream.getvalue()
    assert lines(stream)[0]["token"] == "[redacted]"


def test_an_error_is_told_by_class_and_place_but_not_by_what_it_quotes(stream: io.StringIO) -> None:
    try:
        int("4111 1111 1111 1111")
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    assert "4111" not in stream.getvalue()
    for entry in lines(stream):
        assert entry["error"] == "ValueError"
        assert "test_logging.py" in entry["frames"][-1]


def test_libraries_that_quote_what_they_send_are_not_heard_at_any_level(stream: io.StringIO) -> None:
    configure_logging("DEBUG", stream)
    for name in ("pymongo.command", "httpx2", "aiokafka.conn"):
        logging.getLogger(name).debug('{"insert": "messages", "text": "hunter2"}')
    structlog.get_logger("pasokh.test").debug("something_small")
    assert [entry["event"] for entry in lines(stream)] == ["something_small"]


def test_our_own_verdicts_are_told_in_their_words(stream: io.StringIO) -> None:
    structlog.get_logger().warning("away", exc_info=Unavailable("no route to the store"))
    assert lines(stream)[0]["error_detail"] == "no route to the store"


async def test_writes_leave_an_audit_line_and_reads_none(stream: io.StringIO) -> None:
    async with open_rest() as rest:
        await rest.workspace()
        await rest.request("GET", "/v1/workspaces")
        await rest.request("DELETE", "/v1/workspaces/shop/teams/none", authorization="Bearer wrong")
    audit = [entry for entry in lines(stream) if entry["logger"] == "pasokh.audit"]
    assert [(e["key"], e["method"], e["path"], e["status"]) for e in audit] == [
        ("admin", "PUT", "/v1/workspaces/shop", 201),
        (None, "DELETE", "/v1/workspaces/shop/teams/none", 401),
    ]


def log_record(name: str, message: str, at: float, *arguments: object) -> None:
    """What a library logs at a time, in seconds."""
    given = {"name": name, "msg": message, "args": arguments, "levelno": logging.ERROR, "levelname": "ERROR"}
    logging.getLogger(name).handle(logging.makeLogRecord({**given, "created": at}))


def test_what_a_library_says_again_and_again_is_told_now_and_then_and_counted(stream: io.StringIO) -> None:
    for tenth in range(121):
        log_record("aiokafka", "Unable to connect to node %s", tenth / 10, tenth)
    entries = lines(stream)
    assert [entry["event"] for entry in entries] == ["Unable to connect to node 0", "Unable to connect to node 100"]
    assert [entry.get("left_out") for entry in entries] == [None, 99]


def test_another_message_of_a_library_is_not_kept_back(stream: io.StringIO) -> None:
    log_record("aiokafka", "Unable to connect", 0.0)
    log_record("aiokafka", "Marking the coordinator dead", 0.1)
    log_record("aiokafka.consumer", "Unable to connect", 0.2)
    assert len(lines(stream)) == 3


def test_our_own_entries_are_all_told(stream: io.StringIO) -> None:
    for _ in range(3):
        structlog.get_logger("services.router").warning("partition_restarting")
    assert len(lines(stream)) == 3


def test_errors_with_a_place_are_all_told_whoever_logs_them(stream: io.StringIO) -> None:
    for _ in range(2):
        try:
            int("x")
        except ValueError:
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    assert len(lines(stream)) == 2
