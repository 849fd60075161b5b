"""The commands of `pasokh`, one file each. `errors` turns their exceptions into one sentence and an exit code."""
