"""A simulation logs thousands of crashes: nobody reads them, and writing them is most of the time."""

from collections.abc import Iterator

import pytest
import structlog

from tests.plain_logs import use_plain_logs


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    use_plain_logs()
