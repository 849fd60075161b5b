"""The processor: a batch of one partition is read, decided in memory and committed once (docs/adr/0002).

`group` follows the assignment, `partition` owns one partition, `agenda` holds its timers, `batch` turns records into
inputs and a commit. `FAILPOINTS` in `hooks` name every await between "batch read" and "offset committed".
"""
