"""The store: documents in collections, committed together. `port` is the contract; every adapter passes one suite.

No processor and no HTTP; a collection of one service is declared in `services/records`.
"""
