"""Streams of facts to clients: where each client stands, who hears what the bus brings, how it is written."""
