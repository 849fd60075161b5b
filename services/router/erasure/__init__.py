"""Erases a person from all that the installation holds (docs/erasure.md)."""
