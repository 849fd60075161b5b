"""The store: documents in collections, committed together. `port` is the contract; every adapter passes one suite.

No processor and no HTTP. The collections of a service are declared in `services/records`.
"""
