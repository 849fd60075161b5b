"""Contracts only: what travels on the bus, what REST reads and writes. No IO, importable by anyone."""
