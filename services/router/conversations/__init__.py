"""Conversations: dedupe, threading, lifecycle, replies. `domain` and `plan` are pure; `processor` is the table."""
