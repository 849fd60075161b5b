"""Logs on stderr, JSON for programs or lines for people: constant messages plus fields. Ids, never bodies, never secrets."""

import logging
import sys
import traceback
from collections import Counter
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO

import structlog

from services.platform.core import errors

REDACTED = "[redacted]"
SECRET_FIELDS = frozenset(
    {
        "access_token",
        "admin_key",
        "api_key",
        "app_secret",
        "authorization",
        "body",
        "bot_token",
        "cookie",
        "credentials",
        "password",
        "payload",
        "secret",
        "secret_token",
        "signature",
        "text",
        "token",
        "verify_token",
        "webhook_secret",
    }
)
"""A field of one of these names is never written, at any depth."""
NOISY_LOGGERS = ("aiokafka", "httpcore2", "httpx2", "pymongo", "python_multipart", "uvicorn")
"""Libraries that are logged from warnings on, whatever the level: httpx2 logs every URL, and Telegram's hold the bot's token;
pymongo logs every command, and those hold what customers wrote."""
RATE_LIMIT_SECONDS = 10.0
SUPPRESSED_FIELD = "left_out"
_ERRORS_WITHOUT_TRACEBACK = tuple(vars(errors)[name] for name in vars(errors) if isinstance(vars(errors)[name], type))
_FRAMES = 12

Form = Literal["text", "json"]
# Any: structlog's own type of an event, whose values are whatever was logged.
Entry = MutableMapping[str, Any]


def configure_logging(level: str = "INFO", stream: TextIO | None = None, *, form: Form | None = None) -> None:
    """Write structlog's and the standard library's records to `stream` (stderr), one line each.

    `form` None: `text` where the stream is a terminal, else `json`.
    """
    stream = stream or sys.stderr
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.ExtraAdder(allow=[SUPPRESSED_FIELD]),
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        described_error,
        redacted,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(shared, _renderer(form or ("text" if stream.isatty() else "json"), stream)))
    handler.addFilter(RateLimitFilter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Raised, never lowered: `error` stays `error` for them, too.
    for name in NOISY_LOGGERS:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


class RateLimitFilter(logging.Filter):
    """Lets a message of a noisy library pass once in `RATE_LIMIT_SECONDS`, with the count of those `left_out` since.

    While Kafka is away, aiokafka logs that some hundred times a second in each process.
    """

    def __init__(self) -> None:
        super().__init__()
        self._logged_at: dict[tuple[str, int, str], float] = {}
        self._left_out: Counter[tuple[str, int, str]] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] not in NOISY_LOGGERS or record.exc_info:
            return True
        # The key is the message before its arguments are filled in: a library has a bounded number of those.
        key = record.name, record.levelno, str(record.msg)
        if record.created - self._logged_at.get(key, float("-inf")) < RATE_LIMIT_SECONDS:
            self._left_out[key] += 1
            return False
        self._logged_at[key] = record.created
        if suppressed := self._left_out.pop(key, 0):
            setattr(record, SUPPRESSED_FIELD, suppressed)
        return True


def _renderer(form: Form, stream: TextIO) -> structlog.typing.Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(default=repr)
    # Strings are written as Python literals: no value can begin a line of its own or send codes to the terminal.
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), repr_native_str=True)


def _formatter(shared: list[Any], renderer: structlog.typing.Processor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            renderer,
        ],
    )


def redacted(_: Any, __: str, entry: Entry) -> Entry:
    """The entry without the values of secret fields."""
    return {name: _redacted(name, value) for name, value in entry.items()}


def _redacted(name: object, value: Any) -> Any:
    if isinstance(name, str) and name.lower() in SECRET_FIELDS:
        return REDACTED
    if isinstance(value, dict):
        return {inner: _redacted(inner, item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(None, item) for item in value]
    return value


def described_error(_: Any, __: str, entry: Entry) -> Entry:
    """`exc_info` as the error's class and its location. The message is kept only for our own errors: others quote input."""
    error = _to_exception(entry.pop("exc_info", None))
    if error is not None:
        entry["error"] = type(error).__name__
        entry["frames"] = [
            f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)[-_FRAMES:]
        ]
        if isinstance(error, (*_ERRORS_WITHOUT_TRACEBACK, OSError)):
            entry["error_detail"] = str(error)
    return entry


def _to_exception(exc_info: Any) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    error_info = exc_info if isinstance(exc_info, tuple) else sys.exc_info() if exc_info else (None, None, None)
    return error_info[1] if isinstance(error_info[1], BaseException) else None
