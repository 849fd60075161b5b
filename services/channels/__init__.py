"""One file per channel: verify, parse, send, capabilities. `registry` lists them; nothing else names a channel."""
