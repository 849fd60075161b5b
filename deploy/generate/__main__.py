"""Write what is made from the code: `python -m deploy.generate`. A test fails when a file is not what this writes.

`--public-url https://support.example.com`: alerts lead to the runbooks at that address from then on.
"""

import argparse
import asyncio
from collections.abc import Mapping
from pathlib import Path

from deploy.generate.dashboards import DASHBOARDS
from deploy.generate.kubernetes import manifests
from deploy.generate.panels import as_json
from deploy.generate.proxy import paths_conf, served, upstreams_conf
from deploy.generate.runbooks import page, readdressed
from deploy.generate.services import opened
from services.channels.registry import CHANNELS

DEPLOY = Path(__file__).parents[1]
ROOT = DEPLOY.parent
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"


async def generated(public_url: str | None = None) -> Mapping[Path, str]:
    """The content of every generated file.

    `public_url`: the new base URL of the runbooks in alerts, None to keep it.
    """
    parts = await opened()
    routes = served(parts)
    base = DEPLOY / "kubernetes" / "base"
    webhook_bytes = max(channel.capabilities.max_body_bytes for channel in CHANNELS)
    return {
        DEPLOY / "proxy" / "paths.conf": paths_conf(routes, webhook_bytes),
        DEPLOY / "proxy" / "upstreams.conf": upstreams_conf(routes),
        **{base / f"{process}.yaml": manifests(process, brought) for process, brought in parts.items()},
        # Kustomize reads only files in its folder. The address of a Kubernetes service does not change.
        base / "proxy" / "nginx.conf": (DEPLOY / "proxy" / "nginx.conf").read_text(),
        base / "proxy" / "paths.conf": paths_conf(routes, webhook_bytes),
        base / "proxy" / "upstreams.conf": upstreams_conf(routes, names_change=False),
        ROOT / "services" / "console" / "files" / "runbooks.html": page((ROOT / "docs" / "runbooks.md").read_text()),
        ALERTS: readdressed(ALERTS.read_text(), public_url),
        **{DEPLOY / "grafana" / "dashboards" / f"{dashboard.uid}.json": as_json(dashboard) for dashboard in DASHBOARDS},
    }


def main() -> None:
    """Write all generated files."""
    arguments = argparse.ArgumentParser(description="Write what is made from the code.")
    arguments.add_argument("--public-url", help="Where alerts say that runbooks are.")
    for path, text in asyncio.run(generated(arguments.parse_args().public_url)).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
