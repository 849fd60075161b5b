"""Generates the files of `deploy/` that follow from the code."""
