"""Signed webhooks to integrators: facts of `conversations` and `sla`, at least once, each endpoint on its own."""
