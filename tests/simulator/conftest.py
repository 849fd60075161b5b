"""A simulation logs thousands of crashes: nobody reads them, and writing them is most of the time."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()
