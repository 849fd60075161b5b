"""The bus: append-only topics of partitions, read by groups. `port` is the contract; every adapter passes one suite.

No document, no processor and no HTTP.
"""
