"""Measurements against stated limits: `make bench`, or `python -m bench --help`."""
