"""`pasokh` with a clock that is behind the machine's: `python -m tests.live.moved_clock SECONDS ARGUMENTS...`.

The records that it writes to Kafka have that time as well. Kafka itself has the machine's clock.
"""

import os
import sys
import time
from datetime import timedelta

BEHIND = timedelta(seconds=float(sys.argv.pop(1)))
_wall = time.time
time.time = lambda: _wall() - BEHIND.total_seconds()
# aiokafka's compiled part would ask the system for the time of a record.
os.environ["AIOKAFKA_NO_EXTENSIONS"] = "1"

# Imported here, since aiokafka takes the function of the clock when it is imported.
from services.__main__ import main  # noqa: E402 - see above
from services.platform.core.time_source import SystemTimeSource  # noqa: E402 - see above

_now = SystemTimeSource.now
SystemTimeSource.now = lambda self: _now(self) - BEHIND  # type: ignore[method-assign] # of every instance

if __name__ == "__main__":
    main()
