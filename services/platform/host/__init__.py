"""A process from start to end: its engine, data folder, event loop and backups. Nothing below imports it."""
