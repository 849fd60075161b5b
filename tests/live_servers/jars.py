"""The jars of Apache Kafka, fetched once into a cache folder: `python -m tests.live_servers.jars`."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.live_servers.server import Unavailable

POM = Path(__file__).parents[2] / "deploy" / "test-servers" / "pom.xml"


def cache_folder() -> Path:
    """`PASOKH_CACHE`, else `XDG_CACHE_HOME`, else `~/.cache`; always the folder `pasokh` in it."""
    root = os.environ.get("PASOKH_CACHE") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(root).expanduser().resolve() / "pasokh"


def kafka_version() -> str:
    """The version the pom names."""
    found = re.search(r"<kafka\.version>(.+?)</kafka\.version>", POM.read_text())
    if found is None:
        raise ValueError(f"{POM} names no kafka.version")
    return found[1]


def kafka_jars() -> Path:
    """The folder of the jars, fetched on first use (43 MB). Raises Unavailable without Java or Maven."""
    if shutil.which("java") is None:
        raise Unavailable("a local Kafka needs Java 17 or later on the path")
    folder = cache_folder() / f"kafka-{kafka_version()}"
    if not folder.exists():
        _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    if shutil.which("mvn") is None:
        raise Unavailable(f"a local Kafka needs Maven (mvn) on the path, once, to fetch its jars into {folder}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetch-") as scratch:
        _copy_dependencies(Path(scratch) / "jars")
        _put(Path(scratch) / "jars", folder)


def _copy_dependencies(into: Path) -> None:
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={into}"]
    run = subprocess.run(["mvn", "-q", "-B", "-f", str(POM), *goal], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise Unavailable(f"Maven could not fetch the jars of Kafka: {(run.stdout + run.stderr)[-1000:]}")


def _put(fetched: Path, folder: Path) -> None:
    """A rename, so that the folder is whole or absent; whoever fetches at the same time and is later changes nothing."""
    try:
        fetched.rename(folder)
    except OSError:
        if not folder.exists():
            raise


if __name__ == "__main__":
    sys.stdout.write(f"{kafka_jars()}\n")
