"""Channel adapters, one file or package each: they verify, parse and send, and state their capabilities.

`registry` lists them. No other module names a channel, and no adapter reads a store or a bus.
"""
