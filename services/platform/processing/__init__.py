"""Runs processors: a batch of one partition is read, decided in memory and committed once.

docs/adr/0002 explains why; comments of this package cite its numbered rules ("rule 6"). `group` follows the assignment of
partitions, and `partition` owns one of them. `failpoints` names every await between reading a batch and committing it.
"""
