"""The path table of the proxy, from the routes that each process serves."""

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from fastapi.routing import APIRoute

from services.composition import COLLECTIONS, SERVICES
from services.runtime.clock import SystemClock
from services.runtime.engine import open_engine
from services.runtime.service import Context
from services.runtime.settings import Settings

PORT = 8800
DEFAULT = "router"
"""Answers what is below `/v1` and has no row: most of the API, and 404 as problem+json for the rest."""
DOCUMENTS = ("/docs", "/openapi.json")
HEADER = "# Made by `python -m deploy.generate` from the routes of the code: not to be edited.\n"


class Ambiguous(Exception):
    """Two processes serve one path, which a proxy that looks at paths cannot tell apart."""


async def served() -> Mapping[str, str]:
    """Path → process. A path that ends with `/` stands for everything below it, `{name}` for one segment."""
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        settings, clock = Settings(data=Path(folder)), SystemClock()
        async with open_engine(settings, clock, COLLECTIONS) as (store, bus):
            context = Context(settings, store, bus, clock)
            for process in SERVICES:
                for path in await _paths(process, context):
                    if found.setdefault(path, process) != process:
                        raise Ambiguous(f"{path} is served by {found[path]} and by {process}.")
    return found


async def _paths(process: str, context: Context) -> set[str]:
    found = set()
    for service in SERVICES[process]:
        async with service(context) as part:
            found |= {f"{prefix.rstrip('/')}/" for prefix in part.branches}
            found |= {route.path for router in part.routers for route in router.routes if isinstance(route, APIRoute)}
    return found


def paths_conf(routes: Mapping[str, str]) -> str:
    """The locations of nginx. Exact paths are tried before regular expressions, those before prefixes."""
    rows = sorted((path, process) for path, process in routes.items() if not _is_default(path, process))
    default = [("/v1/", DEFAULT), *((path, DEFAULT) for path in DOCUMENTS)]
    return HEADER + "".join(_location(path, process) for path, process in [*rows, *default])


def _is_default(path: str, process: str) -> bool:
    return process == DEFAULT and path.startswith("/v1/")


def _location(path: str, process: str) -> str:
    return f"location {_match(path)} {{ proxy_pass http://{process}; }}\n"


def _match(path: str) -> str:
    if path.endswith("/"):
        return path
    if "{" not in path:
        return f"= {path}"
    parts = re.split(r"(\{[^}]+\})", path)
    return f'~ "^{"".join(map(_pattern, parts))}$"'


def _pattern(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    return ".+" if part.endswith(":path}") else "[^/]+"


def upstreams_conf(routes: Mapping[str, str], *, names_change: bool = True) -> str:
    """Where the processes are. `names_change`: names are looked up again, so that replicas may come and go."""
    # Docker's own name server.
    lookup = "resolver 127.0.0.11 valid=5s;\n" if names_change else ""
    again = " resolve" if names_change else ""
    return HEADER + lookup + "".join(_upstream(process, again) for process in sorted({*routes.values(), DEFAULT}))


def _upstream(process: str, again: str) -> str:
    lines = (f"zone {process} 64k;", f"server {process}:{PORT}{again};", "keepalive 64;")
    return f"upstream {process} {{\n" + "".join(f"    {line}\n" for line in lines) + "}\n"
