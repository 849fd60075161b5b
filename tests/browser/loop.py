"""The event loop in which all tests with a browser run."""

import pytest_asyncio

loop_fixture = pytest_asyncio.fixture(loop_scope="session")
"""Marks an asynchronous fixture of tests with a browser: it lives in the browser's loop."""
