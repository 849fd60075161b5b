"""X's API: what its webhooks say, in both forms, and the calls of it. The channel itself is `services.channels.x`."""
