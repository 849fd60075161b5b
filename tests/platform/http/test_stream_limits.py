"""How the streams of a process are shared."""

from contextlib import ExitStack

import pytest

from services.platform.core.errors import Unavailable
from services.platform.core.instruments import AdmissionInstruments
from services.platform.http.problems import TooManyRequests
from services.platform.http.stream_limits import StreamShares


def test_one_workspace_never_takes_all_that_is_free() -> None:
    shares = StreamShares({}, 10, fair=frozenset({"workspace"}))
    with ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(shares.open_stream({"workspace": "greedy"}))
        with pytest.raises(TooManyRequests):
            stack.enter_context(shares.open_stream({"workspace": "greedy"}))
        stack.enter_context(shares.open_stream({"workspace": "modest"}))


def test_what_is_full_for_all_is_unavailable_and_each_refusal_is_counted() -> None:
    instruments = AdmissionInstruments()
    shares = StreamShares({"key": 1}, 2, instruments)
    with shares.open_stream({"key": "a"}), shares.open_stream({"key": "b"}):
        with pytest.raises(TooManyRequests):
            shares.check({"key": "a"})
        with pytest.raises(Unavailable):
            shares.check({"key": "c"})
    shares.check({"key": "a"})
    counted = {
        sample.labels["reason"]: sample.value
        for metric in instruments.refused.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }
    assert counted == {"key": 1, "process": 1}
