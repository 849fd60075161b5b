"""How many examples Hypothesis tries: by `HYPOTHESIS_PROFILE`, all of them for `make test` and CI, a fifth for `make check`."""

import os

from hypothesis import settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
SHARE = 5 if PROFILE == "check" else 1
"""Of long tables and counts, one part of so many is tried."""
MIN_EXAMPLES = 10

# A slow machine is no counterexample; a failure prints what repeats it.
settings.register_profile("ci", deadline=None, print_blob=True)
settings.register_profile("check", settings.get_profile("ci"), max_examples=20)


def examples(count: int) -> settings:
    """A test's settings: `count` examples, or a fifth of them where the profile is `check`."""
    return settings(settings.get_profile(PROFILE), max_examples=scaled(count))


def scaled(count: int, minimum: int = MIN_EXAMPLES) -> int:
    """As many as this profile takes of so many: a fifth of them, but not less than `minimum`, where it is `check`."""
    return min(count, max(minimum, count // SHARE))
