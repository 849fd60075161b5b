"""The log of tests: plain tracebacks instead of coloured ones with all local variables, which took 5 % of a run."""

import structlog


def use_plain_logs() -> None:
    """Configure structlog as it is by default, but for tracebacks."""
    structlog.reset_defaults()
    *processors, _ = structlog.get_config()["processors"]
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*processors, renderer])
