"""Ingest: authenticates webhooks, parses and enriches them, publishes them durably, and then answers the platform."""
