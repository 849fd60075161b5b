"""The rules of the collector, pure: when an account is silent, and when the next attempt is due."""
