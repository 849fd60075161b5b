"""Webhooks in: prove who sent it, understand it, publish it durably, then answer."""
