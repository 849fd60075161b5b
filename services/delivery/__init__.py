"""Delivery: sends each message once on the customer's own channel, in order and within the platform's rate limits."""
