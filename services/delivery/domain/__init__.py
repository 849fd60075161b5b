"""The outcome of send attempts, the holds of accounts, and rate limits. Pure."""
