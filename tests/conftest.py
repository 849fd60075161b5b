"""What holds for every test: real servers by fixture, no network otherwise, and one profile of Hypothesis."""

import os

from hypothesis import settings

pytest_plugins = ["tests.live_servers.fixtures", "tests.live_servers.sharing"]

# A slow machine is no counterexample; a failure prints what repeats it.
settings.register_profile("pasokh", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "pasokh"))
