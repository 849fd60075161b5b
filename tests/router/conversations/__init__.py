"""Tests of the stage `conversations`."""
