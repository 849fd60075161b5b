"""The demo: a shop whose customers write and whose agents answer, on any running installation, over its public API."""
