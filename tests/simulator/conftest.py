"""A simulation logs thousands of crashes: nobody reads them, and writing them is most of the time.

It also makes many small objects that die at once, among which Python would look for garbage all the time.
"""

import gc
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    usual = gc.get_threshold()
    gc.set_threshold(50_000)
    yield
    gc.set_threshold(*usual)
    structlog.reset_defaults()
