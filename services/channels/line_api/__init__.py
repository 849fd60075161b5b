"""LINE's Messaging API: what its webhooks say, and the calls of it. The channel itself is `services.channels.line`."""
