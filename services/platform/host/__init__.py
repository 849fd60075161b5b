"""A process from start to end: its engine, data folder, event loop and backups.

Nothing of the other platform packages imports it; only commands and the composition do.
"""
