"""Which version of Pasokh this is."""

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """The version of the installed package; `0` when it runs without having been installed."""
    try:
        return version("pasokh")
    except PackageNotFoundError:
        return "0"
