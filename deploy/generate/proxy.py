"""The path table of the proxy, from the routes that each process serves."""

import re
from collections.abc import Iterator, Mapping, Sequence

from fastapi.routing import APIRoute

from deploy.generate.services import Parts
from services.composition import PUBLIC_API_SERVICES
from services.platform.http.reference import page
from services.platform.http.service import ServiceComponents

PORT = 8800
DEFAULT = PUBLIC_API_SERVICES
"""Answers what is below `/v1` and has no row: most of the API, and 404 as problem+json for the rest."""
DOCUMENTS = (*page.FILES, "/openapi.json")
HEADER = "# Made by `python -m deploy.generate` from the routes of the code: not to be edited.\n"


class Ambiguous(Exception):
    """Two processes serve one path, which a proxy that looks at paths cannot tell apart."""


def served(parts: Parts) -> Mapping[str, str]:
    """Path → process. A path that ends with `/` stands for everything below it, `{name}` for one segment.

    Raises Ambiguous.
    """
    routes: dict[str, str] = {}
    for process, path in ((process, path) for process, brought in parts.items() for path in _paths(brought)):
        if routes.setdefault(path, process) != process:
            raise Ambiguous(f"{path} is served by {routes[path]} and by {process}.")
    return routes


def _paths(parts: Sequence[ServiceComponents]) -> Iterator[str]:
    for part in parts:
        yield from (f"{prefix.rstrip('/')}/" for prefix in part.mounts)
        yield from (route.path for router in part.routers for route in router.routes if isinstance(route, APIRoute))


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
    if path.endswith("/") and path != "/":  # `/` itself is the bare address, not all there is
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


def _upstream(process: str, next_upstream: str) -> str:
    lines = (f"zone {process} 64k;", f"server {process}:{PORT}{next_upstream};", "keepalive 64;")
    return f"upstream {process} {{\n" + "".join(f"    {line}\n" for line in lines) + "}\n"
