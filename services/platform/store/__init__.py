"""The store: documents in collections, committed together. `port` is the contract; every adapter passes one suite."""
