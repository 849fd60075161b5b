"""The SQLite engine alone: connections, transactions of jobs, rows, damage and copies of files.

Neither the bus port nor the store port: what a record or a document means is the adapters' business.
"""
