"""Delivery: sends messages on the customer's own channel, once, in order, within the platform's limits."""
