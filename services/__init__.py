"""Pasokh's services. ARCHITECTURE.md draws the house; imports go one way, from here down to `schemas`."""
