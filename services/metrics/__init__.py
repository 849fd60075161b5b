"""Metrics: counts what happened, shows it to Prometheus and in reports. It decides nothing about conversations."""
